"""The event loop on Windows, which waits for sockets alone: children, signals and the console."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.wait import GIVE_UP
from tests.rig.wine import windows_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.wine import Windows

CHILD = """
import json, sys, time
from unplugd.eventloop.child import Child
from unplugd.eventloop.loop import turn
command, timeout, request = json.load(sys.stdin)
ends = []
child = Child(time.monotonic)
child._start([sys.executable, "-c", command], timeout, lambda *end: ends.append(end), request.encode())
while not ends:
    turn([child], time.monotonic, None)
(error, output), = ends
print(json.dumps([error, output.decode()]))
"""
START = """
import subprocess, sys
quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], **quiet)
with open(sys.argv[1], "w") as file:
    file.write(f"{started.pid}\\n")
"""
"""Starts a program and writes its process id into a file."""
HANG = f"""
import pathlib, sys, time
from unplugd.eventloop.child import Child
from unplugd.eventloop.loop import turn
later = 0
ends = []
child = Child(lambda: time.monotonic() + later)
child._start([sys.executable, "-c", {START + "started.wait()"!r}, sys.argv[1]], 3600, lambda *end: ends.append(end))
written = pathlib.Path(sys.argv[1])
while not (written.exists() and written.read_text().endswith("\\n")):
    turn([child], child._now, child._now() + 0.05)
later = 3600
turn([child], child._now, None)
print(*ends)
"""
"""Runs a child that starts a program and hangs, until its time is over."""
GROUP = f"""
import subprocess, sys
from unplugd.eventloop.job import Group
child = subprocess.Popen([sys.executable, "-c", "input();" + {START!r}, sys.argv[1]], stdin=subprocess.PIPE)
group = Group(child)
child.communicate(b"\\n")
if sys.argv[2] == "release":
    group.release()
"""
"""Runs a child that starts a program and ends; then it releases what is left or is itself over."""
IS_RUNNING = """
import sys
from unplugd.win32 import kernel32
handle = kernel32.load().OpenProcess(0x100000, False, int(sys.argv[1]))
print(bool(handle) and kernel32.load().WaitForSingleObject(handle, 0) != 0)
"""
CONSOLE = f"""
import signal, threading, time
from unplugd.eventloop import console
from unplugd.eventloop.loop import turn
from unplugd.eventloop.signals import Signals
# Windows waits for seconds only, which a busy machine may take for each line below.
console.TIMEOUT_SECONDS = {GIVE_UP}
stops = []
signals = Signals(stops.append, lambda: None)
answers = []
CLOSED, LOGGED_OFF, CTRL_C = 2, 5, 0
print(signals._console._handle(CTRL_C), stops)
closing = threading.Thread(target=lambda: answers.append(signals._console._handle(CLOSED)))
closing.start()
while not stops:
    turn([signals], time.monotonic, None)
print(stops, answers)
signals.close()
closing.join()
print(answers)
"""
UNREAD = """
from unplugd.cli.terminal import say_without_waiting
for _ in range(5000):
    say_without_waiting("x" * 100)
print("done", flush=True)
"""

IN_A_CONSOLE = """
import sys
sys.stderr = open("CONOUT$", "w", encoding="utf-8")
from unplugd.notify.message import Message
from unplugd.notify.terminal import Terminal
outcomes = []
Terminal().show(Message("Prise à débrancher: żółć", ("Débranchez-la.",)), outcomes.append)
print(outcomes, flush=True)
sys.stdin.readline()
"""
LOOK = f"""
import ctypes, subprocess, sys, time
program = subprocess.Popen(
    [sys.executable, "-c", sys.argv[1]], creationflags=subprocess.CREATE_NEW_CONSOLE, stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
)
said = program.stdout.readline()
kernel = ctypes.WinDLL("kernel32")
kernel.CreateFileW.restype = ctypes.c_void_p
assert kernel.FreeConsole() and kernel.AttachConsole(program.pid)
console = ctypes.c_void_p(kernel.CreateFileW("CONOUT$", 0xC0000000, 3, None, 3, 0, None))
text, count = ctypes.create_unicode_buffer(400), ctypes.c_uint32()
end = time.monotonic() + {GIVE_UP}
while "branchez-la." not in text.value and time.monotonic() < end:
    assert kernel.ReadConsoleOutputCharacterW(console, text, 399, 0, ctypes.byref(count))
    time.sleep(0.05)
sys.stdout.buffer.write(said + text.value.encode())
"""


def run_child(windows: Windows, command: str, timeout: float = GIVE_UP, request: str = "") -> list[Any]:
    """Return how a child ends that Windows' Python is: its error and its output."""
    done = windows.run("-c", CHILD, given=json.dumps([command, timeout, request]))
    assert not done.stderr
    end: list[Any] = json.loads(done.stdout)
    return end


def is_running(windows: Windows, process: str) -> bool:
    """Whether a process exists there."""
    done = windows.run("-c", IS_RUNNING, process.strip())
    assert not done.stderr
    return done.stdout == "True\n"


def test_a_child_gets_its_input_and_its_output_is_read(windows: Windows) -> None:
    """All of it up to the limit, from the end, and its exit status."""
    assert run_child(windows, "print(input()[::-1])", request="abc\n") == [None, "cba\r\n"]
    error, output = run_child(windows, "import sys; print('x' * 100_000 + 'end'); sys.exit(3)")
    assert error == "exit status 3"
    assert output == "x" * (4096 - len("end\r\n")) + "end\r\n"


def test_a_child_that_hangs_is_killed_with_what_it_has_started(windows: Windows, tmp_path: Path) -> None:
    """Once its time is over, neither is left."""
    written = tmp_path / "process"
    done = windows.run("-c", HANG, windows_path(written))
    assert (done.stdout, done.stderr) == ("('no answer in time', b'')\n", "")
    assert not is_running(windows, written.read_text())


@pytest.mark.parametrize("how", ["release", "end"])
def test_what_a_child_leaves_lives_on_unless_the_daemon_dies(
    windows: Windows, tmp_path: Path, how: str
) -> None:
    """A browser outlives the command that has opened it; a child of a daemon that was killed does not stay."""
    written = tmp_path / "process"
    # What is left keeps its pipes open.
    with windows.start("-c", GROUP, windows_path(written), how) as process:
        assert process.wait(GIVE_UP) == 0
        assert is_running(windows, written.read_text()) == (how == "release")
        windows.run_program("taskkill.exe", "/F", "/PID", written.read_text().strip())


def test_a_closed_console_is_a_signal(windows: Windows) -> None:
    """Windows ends the program as soon as it is told to go on, which is once everything is written."""
    done = windows.run("-c", CONSOLE)
    assert (done.stdout, done.stderr) == ("0 []\n['SIGTERM'] []\n[1]\n", "")


def test_a_reader_that_does_not_read_keeps_nobody_waiting(windows: Windows) -> None:
    """Neither does a console in which somebody marks text."""
    with windows.start("-c", UNREAD) as process:
        assert process.stdout
        assert process.stdout.readline() == "done\n"
        process.kill()


def test_a_console_shows_a_reminder_in_any_language(windows: Windows) -> None:
    """Whatever code page it has."""
    done = windows.run("-c", LOOK, IN_A_CONSOLE)
    outcome, shown = done.stdout.split("\n", 1)
    assert (outcome.strip(), done.stderr) == ("[None]", "")
    assert "Prise à débrancher: żółć " in shown
