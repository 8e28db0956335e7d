"""The announcement of a wake-up, and whether the person is in front, with a real system bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jeepney import HeaderFields, message_bus, new_signal
from jeepney.io.blocking import Proxy

from tests.rig.login import EMITTER, Login, LoginSession
from tests.rig.turning import Clock, turn_once, turn_until
from tests.rig.wait import GIVE_UP
from unplugd.platforms.linux.bus import HANDSHAKE_TIMEOUT_SECONDS
from unplugd.platforms.linux.logind import RECONNECT_SECONDS, Logind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.bus import Bus


class Rig:
    """The source, its clock, and how often it has announced a change: that the machine woke up, or who is in front."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.changes = 0
        self.logind = Logind(self.clock, self.note_change)

    def note_change(self) -> None:
        self.changes += 1

    def settle(self, bus: Bus) -> None:
        """Wait until all that was asked of the bus has been answered."""
        assert bus.owner("org.freedesktop.login1")
        turn_until(self.clock, lambda: not self.logind.deadline(), "the bus to answer", self.logind)

    def until_away(self, why: str | None) -> None:
        turn_until(self.clock, lambda: self.logind.away == why, f"the person: {why}", self.logind)

    def until_changed(self, count: int) -> None:
        turn_until(self.clock, lambda: self.changes >= count, "the announcement", self.logind)


@pytest.fixture
def rig(system_bus: Bus, login: Login, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Yield the source on a system bus with a login manager."""
    del login
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", system_bus.address)
    rig = Rig()
    rig.settle(system_bus)
    yield rig
    rig.logind.close()


def test_a_wake_up_is_announced(rig: Rig, login: Login) -> None:
    """That the machine goes to sleep is not."""
    login.sleep()
    login.wake()
    rig.until_changed(1)
    assert rig.changes == 1


def test_only_the_login_manager_can_announce_it(rig: Rig, system_bus: Bus, login: Login) -> None:
    """Neither can another program, nor by sending it to us alone."""
    with system_bus.connect() as impostor:
        bus = Proxy(message_bus, impostor, timeout=GIVE_UP)
        for name in bus.ListNames()[0]:
            signal = new_signal(EMITTER, "PrepareForSleep", "b", (False,))
            if name.startswith(":"):
                signal.header.fields[HeaderFields.destination] = name
            impostor.send(signal)
        bus.GetId()
    login.wake()
    rig.until_changed(1)
    assert rig.changes == 1


def test_a_lost_bus_is_connected_to_again(rig: Rig, system_bus: Bus) -> None:
    """Not sooner than after a minute, and nothing is woken for it."""
    system_bus.kill()
    turn_until(rig.clock, lambda: rig.logind.fileno() < 0, "the loss", rig.logind)
    assert rig.logind.deadline() is None
    rig.clock.now += RECONNECT_SECONDS
    turn_once(rig.clock, rig.logind)
    assert (rig.logind.fileno(), rig.logind.deadline()) == (-1, None)
    system_bus.start()
    login = Login(system_bus)
    rig.clock.now += RECONNECT_SECONDS - 1
    turn_once(rig.clock, rig.logind)
    assert rig.logind.fileno() < 0
    rig.clock.now += 1
    turn_once(rig.clock, rig.logind)
    rig.settle(system_bus)
    login.wake()
    rig.until_changed(1)
    login.close()


# --- who is in front


def test_without_sessions_the_person_counts_as_in_front(rig: Rig, login: Login) -> None:
    """Nothing tells, so reminders are shown."""
    assert rig.logind.away is None
    assert rig.changes == 0
    assert login.refused == []


def test_a_locked_screen_and_its_unlocking_are_announced(rig: Rig, login: Login) -> None:
    """As they happen."""
    session = login.log_in(LoginSession())
    login.change(session, locked=True)
    rig.until_away("locked")
    login.change(session, locked=False)
    rig.until_away(None)
    assert rig.changes == 2
    assert login.refused == []


def test_another_person_in_front_is_announced(rig: Rig, login: Login) -> None:
    """A session that is not the active one of its seat shows nothing; one of the same person that is, does."""
    first = login.log_in(LoginSession())
    login.change(first, active=False)
    rig.until_away("inactive")
    second = login.log_in(LoginSession("2"))
    rig.until_away(None)
    login.change(second, locked=True)
    rig.until_away("locked")
    login.log_out(second)
    rig.until_away("inactive")
    assert login.refused == []


def test_a_login_manager_that_hangs_costs_only_a_later_answer(
    rig: Rig, login: Login, system_bus: Bus
) -> None:
    """Until then the person counts as in front; the answer counts whenever it comes."""
    session = login.log_in(LoginSession())
    login.change(session, locked=True)
    rig.until_away("locked")
    rig.settle(system_bus)
    login.hang()
    rig.logind.check_away()
    rig.clock.now += HANDSHAKE_TIMEOUT_SECONDS
    rig.until_away(None)
    login.catch_up()
    rig.until_away("locked")


def test_a_night_asleep_does_not_bring_the_person_back(rig: Rig, login: Login, system_bus: Bus) -> None:
    """A question that is under way when the computer falls asleep is answered when it wakes up."""
    login.log_in(LoginSession(locked=True))
    rig.until_away("locked")
    rig.settle(system_bus)
    changes = rig.changes
    login.hang()
    rig.logind.check_away()
    rig.clock.now += 8 * 3600
    turn_once(rig.clock, rig.logind)
    assert rig.logind.away == "locked"
    login.catch_up()
    rig.settle(system_bus)
    assert (rig.logind.away, rig.changes) == ("locked", changes)


def test_a_person_who_is_away_is_asked_for_again(rig: Rig, login: Login) -> None:
    """A signal may be lost, and then nobody would be reminded any more."""
    session = login.log_in(LoginSession(locked=True))
    rig.until_away("locked")
    session.locked = False
    rig.logind.check_away()
    rig.until_away(None)


def test_a_login_manager_that_restarts_is_asked_again(rig: Rig, login: Login, system_bus: Bus) -> None:
    """While there is none, the person counts as in front."""
    login.log_in(LoginSession(locked=True))
    rig.until_away("locked")
    login.close()
    rig.until_away(None)
    again = Login(system_bus)
    again.sessions = login.sessions
    rig.until_away("locked")
    again.close()
