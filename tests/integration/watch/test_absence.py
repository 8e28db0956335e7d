"""The reminder is for the person in front, as the login manager tells who that is, or else the screen saver."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rig.journal_reader import ROUNDED
from tests.rig.login import Login, LoginSession
from tests.rig.screen_saver import GNOME, KDE, ScreenSaver, make_signal
from tests.rig.usb import STICK
from tests.rig.wait import GIVE_UP, never

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.bus import Bus
    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Device, Testbed


@pytest.fixture
def session(login: Login) -> LoginSession:
    """Return the person's session, in front."""
    return login.log_in(LoginSession())


@pytest.fixture
def saver(bus: Bus) -> Iterator[ScreenSaver]:
    """Yield GNOME's screen saver, not active."""
    saver = ScreenSaver(bus)
    yield saver
    saver.close()
    assert saver.refused == []


PATIENT = (
    sys.executable,
    "-c",
    f"""
import runpy, sys
from unplugd.platforms.linux import platform
platform.FIRST_ANSWER_SECONDS = {GIVE_UP}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
""",
)
"""Runs unplugd so that it waits at its start for the first answers, however busy the machine is."""


def start(daemon: Daemon, system_bus: Bus | None = None, **remind: object) -> None:
    """Start unplugd on the system bus, if any; it polls at its own pace: what it must notice is announced."""
    if system_bus:
        daemon.environment.update(system_bus.environment)
    settings = "".join(f'{key} = "{value}"\n' for key, value in remind.items())
    daemon.write_config(f'[remind]\n{settings}[watch]\nlook_every = "10m"\n')
    daemon.start()


def remind(daemon: Daemon, server: Server, usb: Testbed, system_bus: Bus | None = None) -> Device:
    """Start unplugd with its person in front, and return a stick that it reminds of."""
    start(daemon, system_bus, after_plug_in="0s")
    stick = usb.plug(STICK)
    server.notified()
    return stick


def test_behind_a_locked_screen_reminders_wait(
    daemon: Daemon, server: Server, usb: Testbed, login: Login, session: LoginSession, system_bus: Bus
) -> None:
    """None is shown, none counted; unlocking brings the first at once, and status says all the while what is so."""
    session.locked = True
    daemon.wrapper = PATIENT
    # What is known of the person at the start counts from there.
    usb.plug(STICK)
    start(daemon, system_bus, after_plug_in="0s")
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
    stick = remind(daemon, server, usb, system_bus)
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


@pytest.mark.usefixtures("server")
def test_a_device_at_another_seat_is_another_persons(
    daemon: Daemon, usb: Testbed, login: Login, session: LoginSession, system_bus: Bus
) -> None:
    """It is not even in the journal, also right after the start; at a seat of the person's it is reminded of."""
    session.seat = "seat1"
    daemon.wrapper = PATIENT
    usb.plug(STICK)
    start(daemon, system_bus, after_plug_in="0s")
    assert daemon.status()["devices"] == []
    login.change(session, seat="seat0")
    daemon.wait_for("reminded")
    assert [e["event"] for e in daemon.events()] == ["started", "config_loaded", "plugged_in", "reminded"]


def test_a_login_manager_that_hangs_at_the_start_holds_nothing_up(
    daemon: Daemon, server: Server, usb: Testbed, login: Login, session: LoginSession, system_bus: Bus
) -> None:
    """The person counts as in front until it answers."""
    session.locked = True
    login.hang()
    start(daemon, system_bus, after_plug_in="0s")
    usb.plug(STICK)
    server.notified()
    login.catch_up()
    daemon.wait_for("away", why="locked")


def test_the_report_says_that_nobody_was_there(
    daemon: Daemon, server: Server, usb: Testbed, login: Login, session: LoginSession, system_bus: Bus
) -> None:
    """For how long, and why; the time from the reminder to the unplug is counted without it."""
    stick = remind(daemon, server, usb, system_bus)
    reminded = daemon.wait_for("reminded")
    login.change(session, locked=True)
    away = daemon.wait_for("away", why="locked")
    stick.unplug()
    unplugged = daemon.wait_for("unplugged")
    report = json.loads(daemon.command("report", "--json").stdout)
    (period,) = report["periods"]
    assert [(one["ended"], one["why"]) for one in period["absences"]] == [(period["ended"], "locked")]
    assert [one["outcome"] for one in period["reminders"]] == ["unplugged"]
    assert report["total"]["away_for"]["locked"] == pytest.approx(
        unplugged["uptime"] - away["uptime"], abs=ROUNDED
    )
    assert report["total"]["reaction"] == pytest.approx(away["uptime"] - reminded["uptime"], abs=ROUNDED)


