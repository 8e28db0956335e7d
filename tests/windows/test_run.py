"""`unplugd run` on Windows: one daemon for each journal, which answers commands and ends when it is asked to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from tests.rig.wine_daemon import WineDaemon

USUAL_NAME = """
import sys
from unplugd.paths import find_paths
from unplugd.watch.named_mutex import make_name
from unplugd.win32 import kernel32, pipe
name = pipe.PREFIX + make_name(find_paths().lock)
"""
CROWD = f"""{USUAL_NAME}
import time
idle = []
while len(idle) < int(sys.argv[1]):
    try:
        idle.append(pipe.open_pipe(name))
    except OSError:
        time.sleep(0.01)
print(len(idle), flush=True)
sys.stdin.read()
"""
SQUATTER = f"""{USUAL_NAME}
handle = kernel32.load().CreateNamedPipeW(name, 3, 0, 1, 0, 0, 0, None)
print(handle != kernel32.INVALID_HANDLE, flush=True)
sys.stdin.read()
"""
CONNECTIONS = """
import sys, psutil
for connection in psutil.Process(int(sys.argv[1])).net_connections("all"):
    print(connection.status, *(end.ip for end in (connection.laddr, connection.raddr) if end))
"""
PRESS = """
import ctypes, subprocess, sys
daemon = subprocess.Popen([sys.executable, "-m", "unplugd", "run"], creationflags=subprocess.CREATE_NEW_CONSOLE)
print(flush=True)
sys.stdin.readline()
kernel = ctypes.WinDLL("kernel32")
assert kernel.FreeConsole() and kernel.AttachConsole(daemon.pid)
kernel.SetConsoleCtrlHandler(None, True)
assert kernel.GenerateConsoleCtrlEvent(0, 0)
sys.exit(daemon.wait())
"""
"""Starts it in a console of its own, and presses Ctrl-C there when it is told to."""


def test_it_watches_answers_and_ends_when_it_is_asked_to(wine_daemon: WineDaemon) -> None:
    """A taskkill without /F, like the end of the session, leaves it the time to write that it has stopped."""
    wine_daemon.start()
    assert wine_daemon.status()["process"] == int(wine_daemon.read_process())
    assert wine_daemon.command("snooze").stderr.startswith("unplugd: nothing is plugged in")
    assert wine_daemon.ask_to_end() == (0, "unplugd: watching; unplugd status shows what it sees\n")
    assert [event["event"] for event in wine_daemon.events()] == ["started", "config_loaded", "stopped"]
    assert "not running" in wine_daemon.command("status").stderr


def test_it_listens_to_no_connection(wine_daemon: WineDaemon) -> None:
    """It has connections to itself only, by which Python wakes a program that waits."""
    wine_daemon.start()
    found = wine_daemon.windows.run("-c", CONNECTIONS, wine_daemon.read_process())
    assert not found.stderr
    assert set(found.stdout.splitlines()) == {"ESTABLISHED 127.0.0.1 127.0.0.1"}


def test_a_second_one_learns_who_watches(wine_daemon: WineDaemon) -> None:
    """It ends with the process id of the first, which goes on."""
    wine_daemon.start()
    second = wine_daemon.command("run")
    assert (second.code, second.stdout) == (1, "")
    process = wine_daemon.read_process()
    assert second.stderr.splitlines()[0] == f"unplugd: unplugd is already running (process {process})"
    assert wine_daemon.status()["process"] == int(process)


def test_a_crash_leaves_a_journal_that_is_continued(wine_daemon: WineDaemon) -> None:
    """Nothing that it held keeps the next one from starting, and every line is whole."""
    wine_daemon.start()
    first = wine_daemon.read_process()
    wine_daemon.kill()
    assert "not running" in wine_daemon.command("status").stderr
    wine_daemon.start()
    assert wine_daemon.read_process() != first
    assert [event["event"] for event in wine_daemon.events()] == ["started", "config_loaded"] * 2
    assert wine_daemon.command("log").stdout.count(" started\n") == 2


def test_a_forced_end_is_a_crash(wine_daemon: WineDaemon) -> None:
    """A taskkill /F, like the Task Manager, ends it at once."""
    wine_daemon.start()
    wine_daemon.windows.run_program("taskkill.exe", "/F", "/PID", wine_daemon.read_process())
    wine_daemon.wait_for_end()
    assert [event["event"] for event in wine_daemon.events()] == ["started", "config_loaded"]


def test_ctrl_c_in_its_console_ends_it(wine_daemon: WineDaemon) -> None:
    """As on any other system."""
    with wine_daemon.windows.start("-c", PRESS, environment=wine_daemon.environment) as person:
        assert person.stdout
        assert person.stdin
        person.stdout.readline()
        wine_daemon.wait_for("config_loaded", seconds=60)
        person.stdin.write("\n")
        person.stdin.flush()
        wine_daemon.wait_for("stopped", reason="SIGINT")
        assert person.wait(GIVE_UP) == 0


def test_clients_that_say_nothing_keep_nobody_waiting(wine_daemon: WineDaemon) -> None:
    """However many there are; whoever asks is answered."""
    wine_daemon.start()
    with wine_daemon.windows.start("-c", CROWD, "20", environment=wine_daemon.environment) as crowd:
        assert crowd.stdout
        assert crowd.stdout.readline() == "20\n"
        assert wine_daemon.status()["running"]
        assert crowd.stdin
        crowd.stdin.close()


def test_a_name_that_is_taken_hides_nothing(wine_daemon: WineDaemon) -> None:
    """The lock file says at which other name it listens."""
    with wine_daemon.windows.start("-c", SQUATTER, environment=wine_daemon.environment) as squatter:
        assert squatter.stdout
        assert squatter.stdout.readline() == "True\n"
        wine_daemon.start()
        assert wine_daemon.status()["running"]
        assert squatter.stdin
        squatter.stdin.close()


def test_a_command_has_it_reload_its_configuration(wine_daemon: WineDaemon) -> None:
    """There is no signal for it on Windows."""
    wine_daemon.start()
    added = wine_daemon.command("config", "add-uploader", "MyUploader.exe")
    assert "The running unplugd uses it from now on." in added.stderr
    wine_daemon.wait_for("config_loaded", 2)


def test_the_demo_tells_its_story(wine_daemon: WineDaemon) -> None:
    """With a journal of its own, while the real one runs."""
    wine_daemon.start()
    demo = wine_daemon.command("demo", "--fast")
    assert demo.code == 0, demo.stderr
    assert "You unplug the stick." in demo.stdout
    journal = wine_daemon.state / "demo/events.jsonl"
    names = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    # A busy machine may miss the use, which takes a second.
    assert {"plugged_in", "unplugged", "stopped"} <= set(names)
