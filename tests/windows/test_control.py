"""The named pipe on Windows: it answers only its account, and invalid requests do no harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.wait import GIVE_UP
from tests.rig.wine import windows_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rig.wine import Windows

    Run = Callable[[str], Any]

RIG = f"""
import json, pathlib, sys, threading, time
from unplugd.eventloop.loop import turn
from unplugd.paths import Paths
from unplugd.watch import client, pipe_client
from unplugd.watch.control import Control
from unplugd.watch.lock import HeldError, Lock, find_holder
from unplugd.watch.protocol import CLIENT_TIMEOUT_SECONDS, MAX_CLIENTS, NobodyError
from unplugd.win32 import pipe
folder = pathlib.Path(sys.argv[1])
where = Paths(folder, folder, folder)
clock = [1000.0]
requests = []
# Nothing here is about how long a busy machine takes.
client.TIMEOUT_SECONDS = {GIVE_UP}

def answer(request):
    requests.append(request)
    return {{"answer": "x" * request.get("length", 1)}}

def open_control():
    lock = Lock(where.lock)
    return lock, Control((), lambda: clock[0], answer, lock)

def turn_while(condition):
    while condition():
        # What is overdue is done at once; the thread of the pipe wakes the loop.
        turn([control], lambda: clock[0], clock[0] + 0.05)

def in_thread(function, *arguments):
    results = []

    def run():
        try:
            results.append(function(*arguments))
        except BaseException as error:
            results.append(repr(error))

    threading.Thread(target=run, daemon=True).start()
    turn_while(lambda: not results)
    return results[0]

def send(raw):
    end = pipe.open_pipe(control.name)
    try:
        end.write(raw)
        end.take_result({GIVE_UP})
        end.read()
        return end.take_result({GIVE_UP}).decode()
    finally:
        end.close()

def come():
    # Until one instance of the pipe is free.
    while True:
        try:
            return pipe.open_pipe(control.name)
        except OSError:
            time.sleep(0.01)

def count_served():
    return sum(client.deadline is not None for client in control._clients)

lock, control = open_control()
"""
ASKED = """
found = [in_thread(client.ask, where, {"length": length}) for length in (1, 500_000)]
print(json.dumps([[len(answer["answer"]) for answer in found], requests]))
"""
SENT = """
lines = (b"nonsense\\n", b"[]\\n", b"\\n", b"[" * 4000 + b"\\n", b"x" * 4096, b'{"length": 2}\\n{"length": 3}\\n')
print(json.dumps([in_thread(send, line) for line in lines]))
"""
SILENT = """
silent = in_thread(come)
turn_while(lambda: count_served() == 0)
deadline = control.deadline()
clock[0] += CLIENT_TIMEOUT_SECONDS
turn_while(lambda: count_served())
print(json.dumps([deadline == clock[0], control.deadline(), len(in_thread(client.ask, where, {})["answer"])]))
"""
CROWD = """
crowd = [in_thread(come) for _ in range(MAX_CLIENTS + 2)]
turn_while(lambda: count_served() != MAX_CLIENTS - 1)
print(json.dumps(len(in_thread(client.ask, where, {})["answer"])))
"""
LINGERING = f"""
def linger():
    end = come()
    end.write(b"{{}}\\n")
    end.take_result({GIVE_UP})
    return end

lingering = [in_thread(linger) for _ in range(MAX_CLIENTS - 1)]
turn_while(lambda: len(requests) < MAX_CLIENTS - 1)
latest = in_thread(come)
turn_while(lambda: count_served() != MAX_CLIENTS - 1 or not any(client.number == MAX_CLIENTS - 1 for client in control._clients))

def ask_late():
    latest.write(b"{{}}\\n")
    latest.take_result({GIVE_UP})
    latest.read()
    return latest.take_result({GIVE_UP}).decode()

print(json.dumps(in_thread(ask_late)))
"""
CLOSED = """
control.close()
try:
    pipe_client.exchange(control.name, b"{}\\n", time.monotonic())
except NobodyError:
    print(json.dumps("nobody"))
