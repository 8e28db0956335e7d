"""How long the machine has been asleep, by two clocks: only one of them goes on during sleep. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSE_SECONDS: Final = 0.001
"""Two clocks that are read within this time, in seconds, were read together."""
MAX_TRIES: Final = 10


def measure_sleep(now: Callable[[], float], awake: Callable[[], float]) -> float:
    """Return how many seconds the clock `now` is ahead of `awake`, which stands still during sleep.

    A busy machine may stop this program between reading the one and the other, for seconds, which must not look like
    sleep. So they are read again then, and the readings that were closest together count.
    """
    closest, ahead = math.inf, 0.0
    for _ in range(MAX_TRIES):
        before = awake()
        present = now()
        after = awake()
        if after - before < closest:
            closest, ahead = after - before, present - after
        if closest < CLOSE_SECONDS:
            break
    return max(0.0, ahead)
