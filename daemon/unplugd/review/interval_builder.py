"""Adds up what a report says about an interval: in total, by day, device and computer. Pure.

Periods and runs of unplugd may be added in any order; nothing of them is kept. All is in whole milliseconds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from unplugd.review.figures_builder import FiguresBuilder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from unplugd.review.days import Calendar
    from unplugd.review.figures_builder import PeriodMs


class IntervalBuilder:
    """What is in the interval from `low` to `high`, with the figures of each day or week of each calendar."""

    def __init__(self, low: int, high: int, calendars: Iterable[Calendar]) -> None:
        self.total = FiguresBuilder()
        self.by_device: dict[tuple[str, str], FiguresBuilder] = {}
        """By name and id."""
        self.by_computer: dict[str, FiguresBuilder] = {}
        self.held_back_times: Counter[str] = Counter()
        self.held_back_for: Counter[str] = Counter()
        self._low, self._high = low, high
        self._calendars = [(calendar, dict[int, FiguresBuilder]()) for calendar in calendars]

    @property
    def by_calendar(self) -> list[dict[int, FiguresBuilder]]:
        """For each calendar, the figures of each day or week with data, by its number."""
        return [builders for _, builders in self._calendars]

    def add_run(self, host: str, began: int, ended: int) -> None:
        """Add a time during which unplugd was running on a computer, if any of it is in the interval."""
        if max(began, self._low) < min(ended, self._high):
            self.by_computer.setdefault(host, FiguresBuilder())
            self._add_known(began, ended)

    def add_period(self, timed: PeriodMs) -> bool:
        """Add a period; return whether it is in the interval."""
        low, high = self._low, self._high
        if not timed.touches(low, high):
            return False
        period = timed.period
        device = self.by_device.setdefault((period.name, period.id), FiguresBuilder())
        computer = self.by_computer.setdefault(period.host, FiguresBuilder())
        timed.add_to((self.total, device, computer), low, high)
        for held, began, ended in zip(
            period.held_back, timed.held_back.begins, timed.held_back.ends, strict=True
        ):
            self.held_back_times[held.program] += low <= began < high
            self.held_back_for[held.program] += max(0, min(ended, high) - max(began, low))
        self._add_known(timed.began, timed.ended)
        if high <= low:
            return True
        for calendar, builders in self._calendars:
            # Include the moment of its end, which may be the first of the next day: it may have a reaction.
            last = calendar.find(min(timed.ended, high - 1))
            for number in range(calendar.find(max(timed.began, low)), last + 1, calendar.length):
                began, ended = calendar.find_edges(number)
                began, ended = max(low, began), min(high, ended)
                if began < ended and timed.touches(began, ended):
                    timed.add_to((builders.setdefault(number, FiguresBuilder()),), began, ended)
        return True

    def _add_known(self, began: int, ended: int) -> None:
        """Add a time for which there is data."""
        began, ended = max(began, self._low), min(ended, self._high)
        if self._high <= self._low:
            return
        for calendar, builders in self._calendars:
            last = calendar.find(max(began, ended - 1))
            for number in range(calendar.find(began), last + 1, calendar.length):
                day_began, day_ended = calendar.find_edges(number)
                # A zone that moved across the date line skipped a day.
                if day_began < day_ended:
                    builders.setdefault(number, FiguresBuilder())


def list_held_back(
    times: Mapping[str, int], lengths: Mapping[str, int]
) -> tuple[tuple[str, int, float], ...]:
    """Return the programs that held reminders back, how many times and for how many seconds, the longest first."""
    return tuple(
        (program, times[program], lengths[program] / 1000)
        for program in sorted(times, key=lambda program: (-lengths[program], program))
        if times[program] or lengths[program]
    )


def measure_not_watched(
    runs: Iterable[tuple[int, int]], low: int, high: int, known_since: int | None = None
) -> int:
    """Return for how long unplugd was not running on one computer, from its first run on, between `low` and `high`.

    Runs that ended before `low` may be missing if it is known since when there were any.
    """
    intervals = sorted(runs)
    begins = [began for began, _ in intervals[:1]] + ([] if known_since is None else [known_since])
    if not begins:
        return 0
    missing = 0
    reached = max(low, min(begins))
    for began, ended in intervals:
        missing += max(0, min(began, high) - reached)
        reached = max(reached, min(ended, high))
    return missing + max(0, high - reached)
