"""unplugd runs its own modules only, whatever lies in the current folder and in PYTHONPATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.usb import STICK, apart
from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from tests.rig.daemon import Daemon
    from tests.rig.usb import Testbed

FOREIGN = (
    "usb",
    "rich",
    "json",
    "psutil",
    "msgspec",
    "structlog",
    "plyer",
    "jeepney",
    "tomllib",
    "dbus",
    "random",
)
"""Modules of the standard library, of ours, and one that plyer would like to have."""
PROJECT = Path(__file__).parents[2]


class Robot:
    """A shell of another program, which has modules of its own; `ran` names those that somebody has imported."""

    def __init__(self, folder: Path, daemon: Daemon) -> None:
        self.folder = folder / "robot"
        self._ran = folder / "ran"
        self.daemon = daemon
        self.folder.mkdir()
        for name in FOREIGN:
            text = f"with open({str(self._ran)!r}, 'a') as file:\n    file.write({name!r} + '\\n')\nraise SystemExit(9)\n"
            (self.folder / f"{name}.py").write_text(text)
        programs = folder / "programs"
        programs.mkdir()
        (programs / "notify-send").write_text("#!/bin/sh\n")
        (programs / "notify-send").chmod(0o755)
        path = f"{programs}:{daemon.environment['PATH']}"
        daemon.environment.update(PYTHONPATH=str(self.folder), PATH=path, DISPLAY=":77")

    @property
    def ran(self) -> list[str]:
        return self._ran.read_text().split() if self._ran.exists() else []

    def run(self, *arguments: str) -> str:
        """Run a command in the robot's folder, and return what it prints."""
        done = subprocess.run(
            apart([*self.daemon.wrapper, "unplugd", *arguments]),
            cwd=self.folder,
            env=self.daemon.environment,
            capture_output=True,
            text=True,
            timeout=GIVE_UP,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr
        assert self.ran == []
        return done.stdout


@pytest.fixture(params=["the command", "python -m"])
def robot(
    request: pytest.FixtureRequest, tmp_path: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> Robot:
    """Return the shell, in which unplugd is started in this way."""
    robot = Robot(tmp_path, daemon)
    if request.param == "python -m":
        command = tmp_path / "start"
        command.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -m unplugd "$@"\n')
        command.chmod(0o755)
        daemon.wrapper = (str(command),)
    # From here the daemon is started, too.
    monkeypatch.chdir(robot.folder)
    return robot


def test_commands_import_nothing_foreign(robot: Robot) -> None:
    """Each works as it does elsewhere."""
    entry = '{"time":"2026-11-22T10:00:00.000Z","event":"started","version":"1","host":"a","boot":"b","uptime":1.0,"schema":1}\n'
    robot.daemon.journal.parent.mkdir()
    robot.daemon.journal.write_text(entry)
    assert "Nothing" in robot.run("devices") or robot.run("devices", "--json")
    assert "started" in robot.run("log", "--format", "jsonl")
    assert json.loads(robot.run("report", "--json"))
    assert robot.run("config", "show")
    assert "use detection" in robot.run("doctor")
    unit = robot.run("service", "file", "--manager", "systemd", "--command", "/usr/bin/unplugd")
    assert "UnsetEnvironment=PYTHONPATH PYTHONHOME\n" in unit
    assert f"PYTHONPATH={robot.folder}" not in unit


def test_the_daemon_imports_nothing_foreign(robot: Robot, usb: Testbed) -> None:
    """Nor does the process in which plyer runs: the reminder is shown."""
    robot.daemon.config('[notify]\nchannels = ["plyer"]', after_plug_in="0s")
    robot.daemon.start()
    usb.plug(STICK)
    robot.daemon.wait_for("reminded", channel="plyer")
    assert robot.ran == []


@pytest.mark.parametrize("folder", ["daemon", "service"])
def test_a_developer_may_be_in_a_folder_of_its_own(daemon: Daemon, folder: str) -> None:
    """Which an editable installation imports from, and where no other program's modules are."""
    done = subprocess.run(
        apart(["unplugd", "config", "show"]),
        cwd=PROJECT / folder,
        env=daemon.environment,
        capture_output=True,
        text=True,
        timeout=GIVE_UP,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_developer_may_run_it_from_its_own_folder(tmp_path: Path) -> None:
    """What PYTHONPATH names besides is the developer's own business, for child processes too."""
    (tmp_path / "helper.py").write_text("")
    folders = os.pathsep.join([f"{PROJECT}/daemon", f"{PROJECT}/service", str(tmp_path)])
    program = "import os, helper; from unplugd import __main__ as m; m.leave_out_foreign_folders(); print(os.environ['PYTHONPATH'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        timeout=GIVE_UP,
        check=False,
    )
    assert done.stdout == f"{folders}\n", done.stderr
