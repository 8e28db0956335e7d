"""The used and unused intervals of a period, in Unix seconds, as drawn on the page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unplugd.review.model import Period

    Interval = tuple[float, float]
    Intervals = Sequence[Interval]


def find_used(period: Period, low: float, high: float) -> list[Interval]:
    """Return when a device was used between `low` and `high`, in order and without overlaps."""
    cut = ((max(low, use.began), min(high, use.ended)) for use in period.uses)
    return join_intervals(interval for interval in cut if interval[0] < interval[1])


def find_unused(used: Intervals, low: float, high: float) -> list[Interval]:
    """Return the rest of the time between `low` and `high`."""
    unused: list[Interval] = []
    for began, ended in used:
        if low < began:
            unused.append((low, began))
        low = ended
    # Include an empty interval if it is the only one, so that the period is visible.
    if low < high or not used:
        unused.append((low, high))
    return unused


def join_intervals(intervals: Iterable[Interval], max_gap: float = 0.0) -> list[Interval]:
    """Return the intervals in order, joining those that overlap or are at most `max_gap` seconds apart."""
    joined: list[Interval] = []
    for began, ended in sorted(intervals):
        if joined and began <= joined[-1][1] + max_gap:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        else:
            joined.append((began, ended))
    return joined
