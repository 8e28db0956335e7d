"""The announcement of a wake-up, with a real system bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jeepney import HeaderFields, message_bus, new_signal
from jeepney.io.blocking import Proxy

from tests.rig.login import EMITTER, Login
from tests.rig.turning import Clock, turn_once, turn_until
from unplugd.platforms.linux.sleep import RECONNECT_SECONDS, Sleep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.bus import Bus


class Rig:
    """The source, its clock, and how often it has said that the machine woke up."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.woken = 0
        self.sleep = Sleep(self.clock, self.wake)

    def wake(self) -> None:
        self.woken += 1

    def settle(self, bus: Bus) -> None:
        """Wait until all that was asked of the bus has been answered."""
        assert bus.owner("org.freedesktop.login1")
        turn_until(self.clock, lambda: not self.sleep.deadline(), "the bus to answer", self.sleep)

    def until_woken(self, count: int) -> None:
        turn_until(self.clock, lambda: self.woken >= count, "the wake-up", self.sleep)


@pytest.fixture
def rig(system_bus: Bus, login: Login, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Yield the source on a system bus with a login manager."""
    del login
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", system_bus.address)
    rig = Rig()
    rig.settle(system_bus)
    yield rig
    rig.sleep.close()


def test_a_wake_up_is_announced(rig: Rig, login: Login) -> None:
    """That the machine goes to sleep is not."""
    login.sleep()
    login.wake()
    rig.until_woken(1)
    assert rig.woken == 1


def test_only_the_login_manager_can_announce_it(rig: Rig, system_bus: Bus, login: Login) -> None:
    """Neither can another program, nor by sending it to us alone."""
    with system_bus.connect() as impostor:
        bus = Proxy(message_bus, impostor, timeout=10)
        for name in bus.ListNames()[0]:
            signal = new_signal(EMITTER, "PrepareForSleep", "b", (False,))
            if name.startswith(":"):
                signal.header.fields[HeaderFields.destination] = name
            impostor.send(signal)
        bus.GetId()
    login.wake()
    rig.until_woken(1)
    assert rig.woken == 1


def test_a_lost_bus_is_connected_to_again(rig: Rig, system_bus: Bus) -> None:
    """Not sooner than after a minute, and nothing is woken for it."""
    system_bus.kill()
    turn_until(rig.clock, lambda: rig.sleep.fileno() < 0, "the loss", rig.sleep)
    assert rig.sleep.deadline() is None
    rig.clock.now += RECONNECT_SECONDS
    turn_once(rig.clock, rig.sleep)
    assert (rig.sleep.fileno(), rig.sleep.deadline()) == (-1, None)
    system_bus.start()
    login = Login(system_bus)
    rig.clock.now += RECONNECT_SECONDS - 1
    turn_once(rig.clock, rig.sleep)
    assert rig.sleep.fileno() < 0
    rig.clock.now += 1
    turn_once(rig.clock, rig.sleep)
    rig.settle(system_bus)
    login.wake()
    rig.until_woken(1)
    login.close()
