"""Looking every now and then, as a source of the loop: announcements can be lost, and are not to be had everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer(Source):
    """Calls `due` every `interval()` seconds on the clock `now`."""

    def __init__(
        self, now: Callable[[], float], interval: Callable[[], float], due: Callable[[], None]
    ) -> None:
        self._interval = interval
        self._due = due
        self._last = now()

    def deadline(self) -> float | None:
        """Return when it is time."""
        return self._last + self._interval()

    def expire(self, now: float) -> None:
        """Call `due` if it is time."""
        if now >= self._last + self._interval():
            self._last = now
            self._due()
