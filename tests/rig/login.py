"""The login manager's part on a private system bus: it says that the machine goes to sleep, and that it woke up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jeepney import DBusAddress, message_bus, new_signal
from jeepney.io.blocking import Proxy

from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from tests.rig.bus import Bus

EMITTER = DBusAddress("/org/freedesktop/login1", interface="org.freedesktop.login1.Manager")


class Login:
    """Owns org.freedesktop.login1 on the bus."""

    def __init__(self, bus: Bus) -> None:
        self._connection = bus.connect()
        Proxy(message_bus, self._connection, timeout=GIVE_UP).RequestName("org.freedesktop.login1")

    def sleep(self) -> None:
        """Say that the machine is about to sleep."""
        self._connection.send(new_signal(EMITTER, "PrepareForSleep", "b", (True,)))

    def wake(self) -> None:
        """Say that it is awake again."""
        self._connection.send(new_signal(EMITTER, "PrepareForSleep", "b", (False,)))

    def close(self) -> None:
        """Leave the bus."""
        self._connection.close()
