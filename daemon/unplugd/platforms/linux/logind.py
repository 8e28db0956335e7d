"""What logind announces: the end of sleep, and whether the person is in front (org.freedesktop.login1(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jeepney.low_level import HeaderFields, Message

from unplugd.platforms.linux import bus
from unplugd.platforms.linux.bus import BUS, Bus, BusError
from unplugd.platforms.linux.bus_source import BusSource
from unplugd.platforms.linux.sessions import NAME, RULES, Sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.rules.events import Absence

SLEEP_RULE: Final = f"type='signal',sender='{NAME}',interface='{NAME}.Manager',member='PrepareForSleep'"
OWNER_RULE: Final = f"type='signal',sender='{BUS.bus_name}',member='NameOwnerChanged',arg0='{NAME}'"
RECONNECT_SECONDS: Final = 60.0
"""Minimum seconds between attempts to connect to the system bus."""


class Logind(BusSource):
    """Calls `on_change` right after a resume, and when `away` or `seats` changes.

    Without logind, the next poll detects the sleep from the clocks and the person counts as in front, so a missing
    system bus is not reported. It is connected to when something else wakes the daemon: nothing is woken for it.
    """

    def __init__(self, now: Callable[[], float], on_change: Callable[[], None]) -> None:
        super().__init__()
        self._now = now
        self._on_change = on_change
        self._sessions = Sessions(self, on_change)
        self._connected_at = 0.0
        """When the latest attempt to connect was made."""
        self._connect()

    @property
    def away(self) -> Absence | None:
        """Why the person is not in front, None if the person is, or if nothing tells."""
        return self._sessions.away

    @property
    def is_known(self) -> bool:
        """Whether the last answers told if the person is in front."""
        return self._sessions.is_known

    @property
    def seats(self) -> frozenset[str] | None:
        """The seats at which the person has a session, None if that is not known, or if one is at no seat."""
        return self._sessions.seats

    def check_away(self) -> None:
        """Ask again if the person is known to be away: a signal may have been lost, and nobody would be reminded."""
        if self._sessions.away and self._bus:
            self._sessions.ask()

    def expire(self, now: float) -> None:
        """Report the calls that have timed out; connect again if the connection was lost long enough ago."""
        super().expire(now)
        if self._bus is None and now >= self._connected_at + RECONNECT_SECONDS:
            self._connect()

    def _connect(self) -> None:
        self._connected_at = self._now()
        try:
            self._bus = Bus(bus.find_system_address(), self._now, self._on_signal, self._on_disconnect)
        except BusError:
            self._bus = None
            return
        for rule in (SLEEP_RULE, OWNER_RULE, *RULES):
            self._bus.add_match(rule)
        self._sessions.ask()

    def _on_signal(self, signal: Message) -> None:
        fields = signal.header.fields
        if HeaderFields.destination in fields:
            # The rule did not let it through: any program may send it to us alone.
            return
        member = fields.get(HeaderFields.member)
        if member == "PrepareForSleep" and signal.body == (False,):
            self._on_change()
        elif member == "NameOwnerChanged":
            # It has ended or started.
            self._sessions.forget()
            self._sessions.ask()
        else:
            self._sessions.handle_signal(signal)

    def _on_disconnect(self, _reason: str) -> None:
        self._bus = None
        self._sessions.forget()
