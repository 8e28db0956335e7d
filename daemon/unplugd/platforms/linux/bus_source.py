"""Base class of the sources that have a D-Bus connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unplugd.eventloop.loop import Source, turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from jeepney.wrappers import DBusAddress

    from unplugd.platforms.linux.bus import Bus, CallOptions, OnAnswer


class BusSource(Source):
    """A source that waits on its bus connection; subclasses set `_bus`, which is None while there is none."""

    def __init__(self) -> None:
        self._bus: Bus | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._bus is not None

    def call(
        self,
        to: DBusAddress,
        method: str,
        signature: str | None,
        body: tuple[Any, ...],
        on_answer: OnAnswer,
        **options: Unpack[CallOptions],
    ) -> None:
        """Send a call, like `Bus.call`, if there is a connection."""
        if self._bus:
            self._bus.call(to, method, signature, body, on_answer, **options)

    def wait(self, now: Callable[[], float], seconds: float) -> None:
        """Wait for the answers that are due, at most for this long; only outside the event loop."""
        until = now() + seconds
        while self.deadline() is not None and now() < until:
            turn([self], now, until)

    def fileno(self) -> int:
        """Return the connection's descriptor, -1 if there is none."""
        return self._bus.fileno() if self._bus else -1

    def events(self) -> int:
        """Return the events to wait for on the descriptor."""
        return self._bus.events() if self._bus else 0

    def ready(self) -> None:
        """Read from and write to the connection, without blocking."""
        if self._bus:
            self._bus.ready()

    def deadline(self) -> float | None:
        """Return when the first call times out."""
        return self._bus.deadline() if self._bus else None

    def expire(self, now: float) -> None:
        """Report the calls that have timed out."""
        if self._bus:
            self._bus.expire(now)

    def close(self) -> None:
        """Close the connection."""
        if self._bus:
            self._bus.close()
            self._bus = None