"""
OWNER = """
import ctypes
from ctypes import POINTER, byref, c_void_p, wintypes
from unplugd.win32 import advapi32
library = advapi32.load()
write = library.ConvertSecurityDescriptorToStringSecurityDescriptorW
write.argtypes = (c_void_p, wintypes.DWORD, wintypes.DWORD, POINTER(wintypes.LPWSTR), c_void_p)
descriptor, text = c_void_p(), wintypes.LPWSTR()
OWNER_AND_ACCESS = 1 | 4
library.GetSecurityInfo(control._clients[0].pipe._handle, 6, OWNER_AND_ACCESS, None, None, None, None, byref(descriptor))
write(descriptor, 1, OWNER_AND_ACCESS, byref(text), None)
print(json.dumps([advapi32.read_own_sid(), text.value]))
"""
FOREIGN = """
advapi32 = pipe_client.advapi32
own = advapi32.read_own_sid()
advapi32.read_own_sid = lambda: "S-1-5-21-1"
asked = in_thread(client.ask, where, {})
# The daemon itself sends such a client away before it reads anything.
advapi32.read_own_sid = lambda: own if threading.current_thread() is not threading.main_thread() else "S-1-5-21-1"
client.TIMEOUT_SECONDS = 0.5
print(json.dumps([asked, in_thread(client.ask, where, {}), requests]))
"""
HELD = """
import os
holder = find_holder(where.lock)
try:
    Lock(where.lock)
except HeldError as error:
    second = error.holder
lock.release()
after = find_holder(where.lock)
Lock(where.lock).release()
print(json.dumps([holder.process == second == str(os.getpid()), holder.address == control.name, after]))
"""
STARTING = """
from unplugd.watch import lock as locking
lock.release()
# Long enough, however long a busy machine makes that moment.
locking.ATTEMPTS = 10_000
over = threading.Event()

def keep_asking():
    while not over.is_set():
        find_holder(where.lock)

threading.Thread(target=keep_asking, daemon=True).start()
troubles = []
for _ in range(30):
    again = Lock(where.lock)
    troubles.append(again.trouble and str(again.trouble))
    again.release()
over.set()
print(json.dumps(troubles))
"""


@pytest.fixture
def run(windows: Windows, tmp_path: Path) -> Run:
    """Return what runs a daemon's end of the pipe, followed by code of a test, and returns what that prints."""

    def run(code: str) -> Any:
        done = windows.run("-c", RIG + code, windows_path(tmp_path))
        assert not done.stderr
        return json.loads(done.stdout)

    return run


def test_a_request_is_answered(run: Run) -> None:
    """However long the answer is."""
    assert run(ASKED) == [[1, 500_000], [{"length": 1}, {"length": 500_000}]]


def test_an_invalid_request_is_an_error(run: Run) -> None:
    """One line, one object, and no more than that is read."""
    *invalid, last = run(SENT)
    assert set(invalid) == {'{"error": "a request must be one JSON object on one line"}\n'}
    assert last == '{"answer": "xx"}\n'


def test_a_client_that_says_nothing_is_sent_away(run: Run) -> None:
    """When its time is over; then nothing is due."""
    assert run(SILENT) == [True, None, 1]


def test_a_crowd_makes_room_for_the_next(run: Run) -> None:
    """One instance of the pipe is always free."""
    assert run(CROWD) == 1


def test_the_latest_client_is_not_sent_away_for_those_that_linger(run: Run) -> None:
    """They have their answers, and it may still ask."""
    assert run(LINGERING) == '{"answer": "x"}\n'


def test_nobody_listens_once_it_is_closed(run: Run) -> None:
    """The name is free again."""
    assert run(CLOSED) == "nobody"


def test_the_pipe_is_for_its_account_alone(run: Run) -> None:
    """It owns it, and is the only one that may use it."""
    account, description = run(OWNER)
    assert account.startswith("S-1-5-")
    assert description == f"O:{account}D:P(A;;GA;;;{account})"


def test_another_accounts_end_is_not_talked_to(run: Run) -> None:
    """Neither does a command ask another account's daemon, nor a daemon answer another account's command."""
    asked, answered, requests = run(FOREIGN)
    assert "NoAnswerError" in asked
    assert "NoAnswerError" in answered
    assert requests == []


def test_the_lock_says_who_has_it(run: Run) -> None:
    """And where it listens; once it is released, nobody has it."""
    assert run(HELD) == [True, True, None]


def test_a_question_does_not_keep_a_daemon_from_starting(run: Run) -> None:
    """A command that asks who holds the lock shares it for a moment; the one that starts then tries again."""
    assert run(STARTING) == [None] * 30
