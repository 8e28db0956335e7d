"""The end of sleep, as logind announces it: `PrepareForSleep(false)` of org.freedesktop.login1(5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jeepney.low_level import HeaderFields, Message

from unplugd.eventloop.loop import Source
from unplugd.platforms.linux import bus
from unplugd.platforms.linux.bus import Bus, BusError

if TYPE_CHECKING:
    from collections.abc import Callable

RULE: Final = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'"


class Sleep(Source):
    """A source of the loop: calls `woke` at once after a resume.

    Without logind the next look finds out by the clocks, so a missing system bus is no trouble worth a word.
    """

    def __init__(self, now: Callable[[], float], woke: Callable[[], None]) -> None:
        self._woke = woke
        self._bus: Bus | None = None
        try:
            self._bus = Bus(bus.find_system_address(), now, self._signal, self._gone)
            self._bus.add_match(RULE)
        except BusError:
            self._bus = None

    def fileno(self) -> int:
        """Return the connection's descriptor, -1 without one."""
        return self._bus.fileno() if self._bus else -1

    def events(self) -> int:
        """Return what to wait for."""
        return self._bus.events() if self._bus else 0

    def ready(self) -> None:
        """Take what came."""
        if self._bus:
            self._bus.ready()

    def deadline(self) -> float | None:
        """Return when an answer of the bus is overdue."""
        return self._bus.deadline() if self._bus else None

    def expire(self, now: float) -> None:
        """Give up on what is overdue."""
        if self._bus:
            self._bus.expire(now)

    def close(self) -> None:
        """Close the connection."""
        if self._bus:
            self._bus.close()
            self._bus = None

    def _signal(self, message: Message) -> None:
        if message.header.fields.get(HeaderFields.member) == "PrepareForSleep" and message.body == (False,):
            self._woke()

    def _gone(self, _why: str) -> None:
        self._bus = None
