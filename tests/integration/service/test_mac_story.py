"""A whole story on a simulated Mac: the real program, started by launchd, with the applet and the I/O Registry."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.platforms.macos.test_usage import with_pid
from tests.rig.iokit import fixture
from tests.rig.mac.machine import UID, Mac
from tests.rig.mac.usb import Usb
from tests.rig.programs import Programs
from tests.rig.wait import GIVE_UP, wait_until
from unplugd_service import system
from unplugd_service.launchd import LABEL, Launchd
from unplugd_service.program import Program
from unplugd_service.system import RealSystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT = 4294969015
"""The HID connection in the fixture `hid`."""
SETTINGS = """
[remind]
after_plug_in = "0s"
after_use = "0s"
running_counts_for = "0s"
repeat = ["1h"]
[watch]
look_every = "50ms"
"""


class Rig:
    """A person with a Mac on which unplugd is a service."""

    def __init__(self, folder: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mac = Mac(folder, monkeypatch)
        self.script = folder / "unplugd"
        self.usb = Usb(self.mac, self.script, monkeypatch)
        self.programs = Programs(compiled, folder / "programs", {"PATH": os.environ["PATH"]})
        self.manager = Launchd(uid=UID)
        self.system = RealSystem(lambda _line: None)
        support = self.mac.home / "Library/Application Support/unplugd"
        support.mkdir(parents=True)
        (support / "config.toml").write_text(SETTINGS)
        self.journal = self.mac.home / "Library/Logs/unplugd/events.jsonl"

    def install(self, version: str) -> None:
        self.manager.install(Program((str(self.script), "run"), version), self.system)

    def run(self, *arguments: str) -> str:
        """Return what a command prints."""
        done = subprocess.run(
            [self.script, *arguments], capture_output=True, text=True, timeout=GIVE_UP, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def events(self, event: str | None = None) -> list[dict[str, Any]]:
        text = self.journal.read_text() if self.journal.exists() else ""
        entries = [json.loads(line) for line in text.split("\n")[:-1]]
        return [entry for entry in entries if event in (None, entry["event"])]

    def wait_for(self, event: str, count: int = 1) -> None:
        wait_until(lambda: len(self.events(event)) >= count, f"{event} number {count}")

    @property
    def process(self) -> int:
        return int(self.mac.job(LABEL).get("pid", 0))

    def close(self) -> None:
        self.mac.close()
        self.programs.close()
        self.usb.close()


@pytest.fixture
def rig(tmp_path: Path, compiled_program: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr(system, "POLL_SECONDS", 0.01)
    rig = Rig(tmp_path, compiled_program, monkeypatch)
    yield rig
    rig.close()


def test_a_story(rig: Rig) -> None:
    """Plug in, upload while other things go, forget it, sleep, crash, upgrade, unplug: the journal says what happened."""
    uploader = rig.programs.uploader()
    uploader.open("/dev/zero")
    [closed] = fixture("driver")
    [opened] = with_pid(fixture("hid"), uploader.pid)
    hub = {**fixture("hub")[0], "IORegistryEntryChildren": []}
    rig.install("1.0")
    rig.wait_for("config_loaded")
    rig.usb.plug(closed)
    rig.wait_for("reminded")

    rig.usb.change(opened)
    rig.wait_for("use_began")
    for calls in range(3):
        rig.usb.plug(opened, hub)
        rig.usb.end_under_the_look(hub["IORegistryEntryID"], calls, opened)
    rig.usb.end_under_the_look(CLIENT, 1, closed)
    rig.wait_for("reminded", 2)

    rig.usb.sleep(7200)
    rig.wait_for("reminded", 3)

    rig.mac.throttle = 3600
    rig.mac.kill(LABEL, signal.SIGKILL)
    wait_until(lambda: not rig.process, "its end")
    [defect] = rig.manager.inspect(None).defects
    assert defect.what.startswith("it has ended (killed by signal 9) and is started again")
    rig.manager.start(rig.system)
    rig.wait_for("config_loaded", 2)

    rig.install("1.1")
    rig.wait_for("config_loaded", 3)
    assert rig.manager.inspect(None).state == "running"
    rig.usb.sleep(3600)
    rig.wait_for("reminded", 4)
    rig.usb.unplug()
    rig.wait_for("unplugged")
    rig.manager.uninstall(rig.system)

    assert [
        (
            entry["event"],
            *(entry[key] for key in ("program", "count", "slept_for", "outcome") if key in entry),
        )
        for entry in rig.events()
        if entry["event"] != "checkpoint"
    ] == [
        ("started",),
        ("config_loaded",),
        ("plugged_in",),
        ("reminded", 1),
        ("use_began", "CareLink Uploader"),
        ("reminder_ended", "in_use"),
        ("use_ended", "CareLink Uploader"),
        ("reminded", 1),
        ("resumed", 7200.0),
        ("reminded", 2),
        ("started",),
        ("config_loaded",),
        ("stopped",),
        ("started",),
        ("config_loaded",),
        ("resumed", 3600.0),
        ("reminded", 3),
        ("reminder_ended", "unplugged"),
        ("unplugged",),
        ("stopped",),
    ]
    assert [(by, title) for by, title, _ in rig.mac.shown] == [
        ("unplugd", "Unplug the Contour Next Link 2.4")
    ] * 4
    assert rig.manager.log.read_text() == ""
    assert "a-session-token" not in rig.journal.read_text()
    report = rig.run("report")
    assert "Reminders               4\n" in report
    assert "Plugged in              once" in report
