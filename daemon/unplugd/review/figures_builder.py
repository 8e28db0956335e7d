"""Computes the figures of an interval from periods, in whole milliseconds so that parts add up exactly. Pure.

What was added up (`FiguresBuilder`) can be sent to another process, and merged in any order.
"""

from __future__ import annotations

import statistics
import struct
from bisect import bisect_left, bisect_right
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from unplugd.review.figures import ABSENCES, OUTCOMES, Figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unplugd.review.model import Absence, HeldBack, Period, Snooze, Use

HALF_AN_HOUR_MS: Final = 1_800_000
THREE_HOURS_MS: Final = 10_800_000
_REACTION: Final = struct.Struct("<q")


def to_milliseconds(seconds: float) -> int:
    """Return seconds as whole milliseconds."""
    return round(seconds * 1000)


def sum_figures(parts: Iterable[Figures]) -> Figures:
    """Return the sum of the figures of several days; the longest durations are per day, and the median is None."""
    total = FiguresBuilder()
    for part in parts:
        total.periods += part.periods
        total.plugged += to_milliseconds(part.plugged_for)
        total.used += to_milliseconds(part.used_for)
        total.longest = max(total.longest, to_milliseconds(part.longest))
        total.longest_unused = max(total.longest_unused, to_milliseconds(part.longest_unused))
        total.uses += part.uses
        total.reminders += part.reminders
        for outcome, count in part.outcomes.items():
            total.outcomes[outcome] += count
        total.snoozes += part.snoozes
        total.snoozed += to_milliseconds(part.snoozed_for)
        total.over_half_an_hour += part.over_half_an_hour
        total.over_three_hours += part.over_three_hours
        total.strangers += part.strangers
        for why, seconds in part.away_for.items():
            total.away[why] += to_milliseconds(seconds)
    return total.build()


class FiguresBuilder(msgspec.Struct, array_like=True):
    """Figures being added up, in whole milliseconds."""

    periods: int = 0
    plugged: int = 0
    used: int = 0
    longest: int = 0
    longest_unused: int = 0
    uses: int = 0
    reminders: int = 0
    snoozes: int = 0
    snoozed: int = 0
    strangers: int = 0
    over_half_an_hour: int = 0
    over_three_hours: int = 0
    outcomes: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    away: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(ABSENCES, 0))
    reactions: bytearray = msgspec.field(default_factory=bytearray)
    """The time of each reaction, in any order, 8 bytes each: for the median, and much smaller than a list."""

    def merge(self, other: FiguresBuilder) -> None:
        """Add what another one has added up, from other periods of the same interval."""
        self.periods += other.periods
        self.plugged += other.plugged
        self.used += other.used
        self.longest = max(self.longest, other.longest)
        self.longest_unused = max(self.longest_unused, other.longest_unused)
        self.uses += other.uses
        self.reminders += other.reminders
        self.snoozes += other.snoozes
        self.snoozed += other.snoozed
        self.strangers += other.strangers
        self.over_half_an_hour += other.over_half_an_hour
        self.over_three_hours += other.over_three_hours
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] += count
        for why, length in other.away.items():
            self.away[why] += length
        self.reactions += other.reactions

    def add_wait(self, milliseconds: int, *, seen: bool) -> None:
        """Add the time from a reminder to the end of a period; `seen`: the unplug was, so the median counts it."""
        if seen:
            self.reactions += _REACTION.pack(milliseconds)
        self.over_half_an_hour += milliseconds > HALF_AN_HOUR_MS
        self.over_three_hours += milliseconds > THREE_HOURS_MS

    def build(self) -> Figures:
        """Return the figures."""
        reactions = [milliseconds for (milliseconds,) in _REACTION.iter_unpack(self.reactions)]
        return Figures(
            periods=self.periods,
            plugged_for=self.plugged / 1000,
            used_for=self.used / 1000,
            unused_for=(self.plugged - self.used) / 1000,
            longest=self.longest / 1000,
            longest_unused=self.longest_unused / 1000,
            uses=self.uses,
            reminders=self.reminders,
            outcomes=self.outcomes.copy(),
            reaction=statistics.median(reactions) / 1000 if reactions else None,
            over_half_an_hour=self.over_half_an_hour,
            over_three_hours=self.over_three_hours,
            snoozes=self.snoozes,
            snoozed_for=self.snoozed / 1000,
            strangers=self.strangers,
            away_for={why: length / 1000 for why, length in self.away.items()},
        )


