"""Intervals of time, as begin and end in seconds. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Interval = tuple[float, float]
    Intervals = Sequence[Interval]


def join_intervals(intervals: Iterable[Interval], max_gap: float | None = None) -> list[Interval]:
    """Return the intervals in order, joining those that overlap or are at most `max_gap` seconds apart.

    None: only those that overlap.
    """
    joined: list[Interval] = []
    for began, ended in sorted(intervals):
        if joined and (began < joined[-1][1] if max_gap is None else began <= joined[-1][1] + max_gap):
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        else:
            joined.append((began, ended))
    return joined


def subtract_intervals(spans: Intervals, taken: Intervals) -> list[Interval]:
    """Return what is left of intervals; both are in order and without overlaps."""
    left: list[Interval] = []
    first = 0
    for begin, end in spans:
        at = begin
        while first < len(taken) and taken[first][1] <= begin:
            first += 1
        for taken_begin, taken_end in islice(taken, first, None):
            if taken_begin >= end:
                break
            if taken_begin > at:
                left.append((at, taken_begin))
            at = max(at, taken_end)
        if at < end:
            left.append((at, end))
    return left
