"""The reminder is for the person in front, as the login manager tells who that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.login import LoginSession
from tests.rig.usb import STICK
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from tests.rig.bus import Bus
    from tests.rig.daemon import Daemon
    from tests.rig.login import Login
    from tests.rig.server import Server
    from tests.rig.usb import Testbed


@pytest.fixture
def session(login: Login) -> LoginSession:
    """Return the person's session, in front."""
    return login.log_in(LoginSession())


def start(daemon: Daemon, system_bus: Bus, **remind: object) -> None:
    """Start unplugd on the system bus, where it polls at its own pace: what it must notice is announced."""
    daemon.environment.update(system_bus.environment)
    settings = "".join(f'{key} = "{value}"\n' for key, value in remind.items())
    daemon.write_config(f'[remind]\n{settings}[watch]\nlook_every = "10m"\n')
    daemon.start()


def test_behind_a_locked_screen_reminders_wait(
    daemon: Daemon, server: Server, usb: Testbed, login: Login, session: LoginSession, system_bus: Bus
) -> None:
    """None is shown, none counted; unlocking brings the first at once, and status says all the while what is so."""
    session.locked = True
    start(daemon, system_bus, after_plug_in="0s")
    wait_until(lambda: login.answered >= 2, "unplugd to ask for the session")
    usb.plug(STICK)
    daemon.wait_for("away", why="locked")
    assert daemon.status()["away"] == "locked"
    assert "The screen is locked; reminders wait until it is unlocked." in daemon.command("status").stdout
    assert not server.notifications
    login.change(session, locked=False)
    server.notified()
    assert daemon.wait_for("reminded")["count"] == 1
    assert [e["event"] for e in daemon.events() if e["event"] in ("away", "back", "reminded")] == [
        "away",
        "back",
        "reminded",
    ]
    assert login.refused == []


def test_another_persons_screen_shows_no_reminder(
    daemon: Daemon, server: Server, usb: Testbed, login: Login, session: LoginSession, system_bus: Bus
) -> None:
    """Switched to another person, the reminder is withdrawn; back with its person, it comes back, uncounted."""
    start(daemon, system_bus, after_plug_in="0s")
    stick = usb.plug(STICK)
    server.notified()
    daemon.wait_for("reminded")
    login.change(session, active=False)
    server.cleared()
    daemon.wait_for("away", why="inactive")
    login.change(session, active=True)
    server.notified(2)
    daemon.wait_for("back")
    assert len([e for e in daemon.events() if e["event"] == "reminded"]) == 1
    stick.unplug()
    server.cleared()