# --- where no login manager tells, the screen saver does


def told(daemon: Daemon) -> list[str]:
    """Return the events about reminders and about who is in front."""
    return [e["event"] for e in daemon.events() if e["event"] in ("away", "back", "reminded")]


def test_behind_a_screen_saver_reminders_wait(
    daemon: Daemon, server: Server, usb: Testbed, bus: Bus, saver: ScreenSaver
) -> None:
    """None is shown, none counted; when it ends the first comes at once. No screen saver is started to be asked."""
    saver.active = True
    daemon.wrapper = PATIENT
    usb.plug(STICK)
    start(daemon, after_plug_in="0s")
    daemon.wait_for("away", why="locked")
    assert daemon.status()["away"] == "locked"
    assert not server.notifications
    saver.set_active(False)
    server.notified()
    assert daemon.wait_for("reminded")["count"] == 1
    assert told(daemon) == ["away", "back", "reminded"]
    assert bus.activations() == []


@pytest.mark.usefixtures("server")
def test_reminders_do_not_run_on_behind_a_screen_saver(
    daemon: Daemon, usb: Testbed, saver: ScreenSaver
) -> None:
    """After it comes the one that was due, with the next number."""
    daemon.config(after_plug_in="0s", repeat=["1h"])
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("reminded")
    saver.set_active(True)
    daemon.wait_for("away", why="locked")
    # Only now, so that none is under way when the screen is hidden.
    daemon.config(after_plug_in="0s", repeat=["300ms", "1h"])
    daemon.reload()
    daemon.wait_for("config_loaded", 2)
    never(lambda: daemon.events("reminded")[1:], "a reminder", 1)
    saver.set_active(False)
    assert daemon.wait_for("reminded", 2)["count"] == 2


def test_a_screen_saver_that_crashes_brings_the_person_back(
    daemon: Daemon, server: Server, usb: Testbed, saver: ScreenSaver
) -> None:
    """Nobody can tell any longer."""
    saver.active = True
    daemon.wrapper = PATIENT
    usb.plug(STICK)
    start(daemon, after_plug_in="0s")
    daemon.wait_for("away")
    saver.close()
    server.notified()
    assert told(daemon)[:2] == ["away", "back"]


def test_a_screen_saver_that_starts_later_is_asked(
    daemon: Daemon, server: Server, usb: Testbed, bus: Bus
) -> None:
    """A desktop may come up after unplugd, and the screen saver after the desktop."""
    remind(daemon, server, usb)
    saver = ScreenSaver(bus, KDE)
    saver.set_active(True)
    daemon.wait_for("away", why="locked")
    saver.close()


def test_a_screen_saver_that_hangs_holds_nothing_up(
    daemon: Daemon, server: Server, usb: Testbed, saver: ScreenSaver
) -> None:
    """The person counts as in front until it answers."""
    saver.active = True
    saver.hang()
    start(daemon, after_plug_in="0s")
    usb.plug(STICK)
    server.notified()
    saver.catch_up()
    daemon.wait_for("away", why="locked")


def test_nobody_else_speaks_for_a_screen_saver(
    daemon: Daemon, server: Server, usb: Testbed, bus: Bus, saver: ScreenSaver
) -> None:
    """Neither with its signals, nor by owning a name only to let others keep the screen on."""
    inhibitor = ScreenSaver(bus, KDE, tells=False)
    remind(daemon, server, usb)
    with bus.connect() as impostor:
        for name in (GNOME, KDE):
            impostor.send(make_signal(name, active=True))
        inhibitor.set_active(True)
        never(lambda: daemon.events("away"), "an absence", 0.5)
    saver.set_active(True)
    daemon.wait_for("away", why="locked")
    inhibitor.close()


def test_a_lock_that_the_login_manager_is_not_told_of(
    daemon: Daemon,
    server: Server,
    usb: Testbed,
    login: Login,
    session: LoginSession,
    system_bus: Bus,
    saver: ScreenSaver,
) -> None:
    """Some screen savers lock the screen without telling it; another session in front counts first."""
    remind(daemon, server, usb, system_bus)
    saver.set_active(True)
    daemon.wait_for("away", why="locked")
    login.change(session, active=False)
    daemon.wait_for("away", why="inactive")
    login.close()
    daemon.wait_for("away", 2, why="locked")
    assert not daemon.events("back")
    saver.set_active(False)
    daemon.wait_for("back")
