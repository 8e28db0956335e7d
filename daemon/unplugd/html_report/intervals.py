"""The used and unused intervals of a period, in Unix seconds, as drawn on the page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.review.intervals import join_intervals, subtract_intervals

if TYPE_CHECKING:
    from unplugd.review.intervals import Interval, Intervals
    from unplugd.review.model import Period


def find_used(period: Period, low: float, high: float) -> list[Interval]:
    """Return when a device was used between `low` and `high`, in order and without overlaps."""
    cut = ((max(low, use.began), min(high, use.ended)) for use in period.uses)
    return join_intervals((interval for interval in cut if interval[0] < interval[1]), 0.0)


def find_unused(used: Intervals, low: float, high: float) -> list[Interval]:
    """Return the rest of the time between `low` and `high`."""
    # Include an empty interval if it is the only one, so that the period is visible.
    return subtract_intervals([(low, high)], used) if used or low < high else [(low, high)]
