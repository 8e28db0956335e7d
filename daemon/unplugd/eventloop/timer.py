"""Looking every now and then, as a source of the loop: announcements can be lost, and are not to be had everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """Calls `due` every `interval()` seconds on the clock `now`."""

    def __init__(
        self, now: Callable[[], float], interval: Callable[[], float], due: Callable[[], None]
    ) -> None:
        self._interval = interval
        self._due = due
        self._last = now()

    def fileno(self) -> int:
        """Return -1: there is nothing to read."""
        return -1

    def events(self) -> int:
        """Return 0, likewise."""
        return 0

    def ready(self) -> None:
        """Do nothing."""

    def deadline(self) -> float | None:
        """Return when it is time."""
        return self._last + self._interval()

    def expire(self, now: float) -> None:
        """Call `due` if it is time."""
        if now >= self._last + self._interval():
            self._last = now
            self._due()

    def close(self) -> None:
        """Do nothing."""
