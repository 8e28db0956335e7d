"""Whether the screen saver is active, with a real session bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jeepney import DBusAddress, HeaderFields, message_bus, new_signal
from jeepney.io.blocking import Proxy

from tests.rig.bus import STARTED_BY_THE_BUS
from tests.rig.screen_saver import GNOME, ScreenSaver, make_signal
from tests.rig.turning import Clock, turn_once, turn_until
from tests.rig.wait import GIVE_UP
from unplugd.platforms.linux import screensaver
from unplugd.platforms.linux.bus import HANDSHAKE_TIMEOUT_SECONDS
from unplugd.platforms.linux.screensaver import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.bus import Bus


class Rig:
    """The source, its clock, and how often it has announced a change."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.changes = 0
        self.source = screensaver.ScreenSaver(self.clock, self.note_change)

    def note_change(self) -> None:
        self.changes += 1

    def check(self) -> None:
        """Ask, and wait until all has been answered."""
        self.source.check()
        self.settle()

    def settle(self) -> None:
        turn_until(self.clock, lambda: not self.source.deadline(), "the bus to answer", self.source)

    def until_away(self, why: str | None) -> None:
        turn_until(self.clock, lambda: self.source.away == why, f"the person: {why}", self.source)


@pytest.fixture
def rig(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Yield the source on a session bus without a screen saver."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    rig = Rig()
    rig.check()
    yield rig
    rig.source.close()


def test_without_a_screen_saver_the_person_counts_as_in_front(rig: Rig, bus: Bus) -> None:
    """None is started to be asked, though the bus would."""
    assert {*NAMES} & {*STARTED_BY_THE_BUS}
    assert (rig.source.is_known, rig.source.away, rig.changes) == (False, None, 0)
    assert bus.activations() == []


@pytest.mark.parametrize("name", NAMES)
def test_every_desktops_screen_saver_is_known(rig: Rig, bus: Bus, name: str) -> None:
    """It announces that it is active, and that it has ended."""
    saver = ScreenSaver(bus, name)
    saver.set_active(True)
    rig.until_away("locked")
    saver.set_active(False)
    rig.until_away(None)
    assert rig.source.is_known
    assert rig.changes == 2
    assert saver.refused == []
    saver.close()


def test_one_that_is_active_is_enough(rig: Rig, bus: Bus) -> None:
    """Others may be there that are not, or that refuse to tell."""
    savers = [ScreenSaver(bus, name, tells=name != NAMES[0]) for name in NAMES]
    # Asked when it appears: what it announces itself may be late.
    savers[1].active = savers[2].active = True
    rig.until_away("locked")
    rig.settle()
    savers[1].close()
    turn_until(rig.clock, lambda: not bus.owner(NAMES[1]), "its end", rig.source)
    rig.settle()
    assert (rig.source.away, rig.changes) == ("locked", 1)
    savers[2].close()
    rig.until_away(None)
    for saver in savers:
        saver.close()


def test_other_programs_are_not_listened_to(rig: Rig, bus: Bus) -> None:
    """Nor if they send to us alone, in the bus's name or in a screen saver's: nobody is asked for that."""
    saver = ScreenSaver(bus)
    rig.check()
    saver.active = True
    of_the_bus = DBusAddress("/org/freedesktop/DBus", interface="org.freedesktop.DBus")
    with bus.connect() as impostor:
        everybody = Proxy(message_bus, impostor, timeout=GIVE_UP).ListNames()[0]
        for name in ("", *(name for name in everybody if name.startswith(":"))):
            for signal in (make_signal(GNOME, active=True), new_signal(of_the_bus, "NameOwnerChanged")):
                if name:
                    signal.header.fields[HeaderFields.destination] = name
                impostor.send(signal)
        Proxy(message_bus, impostor, timeout=GIVE_UP).GetId()
    turn_once(rig.clock, rig.source)
    assert (rig.source.deadline(), rig.changes) == (None, 0)
    saver.close()


def test_one_that_is_active_is_asked_again(rig: Rig, bus: Bus) -> None:
    """A signal may be lost, and then nobody would be reminded any more."""
    saver = ScreenSaver(bus)
    saver.set_active(True)
    rig.until_away("locked")
    saver.active = False
    rig.check()
    assert rig.source.away is None
    saver.close()


def test_one_that_hangs_costs_only_a_later_answer(rig: Rig, bus: Bus) -> None:
    """Until then the person counts as in front; the answer counts whenever it comes."""
    saver = ScreenSaver(bus)
    saver.set_active(True)
    rig.until_away("locked")
    rig.settle()
    saver.hang()
    rig.source.check()
    rig.clock.now += HANDSHAKE_TIMEOUT_SECONDS
    rig.until_away(None)
    saver.catch_up()
    rig.until_away("locked")
    saver.close()


def test_a_lost_bus_is_connected_to_again(rig: Rig, bus: Bus) -> None:
    """By the next look; until then the person counts as in front, and nothing is woken."""
    saver = ScreenSaver(bus)
    saver.set_active(True)
    rig.until_away("locked")
    bus.kill()
    rig.until_away(None)
    saver.close()
    assert rig.changes == 2
    bus.start()
    saver = ScreenSaver(bus)
    saver.set_active(True)
    rig.clock.now += 3600
    turn_once(rig.clock, rig.source)
    assert (rig.source.fileno(), rig.source.deadline()) == (-1, None)
    rig.check()
    assert rig.source.away == "locked"
    saver.close()


def test_once_closed_it_knows_nothing(rig: Rig, bus: Bus) -> None:
    """It is closed where something else tells, and connects again at once when that no longer does."""
    saver = ScreenSaver(bus)
    saver.set_active(True)
    rig.until_away("locked")
    rig.source.close()
    assert (rig.source.is_known, rig.source.away, rig.source.fileno()) == (False, None, -1)
    rig.check()
    assert rig.source.away == "locked"
    saver.close()
