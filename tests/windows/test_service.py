"""`unplugd service` on Windows: the real registry, and the daemon that it starts without a console."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests.rig.daemon import Done
from tests.rig.wait import GIVE_UP
from tests.rig.wine import windows_path

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        """Run `unplugd service …`, and do not wait for the daemon that it starts, which has its pipes in Wine."""
        with self.daemon.launch("service", *arguments) as process:
            assert process.stdin
            process.stdin.close()
            code = process.wait(GIVE_UP)
            return Done(code, _read_rest(process.stdout), _read_rest(process.stderr))

    def status(self) -> dict[str, Any]:
        """Return the answer of `unplugd service status --json`."""
        answer: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return answer

    def registry(self, action: str, key: str, data: str = "") -> str:
        """Read, write or delete the value `unplugd` of a key."""
        done = self.daemon.windows.run("-c", REGISTRY, action, key, "unplugd", data)
        assert done.returncode == 0, done.stderr
        return done.stdout


def _read_rest(pipe: IO[str] | None) -> str:
    """Return what is in a pipe, without waiting for its end."""
    assert pipe
    os.set_blocking(pipe.fileno(), False)
    with suppress(BlockingIOError):
        return os.read(pipe.fileno(), 65536).decode()
    return ""


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
