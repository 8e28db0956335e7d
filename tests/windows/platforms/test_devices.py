"""Devices that are plugged into Windows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.windows_desktop import Program, Taskbar

SERIAL = "QSERIALQ0815"
STICK = rf"USB\VID_0A21&PID_8001\{SERIAL}"
METER = r"USB\VID_1A79&PID_6210\7&2F1A&0&3"
ARRIVED = 133_000_000_000_000_000


@pytest.fixture
def plugged(taskbar: Taskbar) -> Iterator[Taskbar]:
    """Yield the taskbar; the two devices are unplugged at the end."""
    yield taskbar
    for instance in (STICK, METER):
        taskbar.unplug(instance)


def test_a_plug_in_is_announced_and_seen_and_an_unplug_too(plugged: Taskbar, sight: Program) -> None:
    """Another program plugs the devices in: unplugd is told, sees where they are, and each time they come anew."""
    plugged.plug(STICK, "Port_#0002.Hub_#0001", str(ARRIVED), "CareLink USB")
    sight.wait_for("changed")
    plugged.plug(METER)
    sight.wait_for("changed")

    sight.ask("scan")
    assert sight.wait_for("devices") == [
        [["0a21:8001", "1-2", ARRIVED // 10_000], ["1a79:6210", "0-1", 0]],
    ]
    sight.ask("names")
    assert sight.wait_for("names") == [["CareLink USB", ""]]

    plugged.unplug(STICK)
    sight.wait_for("changed")
    sight.ask("scan")
    assert sight.wait_for("devices") == [[["1a79:6210", "0-1", 0]]]
    plugged.plug(STICK, "Port_#0002.Hub_#0001", str(ARRIVED + 10**7))
    sight.wait_for("changed")
    sight.ask("scan")
    assert sight.wait_for("devices") == [
        [["0a21:8001", "1-2", ARRIVED // 10_000 + 1000], ["1a79:6210", "0-1", 0]],
    ]
    assert SERIAL not in str(sight.said)


@pytest.mark.parametrize(
    "what",
    [("0x0218", 0x12), ("0x001E", 0), ("0x02B1", 7)],
    ids=["the end of sleep", "a clock that was set", "a locked session"],
)
def test_other_changes_are_announced(taskbar: Taskbar, sight: Program, what: tuple[str, int]) -> None:
    """The loop looks again when the computer has woken up, its clock was set, or its session was locked."""
    taskbar.tell(*what)

    sight.wait_for("changed")


def test_a_locked_session_is_left_until_it_is_unlocked(taskbar: Taskbar, sight: Program) -> None:
    """Where Windows does not answer, what it announced counts: locked, switched away, and back."""

    def knows(absence: str | None) -> bool:
        sight.ask("absence")
        return sight.wait_for("absence") == [absence]

    for change, absence in ((7, "locked"), (8, None), (2, "inactive"), (1, None)):
        taskbar.tell("0x02B1", change)
        # What it says first may be due to an earlier announcement.
        sight.wait_for("changed")
        wait_until(partial(knows, absence), f"{absence} after {change}", 60)
