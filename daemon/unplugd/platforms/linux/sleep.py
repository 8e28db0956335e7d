"""The end of sleep as announced by logind: `PrepareForSleep(false)` of org.freedesktop.login1(5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jeepney.low_level import HeaderFields, Message

from unplugd.platforms.linux import bus
from unplugd.platforms.linux.bus import Bus, BusError
from unplugd.platforms.linux.bus_source import BusSource

if TYPE_CHECKING:
    from collections.abc import Callable

RULE: Final = (
    "type='signal',sender='org.freedesktop.login1',"
    "interface='org.freedesktop.login1.Manager',member='PrepareForSleep'"
)
RECONNECT_SECONDS: Final = 60.0
"""Minimum seconds between attempts to connect to the system bus."""


class Sleep(BusSource):
    """Calls `on_wake` right after a resume.

    Without logind, the next poll detects the sleep from the clocks, so a missing system bus is not reported. It is
    connected to when something else wakes the daemon: nothing is woken for it.
    """

    def __init__(self, now: Callable[[], float], on_wake: Callable[[], None]) -> None:
        super().__init__()
        self._now = now
        self._on_wake = on_wake
        self._connected_at = 0.0
        """When the latest attempt to connect was made."""
        self._connect()

    def expire(self, now: float) -> None:
        """Report the calls that have timed out; connect again if the connection was lost long enough ago."""
        super().expire(now)
        if self._bus is None and now >= self._connected_at + RECONNECT_SECONDS:
            self._connect()

    def _connect(self) -> None:
        self._connected_at = self._now()
        try:
            self._bus = Bus(bus.find_system_address(), self._now, self._on_signal, self._on_disconnect)
            self._bus.add_match(RULE)
        except BusError:
            self._bus = None

    def _on_signal(self, signal: Message) -> None:
        fields = signal.header.fields
        if HeaderFields.destination in fields:
            # The rule did not let it through: any program may send it to us alone.
            return
        if fields.get(HeaderFields.member) == "PrepareForSleep" and signal.body == (False,):
            self._on_wake()

    def _on_disconnect(self, _reason: str) -> None:
        self._bus = None
