"""The end of sleep as announced by logind: `PrepareForSleep(false)` of org.freedesktop.login1(5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jeepney.low_level import HeaderFields, Message

from unplugd.platforms.linux import bus
from unplugd.platforms.linux.bus import Bus, BusError
from unplugd.platforms.linux.bus_source import BusSource

if TYPE_CHECKING:
    from collections.abc import Callable

RULE: Final = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'"


class Sleep(BusSource):
    """Calls `on_wake` right after a resume.

    Without logind, the next poll detects the sleep from the clocks, so a missing system bus is not reported.
    """

    def __init__(self, now: Callable[[], float], on_wake: Callable[[], None]) -> None:
        super().__init__()
        self._on_wake = on_wake
        try:
            self._bus = Bus(bus.find_system_address(), now, self._on_signal, self._on_disconnect)
            self._bus.add_match(RULE)
        except BusError:
            self._bus = None

    def _on_signal(self, signal: Message) -> None:
        if signal.header.fields.get(HeaderFields.member) == "PrepareForSleep" and signal.body == (False,):
            self._on_wake()

    def _on_disconnect(self, _reason: str) -> None:
        self._bus = None
