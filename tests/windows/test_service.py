"""`unplugd service` on Windows: the real registry, and the daemon that it starts without a console."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.wait import wait_until
from tests.rig.wine import windows_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.daemon import Done
    from tests.rig.wine_daemon import WineDaemon

RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
SWITCHES = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
REGISTRY = """
import sys, winreg
action, key, name, data = sys.argv[1:]
root, rest = winreg.HKEY_CURRENT_USER, key.removeprefix("HKCU\\\\")
with winreg.CreateKeyEx(root, rest, 0, winreg.KEY_ALL_ACCESS) as opened:
    if action == "read":
        try:
            print(winreg.QueryValueEx(opened, name)[0], end="")
        except FileNotFoundError:
            pass
    elif action == "delete":
        try:
            winreg.DeleteValue(opened, name)
        except FileNotFoundError:
            pass
    elif action == "write":
        winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, data)
    elif action == "write-bytes":
        winreg.SetValueEx(opened, name, 0, winreg.REG_BINARY, bytes.fromhex(data))
"""


class Service:
    """The service of a person there."""

    def __init__(self, daemon: WineDaemon) -> None:
        self.daemon = daemon

    def command(self, *arguments: str) -> Done:
        """Run `unplugd service …`, and do not wait for the daemon that it starts."""
        return self.daemon.command_that_starts_another("service", *arguments)

    def status(self) -> dict[str, Any]:
        """Return the answer of `unplugd service status --json`."""
        answer: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return answer

    def registry(self, action: str, key: str, data: str = "") -> str:
        """Read, write or delete the value `unplugd` of a key."""
        done = self.daemon.windows.run("-c", REGISTRY, action, key, "unplugd", data)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def service(wine_daemon: WineDaemon) -> Iterator[Service]:
    """Yield the service of a person who has not installed it; nothing of it is left."""
    service = Service(wine_daemon)
    yield service
    wine_daemon.windows.run_program("taskkill.exe", "/F", "/IM", "pythonw.exe")
    for key in (RUN, SWITCHES):
        service.registry("delete", key)


def test_it_is_installed_and_leaves_nothing(service: Service, wine_daemon: WineDaemon) -> None:
    """It starts at once and at each logon, without a console, greets, stops, starts, and is gone when uninstalled."""
    done = service.command("install")
    assert done.code == 0, done.stderr
    assert "unplugd is running.\nFrom now on it starts whenever you log in.\n" in done.stderr
    python = wine_daemon.windows.python / "pythonw.exe"
    assert service.registry("read", RUN) == f'"{windows_path(python)}" -P -m unplugd run'
    status = service.status()
    assert (status["installed"], status["enabled"], status["problems"]) == (True, True, [])
    assert str(status["process"]) == wine_daemon.read_process()

    assert "stopped until you next log in" in service.command("stop").stderr
    wine_daemon.wait_for("stopped", reason="SIGTERM")
    stopped = service.command("status")
    assert stopped.code == 1
    assert "problem   it is not running\nfix       unplugd service start\n" in stopped.stdout
    assert service.command("start").code == 0
    first = service.status()["process"]
    assert service.command("restart").code == 0
    assert service.status()["process"] not in {None, first}

    removed = service.command("uninstall")
    assert removed.code == 0, removed.stderr
    wine_daemon.wait_for("stopped", 3)
    assert service.registry("read", RUN) == ""
    assert service.status()["problems"][0]["what"] == "the service is not installed"
    assert service.command("uninstall").stderr == "The service was not installed.\n"


def test_what_keeps_it_from_starting_is_named_and_repaired(service: Service, wine_daemon: WineDaemon) -> None:
    """The program was moved, and it is switched off in the Task Manager; another program's value is left alone."""
    gone = '"Z:\\moved\\pythonw.exe" -P -m unplugd run'
    service.registry("write", RUN, gone)
    service.registry("write-bytes", SWITCHES, "030000000123456789abcdef")
    (problem,) = service.status()["problems"]
    assert problem == {
        "what": "the program it starts no longer exists: Z:\\moved\\pythonw.exe",
        "repair": "unplugd service install",
    }
    assert "no longer exists" in service.command("start").stderr
    dry = service.command("install", "--dry-run")
    assert "# would set HKCU\\Software\\" in dry.stdout
    assert service.registry("read", RUN) == gone
    assert service.command("install").code == 0
    status = service.status()
    assert (status["enabled"], status["problems"]) == (True, [])
    assert service.registry("read", SWITCHES) == ""

    service.registry("write-bytes", SWITCHES, "030000000123456789abcdef")
    assert service.status()["problems"][0]["what"].startswith("it is switched off in the Task Manager")
    service.registry("write", RUN, "notepad.exe")
    refused = service.command("install")
    assert (refused.code, "was not written by unplugd" in refused.stderr) == (1, True)
    service.registry("delete", RUN)
    removed = service.command("uninstall")
    assert (removed.code, removed.stderr.splitlines()[0]) == (0, "Service removed."), (
        "a daemon without a value, too"
    )
    wine_daemon.wait_for("stopped")


def test_what_it_says_without_a_console_is_in_its_log(service: Service, wine_daemon: WineDaemon) -> None:
    """As Windows starts it at logon: with the defaults if its configuration has errors, once, and told in the log."""
    service.registry(
        "write", RUN, f'"{windows_path(wine_daemon.windows.python)}\\pythonw.exe" -P -m unplugd run'
    )
    wine_daemon.write_config("[remind]\nafter_plug_in = 5\n")
    assert "there is no log yet" in service.command("logs").stderr
    assert service.command("start").code == 1, "what a person starts has to be right"
    start = "import subprocess, sys; subprocess.Popen(sys.argv[1], creationflags=8)"
    command = service.registry("read", RUN)
    with wine_daemon.windows.start("-c", start, command, environment=wine_daemon.environment):
        wine_daemon.wait_for("config_loaded")
    first = wine_daemon.read_process()
    logs = service.command("logs", "--last", "50")
    assert "after_plug_in" in logs.stdout, logs
    assert "the configuration has errors" in service.command("status").stdout
    with wine_daemon.windows.start("-c", start, command, environment=wine_daemon.environment):
        wait_until(lambda: "already running" in service.command("logs").stdout, "the second one to say so")
    assert wine_daemon.read_process() == first
    assert service.command("stop").code == 0
    wine_daemon.wait_for("stopped")


def test_another_process_is_not_taken_for_it(service: Service, wine_daemon: WineDaemon) -> None:
    """After a crash, a process that began later may have its number; it is neither shown nor ended."""
    python = windows_path(wine_daemon.windows.python / "pythonw.exe")
    start = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], creationflags=8).pid, flush=True)"
    other = ("-c", start, python, "-c", "import time; time.sleep(3600)")
    with wine_daemon.windows.start(*other) as starter:
        assert starter.stdout
        process = starter.stdout.readline().strip()
    wine_daemon.state.mkdir()
    lock = wine_daemon.state / "events.lock"
    lock.write_text(f"{process}\n\n")
    assert service.status()["process"] == int(process), "it could have written this"
    os.utime(lock, (0, 1_000_000_000))
    assert service.status()["process"] is None
    assert service.command("uninstall").stderr == "The service was not installed.\n"
    lock.write_text("4\n\n")
    assert service.status()["process"] is None
