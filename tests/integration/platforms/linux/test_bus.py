"""The connection to a message bus, with a real dbus-daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jeepney import DBusAddress, HeaderFields, MessageFlag, message_bus, new_method_call, new_signal
from jeepney.io.blocking import Proxy

from tests.rig.bus import NOTIFICATIONS
from tests.rig.bus_client import Client
from tests.rig.wait import GIVE_UP
from unplugd.platforms.linux.bus import BUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.bus import Bus

NOBODY = DBusAddress("/x", "org.example.Nobody", "org.example.Nobody")


@pytest.fixture
def real(bus: Bus) -> Iterator[Client]:
    """Yield a connection to a real bus."""
    client = Client(bus.address)
    yield client
    client.bus.close()


def test_a_call_is_answered(real: Client) -> None:
    """Also one that was made before the bus had let us in."""
    real.call()
    body, error = real.answered()
    assert body
    assert (len(body[0]), error) == (32, "")


def test_an_error_is_an_answer(real: Client) -> None:
    """With the error's own name."""
    real.call(BUS, "NoSuchMethod")
    assert real.answered() == (None, "org.freedesktop.DBus.Error.UnknownMethod")


def test_signals_arrive_that_were_asked_for(real: Client, bus: Bus) -> None:
    """And no others."""
    real.bus.add_match(f"type='signal',member='NameOwnerChanged',arg0='{NOTIFICATIONS}'")
    real.call()
    real.answered()
    with bus.connect() as other:
        Proxy(message_bus, other, timeout=GIVE_UP).RequestName("org.example.Other")
        Proxy(message_bus, other, timeout=GIVE_UP).RequestName(NOTIFICATIONS)
        real.until(lambda: [s for s in real.signals if s.body[0] == NOTIFICATIONS], "the signal")
    assert not [s for s in real.signals if s.body[0] == "org.example.Other"]


def test_no_call_starts_a_service_by_itself(real: Client, bus: Bus) -> None:
    """Only one that says so does: a notification server must not be started before the desktop is up."""
    service = DBusAddress("/", NOTIFICATIONS, NOTIFICATIONS)
    real.call(service, "GetCapabilities")
    assert real.answered() == (None, "org.freedesktop.DBus.Error.NameHasNoOwner")
    assert bus.activations() == []
    real.call(service, "GetCapabilities", activate=True)
    real.until(bus.activations, "the activation")


@pytest.mark.parametrize("size", [100, 20_000_000])
def test_what_another_program_sends_to_us_alone_is_passed_over(real: Client, bus: Bus, size: int) -> None:
    """A call of any size, and a signal that is larger than ours: they cost neither memory nor the connection."""
    real.call()
    real.answered()
    with bus.connect() as other:
        proxy = Proxy(message_bus, other, timeout=GIVE_UP)
        for name in proxy.ListNames()[0]:
            if not name.startswith(":") or name == other.unique_name:
                continue
            to = DBusAddress("/x", name, "org.example.Big")
            signal = new_signal(to, "Big", "s", ("x" * size,))
            signal.header.fields[HeaderFields.destination] = name
            call = new_method_call(to, "Do", "s", ("x" * size,))
            call.header.flags |= MessageFlag.no_reply_expected
            other.send(call)
            other.send(signal)
        proxy.GetId()
        real.call()
        assert real.answered()[0]
    big = [signal for signal in real.signals if signal.header.fields[HeaderFields.member] == "Big"]
    assert len(big) == (size < 1000)
    assert real.lost == []


def test_a_bus_that_dies_is_told_once(real: Client, bus: Bus) -> None:
    """Calls that wait are answered with that, and then the owner hears of it."""
    real.call()
    real.answered()
    real.call(NOBODY, "Wait", timeout_seconds=60)
    bus.kill()
    real.until(lambda: real.lost, "the loss")
    real.turn()
    assert len(real.lost) == 1
    assert real.answers
    assert real.answers[-1][0] is None
    assert real.bus.fileno() == -1
    assert real.bus.deadline() is None