class PeriodMs:
    """A period in whole milliseconds."""

    __slots__ = (
        "absences",
        "away",
        "began",
        "ended",
        "held_back",
        "last_counted",
        "outcomes",
        "period",
        "reminded_at",
        "snoozes",
        "uses",
        "waited",
    )

    def __init__(self, period: Period) -> None:
        self.period = period
        self.began = to_milliseconds(period.began)
        self.ended = to_milliseconds(period.ended)
        self.uses = _measure(period.uses)
        self.snoozes = _measure(period.snoozes)
        self.held_back = _measure(period.held_back)
        self.absences = _measure(period.absences)
        self.away = _measure_by_reason(period.absences) if period.absences else {}
        """The absences by reason."""
        self.reminded_at = [to_milliseconds(reminder.at) for reminder in period.reminders]
        self.outcomes = [
            reminder.outcome if reminder.outcome in OUTCOMES else "" for reminder in period.reminders
        ]
        self.waited = self._find_waited()
        counted = (self.reminded_at, self.uses.begins, self.snoozes.begins)
        self.last_counted = max([self.began, *(moments[-1] for moments in counted if moments)])
        """When the last counted thing happened; it may be the end of the period, where the next interval begins."""
        if self.waited is not None:
            self.last_counted = self.ended

    def _find_waited(self) -> int | None:
        """Return the time from the first reminder after the last use to the end of the period, None without such one.

        The time in which nobody was in front does not count.
        """
        last_used_at = self.uses.ends[-1] if self.uses.ends else self.began
        first = bisect_left(self.reminded_at, last_used_at)
        if first == len(self.reminded_at):
            return None
        reminded_at = self.reminded_at[first]
        return self.ended - reminded_at - self.absences.measure(reminded_at, self.ended)[1]

    def touches(self, low: int, high: int) -> bool:
        """Return whether any of its figures fall into the interval from `low` to `high`."""
        return self.began < high and (self.ended > low or self.last_counted >= low)

    def add_to(self, builders: Sequence[FiguresBuilder], low: int, high: int) -> None:
        """Add its figures for the interval from `low` to `high`."""
        plugged = max(0, min(self.ended, high) - max(self.began, low))
        uses, used = self.uses.measure(low, high)
        snoozes, snoozed = self.snoozes.measure(low, high)
        outcomes = self.outcomes[bisect_left(self.reminded_at, low) : bisect_left(self.reminded_at, high)]
        counted = [(outcome, outcomes.count(outcome)) for outcome in set(outcomes)]
        begins = low <= self.began < high
        waited = self.waited if low <= self.ended < high else None
        unused = plugged - used
        for builder in builders:
            builder.plugged += plugged
            builder.used += used
            builder.longest = max(builder.longest, plugged)
            builder.longest_unused = max(builder.longest_unused, unused)
            builder.uses += uses
            builder.snoozes += snoozes
            builder.snoozed += snoozed
            if begins:
                builder.periods += 1
                builder.strangers += len(self.period.strangers)
            if waited is not None:
                builder.add_wait(waited, seen=self.period.end == "unplugged")
            builder.reminders += len(outcomes)
            for outcome, count in counted:
                builder.outcomes[outcome] += count
        for why, spans in self.away.items():
            _, length = spans.measure(low, high)
            for builder in builders:
                builder.away[why] += length

    def cut(self, low: int, high: int) -> Period:
        """Return the period cut to the interval from `low` to `high`; it is open if it continues after `high`."""
        period = self.period
        if low <= self.began and self.ended < high:
            return period
        since, until = low / 1000, high / 1000
        return replace(
            period,
            began=max(period.began, since),
            ended=min(period.ended, until),
            end=period.end if self.ended <= high else "open",
            uses=tuple(
                replace(use, began=max(use.began, since), ended=min(use.ended, until))
                for use in self.uses.select(period.uses, low, high)
            ),
            reminders=period.reminders[
                bisect_left(self.reminded_at, low) : bisect_left(self.reminded_at, high)
            ],
            snoozes=tuple(
                replace(snooze, began=max(snooze.began, since), ended=min(snooze.ended, until))
                for snooze in self.snoozes.select(period.snoozes, low, high)
            ),
            held_back=tuple(
                replace(held, began=max(held.began, since), ended=min(held.ended, until))
                for held in self.held_back.select(period.held_back, low, high)
            ),
            absences=tuple(
                replace(absence, began=max(absence.began, since), ended=min(absence.ended, until))
                for absence in self.absences.select(period.absences, low, high)
            ),
        )


class Intervals:
    """Intervals in order, without overlaps, in whole milliseconds."""

    __slots__ = ("begins", "ends", "totals")

    def __init__(self, items: Sequence[Use | Snooze | HeldBack | Absence]) -> None:
        self.begins = [to_milliseconds(item.began) for item in items]
        self.ends = [to_milliseconds(item.ended) for item in items]
        self.totals: list[int] = list(accumulate(map(sub, self.ends, self.begins), initial=0))
        """The total length of the first 0, 1, 2… intervals."""

    def measure(self, low: int, high: int) -> tuple[int, int]:
        """Return how many begin between `low` and `high`, and how much time they cover there."""
        if not self.begins:
            return 0, 0
        first, end = bisect_left(self.begins, low), bisect_left(self.begins, high)
        return end - first, self._sum_until(high) - self._sum_until(low)

    def _sum_until(self, moment: int) -> int:
        over = bisect_right(self.ends, moment)
        is_within = over < len(self.begins) and self.begins[over] < moment
        return self.totals[over] + (moment - self.begins[over] if is_within else 0)

    def select(self, items: Sequence[Any], low: int, high: int) -> Sequence[Any]:
        """Return the items that overlap the interval from `low` to `high`."""
        first = min(bisect_right(self.ends, low), bisect_left(self.begins, low))
        return items[first : bisect_left(self.begins, high)]


_NONE: Final = Intervals(())


def _measure(items: Sequence[Use | Snooze | HeldBack | Absence]) -> Intervals:
    """Return the intervals of these; most periods have none of a kind."""
    return Intervals(items) if items else _NONE


def _measure_by_reason(absences: Sequence[Absence]) -> dict[str, Intervals]:
    return {
        why: Intervals([absence for absence in absences if absence.why == why])
        for why in {absence.why for absence in absences}
    }
