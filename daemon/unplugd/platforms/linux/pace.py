"""Limits how often something is done. Pure."""

from __future__ import annotations

import math
from typing import Final

GAP_SECONDS: Final = 0.05
"""Shortest time between two, in seconds."""
BURST: Final = 40
"""How many may follow one another with only the shortest time between them."""
REFILL_SECONDS: Final = 3.0
"""Seconds after which one more may follow: what never stops is done this often."""


class Pace:
    """Says when something may be done again. Times are in seconds on any clock."""

    def __init__(self) -> None:
        self._latest = -math.inf
        self._rested_at = -math.inf
        """When a whole burst is allowed again."""

    def find_next(self, now: float) -> float:
        """Return when it may be done: `now`, or later."""
        return max(now, self._latest + GAP_SECONDS, self._rested_at - (BURST - 1) * REFILL_SECONDS)

    def note(self, now: float) -> None:
        """Count that it is done now."""
        self._latest = now
        self._rested_at = max(now, self._rested_at) + REFILL_SECONDS
