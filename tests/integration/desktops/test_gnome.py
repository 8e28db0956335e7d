"""GNOME Shell: what a person sees of the reminders there, and what the buttons do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.rig.desktops import do_not_disturb
from tests.rig.usb import METER, STICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.daemon import Daemon
    from tests.rig.session import Session
    from tests.rig.usb import Testbed

KIND = "gnome"
BUTTONS = {"snoozed": 0, "in_use": 1}
"""The outcome that each button of a reminder has, and its place from the left."""


def has_ended(daemon: Daemon, count: int) -> bool:
    """Whether so many reminders have ended."""
    return len(daemon.events("reminder_ended")) == count


@pytest.fixture
def undisturbed(session: Session) -> Iterator[None]:
    """Have do-not-disturb on."""
    do_not_disturb(session, on=True)
    yield
    do_not_disturb(session, on=False)


def test_each_reminder_is_seen(daemon: Daemon, session: Session, usb: Testbed) -> None:
    """GNOME takes the first away after some seconds; each of the next four is seen again, and can be snoozed."""
    daemon.remind(1)
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    session.seen()
    session.seen_no_more()
    daemon.remind(2)
    for count in range(2, 6):
        daemon.wait_for("reminded", count)
        session.press(BUTTONS["snoozed"], partial(has_ended, daemon, count - 1))
    daemon.wait_for("reminded", 6)
    session.seen()
    stick.unplug()
    session.seen_no_more()


@pytest.mark.parametrize("outcome", BUTTONS)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_both_buttons_work(daemon: Daemon, session: Session, usb: Testbed, count: int, outcome: str) -> None:
    """On the first reminder, on the first urgent one, and on one that has taken the place of an urgent one."""
    daemon.remind(1)
    usb.plug(STICK)
    for number in range(1, count + 1):
        daemon.remind(number)
        daemon.wait_for("reminded", number)
        session.seen()
    session.press(BUTTONS[outcome], lambda: daemon.events("reminder_ended"))
    assert daemon.wait_for("reminder_ended")["outcome"] == outcome
    session.seen_no_more()


def test_two_devices(daemon: Daemon, session: Session, usb: Testbed) -> None:
    """One notification for both; when one is unplugged it says so, still with both buttons, and then it goes."""
    daemon.remind(2)
    stick = usb.plug(STICK)
    daemon.wait_for("reminded", 2)
    session.seen()
    one = session.screen.picture()
    meter = usb.plug(METER, "1-1.3")
    session.seen_anew(one)
    daemon.wait_for("reminded", devices=[stick.port, meter.port])
    two = session.screen.picture()
    stick.unplug()
    session.seen_anew(two)
    session.press(BUTTONS["snoozed"], lambda: daemon.events("snoozed", device=meter.port))
    session.seen_no_more()
    meter.unplug()


@pytest.mark.usefixtures("undisturbed")
def test_do_not_disturb(daemon: Daemon, session: Session, usb: Testbed) -> None:
    """It hides the first reminder, and not the second."""
    daemon.remind(1)
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    daemon.remind(2)
    daemon.wait_for("reminded", 2)
    session.seen()
    stick.unplug()
    session.seen_no_more()
