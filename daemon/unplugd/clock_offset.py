"""How far one clock is ahead of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def read_offset(clock: Callable[[], float], other: Callable[[], float]) -> float:
    """Return how many seconds `clock` is ahead of `other`."""
    # If the process has to wait for a processor between the two readings, the difference is too small by that time.
    return max(clock() - other() for _ in range(2))
