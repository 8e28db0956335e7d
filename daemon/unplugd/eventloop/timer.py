"""A repeating timer as a source of the event loop. It drives polls: announcements can be lost or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer(Source):
    """Calls `on_due` every `interval()` seconds, measured by the clock `now`."""

    def __init__(
        self, now: Callable[[], float], interval: Callable[[], float], on_due: Callable[[], None]
    ) -> None:
        self._interval = interval
        self._on_due = on_due
        self._last = now()

    def deadline(self) -> float | None:
        """Return when the next call is due."""
        return self._last + self._interval()

    def expire(self, now: float) -> None:
        """Call `on_due` if it is due."""
        if now >= self._last + self._interval():
            self._last = now
            self._on_due()
