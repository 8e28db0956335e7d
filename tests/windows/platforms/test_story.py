"""What a person at a computer with Windows sees: unplugd as it is installed, from the plug-in to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.windows_desktop import Taskbar
    from tests.rig.wine_daemon import WineDaemon

SERIAL = "QSERIALQ4711"
STICK = rf"USB\VID_0A21&PID_8001\{SERIAL}"
LOCATION = "Port_#0003.Hub_#0002"
CONFIGURATION = """
[remind]
after_plug_in = "0s"
repeat = ["1s", "1h"]
snooze = "1s"
"""


@pytest.mark.usefixtures("balloon_taskbar")
def test_a_stick_is_plugged_in_reminded_of_snoozed_and_unplugged(
    taskbar: Taskbar, wine_daemon: WineDaemon, tmp_path: Path
) -> None:
    """The balloon comes and is answered in the menu, comes again, and goes with the stick; no serial number is kept."""
    wine_daemon.write_config(CONFIGURATION)
    wine_daemon.start()
    taskbar.wait_until_empty()
    empty = taskbar.picture()
    said = []
    try:
        taskbar.plug(STICK, LOCATION, "133000000000000000", "CareLink USB")
        wine_daemon.wait_for("plugged_in", device="2-3", id="0a21:8001", name="CareLink USB")
        wine_daemon.wait_for("reminded", channel="desktop")
        taskbar.wait_for_change(empty, "a balloon")
        taskbar.picture("windows-reminder")

        taskbar.choose(taskbar.open_menu(), 0.12)
        wine_daemon.wait_for("snoozed")
        wine_daemon.wait_for("reminded", 2)
        status = wine_daemon.status()["devices"][0]
        assert (status["device"], status["use"]) == ("2-3", "idle")

        for command in (("status",), ("devices",), ("doctor",), ("log",), ("report",)):
            done = wine_daemon.command(*command)
            said += [done.stdout, done.stderr]
    finally:
        taskbar.unplug(STICK)
    wine_daemon.wait_for("unplugged", device="2-3")
    taskbar.wait_until_empty()

    taskbar.choose(taskbar.open_menu(), 0.8)
    code, errors = wine_daemon.wait_for_end()
    assert code == 0
    assert wine_daemon.events()[-1]["event"] == "stopped"
    kept = [file.read_bytes() for file in (tmp_path / "person").rglob("*") if file.is_file()]
    assert not [text for text in (*said, errors) if SERIAL.lower() in text.lower()]
    assert not [text for text in kept if SERIAL.lower().encode() in text.lower()]


def test_a_stick_is_seen_again_by_the_next_run(taskbar: Taskbar, wine_daemon: WineDaemon) -> None:
    """Unplugd that is killed and started again continues the period, as Windows says that it is the same plug-in."""
    wine_daemon.write_config(CONFIGURATION)
    try:
        taskbar.plug(STICK, LOCATION, "133000000000000000")
        wine_daemon.start()
        wine_daemon.wait_for("plugged_in")
        wine_daemon.wait_for("reminded")
        wine_daemon.kill()
        wine_daemon.start()
        wine_daemon.status()
    finally:
        taskbar.unplug(STICK)
    wine_daemon.wait_for("unplugged")

    assert len(wine_daemon.events("plugged_in")) == 1
