"""Splits the periods of a computer into stretches: a device is plugged in and used, or plugged in and not used. Pure.

Times are Unix milliseconds, rounded as those of a report, so that the stretches of any interval add up to its figures.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.review.figures_builder import to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unplugd.review.model import Period

ALWAYS: Final = (-sys.maxsize, sys.maxsize)
"""An interval in which every period is."""


class Stretch(NamedTuple):
    """A time during which a plugged-in device was used all the time, or not at all.

    `program` is the one that used it, "" if unknown or unused. `reminders`: how many there were, of which a reminder
    about two devices counts for each. `plugged_in_since`: when the device was plugged in, which may be before the
    interval that was asked for.
    """

    computer: str
    device: str
    id: str
    name: str
    began: int
    ended: int
    used: bool
    program: str
    reminders: int
    plugged_in_since: int


def list_stretches(periods: Iterable[Period], low: int, high: int) -> Iterator[Stretch]:
    """Yield the stretches of one computer from `low` to `high`, cut to that interval, in order of begin and device.

    The periods have to be in order of their begin; only those that overlap are in memory at a time.
    """
    waiting: list[tuple[int, str, int, Stretch]] = []
    number = count()
    for period in periods:
        began = max(to_milliseconds(period.began), low)
        while waiting and waiting[0][0] < began:
            yield heappop(waiting)[-1]
        for stretch in _split(period, low, high):
            heappush(waiting, (stretch.began, stretch.device, next(number), stretch))
    while waiting:
        yield heappop(waiting)[-1]


def _split(period: Period, low: int, high: int) -> Iterator[Stretch]:
    """Yield the stretches of a period, cut to the interval.

    A period or a use that is shorter than a millisecond is a stretch without a length; so is the end of a period if the
    interval begins there and a reminder is counted in it.
    """
    plugged_in_since = to_milliseconds(period.began)
    if plugged_in_since >= high:
        return
    reminded_at = [to_milliseconds(reminder.at) for reminder in period.reminders]
    parts = list(_list_parts(period))
    for number, (began, ended, program) in enumerate(parts):
        is_last = number == len(parts) - 1
        first = bisect_left(reminded_at, max(began, low))
        reminders = max(0, bisect_left(reminded_at, high if is_last else min(ended, high)) - first)
        begin = max(began, low)
        end = max(begin, min(ended, high))
        if begin < end or reminders or low <= began == ended < high:
            yield Stretch(
                period.host,
                period.device,
                period.id,
                period.name,
                begin,
                end,
                program is not None,
                program or "",
                reminders,
                plugged_in_since,
            )


def _list_parts(period: Period) -> Iterator[tuple[int, int, str | None]]:
    """Yield the begin, the end and the program of each part of a period; None if it was not used."""
    reached = to_milliseconds(period.began)
    for use in period.uses:
        began, ended = to_milliseconds(use.began), to_milliseconds(use.ended)
        if reached < began:
            yield reached, began, None
        yield began, ended, use.program
        reached = ended
    ended = to_milliseconds(period.ended)
    if reached < ended or not period.uses:
        yield reached, ended, None
