"""What a Mac announces: on a run loop in a thread, taken by the loop."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.rig.iokit import MATCH, TERMINATE, Frameworks, fixture, standing_in
from tests.rig.turning import Clock, turn_once, turn_until
from tests.rig.wait import wait_until
from unplugd.platforms.macos import frameworks as real
from unplugd.platforms.macos.announcements import (
    CAN_SLEEP,
    HAS_POWERED_ON,
    WILL_POWER_ON,
    WILL_SLEEP,
    Announcements,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WILL_NOT_SLEEP = 0xE0000290
"""kIOMessageSystemWillNotSleep: nothing to do."""


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frameworks]:
    """Yield a Mac in which a stick is plugged in; in the end no thread of ours runs."""
    with standing_in(tmp_path, monkeypatch) as mac:
        mac.lay(*fixture("free"))
        yield mac
        assert not [thread for thread in threading.enumerate() if thread.name == "announcements"]


@pytest.fixture
def changes() -> list[str]:
    return []


@pytest.fixture
def heard(mac: Frameworks, changes: list[str]) -> Iterator[Announcements]:
    heard = Announcements(lambda: changes.append("changed"), real.Frameworks(mac.libraries))
    mac.wait_for_loop()
    yield heard
    heard.close()


def test_plug_in_and_unplug_are_announced(mac: Frameworks, heard: Announcements, changes: list[str]) -> None:
    """Each time anew: the iterator is emptied, which is what arms it."""
    clock = Clock()
    for count, what in enumerate((MATCH, TERMINATE, MATCH, TERMINATE), 1):
        mac.announce(what, fixture("free")[0]["IORegistryEntryID"])
        turn_until(clock, partial(many, changes, count), f"{what} to be heard", heard)


def test_many_announcements_are_one(mac: Frameworks, heard: Announcements, changes: list[str]) -> None:
    """The loop is told once of all that came since; there is room for many."""
    for _ in range(40):
        mac.announce(MATCH, 1)
    turn_until(Clock(), lambda: changes, "an announcement", heard)
    assert len(changes) <= 40


def test_a_full_pipe_says_it_all(heard: Announcements, changes: list[str]) -> None:
    """What cannot be written any more need not be."""
    for _ in range(100_000):
        heard._wake()
    turn_once(Clock(), heard)
    assert changes == ["changed"]


def test_waking_up_is_announced_and_sleep_is_allowed(
    mac: Frameworks, heard: Announcements, changes: list[str]
) -> None:
    """Unanswered, each sleep would be held up by half a minute; the answer carries the question's argument."""
    assert heard.power
    mac.power(CAN_SLEEP, 17)
    wait_until(lambda: mac.allowed() == (1, 17), "an idle sleep to be allowed")
    mac.power(WILL_SLEEP, -(2**62))
    wait_until(lambda: mac.allowed() == (2, -(2**62)), "a sleep to be allowed")
    mac.power(WILL_NOT_SLEEP)
    assert changes == []
    clock = Clock()
    for count, message in enumerate((WILL_POWER_ON, HAS_POWERED_ON), 1):
        mac.power(message)
        turn_until(clock, partial(many, changes, count), f"message {message:#x}", heard)
    assert mac.allowed()[0] == 2


def test_a_question_without_an_argument_is_answered(mac: Frameworks, heard: Announcements) -> None:  # noqa: ARG001 - it answers
    mac.power(WILL_SLEEP, 0)
    wait_until(lambda: mac.allowed() == (1, 0), "a sleep to be allowed")


def test_without_power_notifications_the_rest_works(mac: Frameworks, changes: list[str]) -> None:
    """The clocks tell of sleep as well."""
    mac.fail("IORegisterForSystemPower")
    heard = Announcements(lambda: changes.append("changed"), real.Frameworks(mac.libraries))
    mac.wait_for_loop()
    assert not heard.power
    mac.announce(MATCH, 1)
    turn_until(Clock(), lambda: changes, "an announcement", heard)
    heard.close()


@pytest.mark.parametrize(
    "call", ["IONotificationPortCreate", "IOServiceMatching", "IOServiceAddMatchingNotification"]
)
def test_what_cannot_be_had_is_an_error(mac: Frameworks, call: str) -> None:
    """It is named; nothing stays behind, no descriptor either."""
    frameworks = real.Frameworks(mac.libraries)
    mac.fail(call)
    before = descriptors()
    with pytest.raises(OSError, match=call):
        Announcements(lambda: None, frameworks)
    assert mac.references == 0
    assert descriptors() == before


def test_without_a_thread_it_is_an_error(mac: Frameworks, monkeypatch: pytest.MonkeyPatch) -> None:
    frameworks = real.Frameworks(mac.libraries)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OSError, match="no thread"):
        Announcements(lambda: None, frameworks)
    assert mac.references == 0


@pytest.mark.parametrize("wait", [True, False])
def test_closing_ends_everything(mac: Frameworks, wait: bool) -> None:
    """Also at once, when the run loop may not run yet and does not hear that it is to stop; and twice."""
    frameworks = real.Frameworks(mac.libraries)
    before = descriptors()
    for _ in range(20):
        heard = Announcements(lambda: None, frameworks)
        if wait:
            mac.wait_for_loop()
        heard.close()
        heard.close()
        assert not heard.alive
        assert heard.fileno() == -1
    assert mac.references == 0
    assert descriptors() == before


def test_a_run_loop_that_ends_by_itself_is_noticed(
    mac: Frameworks, heard: Announcements, changes: list[str]
) -> None:
    """It causes a look, and says that nothing is announced any more."""
    mac.end_loop()
    turn_until(Clock(), lambda: changes, "a last look", heard)
    wait_until(lambda: not heard.alive, "the thread's end")


def test_a_thread_that_fails_is_no_trouble(
    mac: Frameworks, monkeypatch: pytest.MonkeyPatch, changes: list[str]
) -> None:
    """Without a run loop nothing is announced, and closing works."""
    frameworks = real.Frameworks(mac.libraries)
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)

    def refuse() -> None:
        raise OSError("no run loop")

    monkeypatch.setattr(frameworks.core, "CFRunLoopGetCurrent", refuse)
    heard = Announcements(lambda: changes.append("changed"), frameworks)
    wait_until(lambda: not heard.alive, "the thread's end")
    heard.close()
    assert len(seen) == 1


# --- looking without an announcement


def many(changes: list[str], count: int) -> bool:
    return len(changes) == count


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_a_port_without_a_source_is_an_error(mac: Frameworks) -> None:
    """The system may have none to give; Python would crash if the run loop were given none."""
    mac.fail("IONotificationPortGetRunLoopSource")
    with pytest.raises(OSError, match="IONotificationPortGetRunLoopSource failed"):
        Announcements(lambda: None, real.Frameworks(mac.libraries))
    assert mac.references == 0
