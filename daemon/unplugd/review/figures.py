"""Periods → the figures of a report: in all, by day, by device, by computer, and against the time before. Pure.

A stretch of time is from a moment to just before another. Each duration is the part within the stretch; whatever is
counted belongs to the stretch in which it began. So the figures of parts add up to those of the whole, to the
millisecond, whether they are days, devices, computers, or what is before and after any moment; only the longest and
the median are of each for itself.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from datetime import UTC
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, tzinfo

    from unplugd.review.model import Period, Review, Snooze, Use, Watched

OUTCOMES: Final = ("unplugged", "in_use", "snoozed", "dismissed", "expired", "")
"""What can become of a reminder, the best first; "" where the journal does not say."""
_LENGTH: Final = len("2026-11-22T14:00:00+01:00")


class Figures(msgspec.Struct, frozen=True):
    """What a stretch of time comes to. Durations in seconds; the longest ones are of one period.

    `periods`: how often something was plugged in. `unused_for`: `plugged_for` less `used_for`. `uses`, `reminders`,
    `snoozes`: how many began; a reminder of two devices is one of each. `strangers`: unknown programs on the devices,
    each once a period. `outcomes` are those of the reminders, and add up to them.

    `reaction` is the median time from the first reminder after the last use to the unplug, None without any: of the
    periods whose end was seen, in the stretch.
    """

    periods: int = 0
    plugged_for: float = 0.0
    used_for: float = 0.0
    unused_for: float = 0.0
    longest: float = 0.0
    longest_unused: float = 0.0
    uses: int = 0
    reminders: int = 0
    outcomes: Mapping[str, int] = msgspec.field(default_factory=dict)
    reaction: float | None = None
    snoozes: int = 0
    snoozed_for: float = 0.0
    strangers: int = 0


class Report(msgspec.Struct, frozen=True):
    """All that a report says. Times are Unix seconds; days are local ones, of `zone`.

    `notes` counts what was met on the way: torn, foreign, doubled, unknown lines, clock jumps, lost events, files that
    cannot be read. `before` are the figures of the equally long time before, None where the journal does not reach.
    """

    since: float
    until: float
    zone: str
    total: Figures
    before: Figures | None
    days: tuple[tuple[date, Figures], ...]
    """Those of which something is known, oldest first."""
    devices: tuple[tuple[str, str, Figures], ...]
    """Name, id, figures."""
    computers: tuple[tuple[str, Figures], ...]
    periods: tuple[Period, ...]
    """Those that are not over by `since` and have begun by `until`, cut to these, oldest first."""
    watched: tuple[Watched, ...]
    not_watched_for: float
    """Seconds in which unplugd ran on none of the computers that it ever ran on, each counted for itself.

    A computer counts from the first time that unplugd ran on it.
    """
    notes: Mapping[str, int]


def build_report(
    review: Review,
    *,
    since: float | None = None,
    until: float | None = None,
    zone: tzinfo = UTC,
    name: str = "",
) -> Report:
    """Return the report from `since` (None: from the first thing known) until `until` (None: until the last one).

    `name` is what `zone` is called, if it does not say so itself.
    """
    laid = [_PeriodMs(period) for period in review.periods]
    watches = [
        (watched.host, to_milliseconds(watched.began), to_milliseconds(watched.ended))
        for watched in review.watched
    ]
    begins = [one.began for one in laid] + [began for _, began, _ in watches]
    ends = [one.ended for one in laid] + [ended for _, _, ended in watches]
    low = (
        to_milliseconds(since)
        if since is not None
        else min(begins, default=0 if until is None else to_milliseconds(until))
    )
    # The next full second: what happens in the last moment is before it.
    high = max(
        low, to_milliseconds(until) if until is not None else (max(ends, default=low) // 1000 + 1) * 1000
    )
    within = [one for one in laid if one.touches(low, high)]

    total = _FiguresBuilder()
    by_device: dict[tuple[str, str], _FiguresBuilder] = {}
    by_computer: dict[str, _FiguresBuilder] = {
        host: _FiguresBuilder() for host, began, ended in watches if began < high and ended > low
    }
    for one in within:
        period = one.period
        device = by_device.setdefault((period.name, period.id), _FiguresBuilder())
        computer = by_computer.setdefault(period.host, _FiguresBuilder())
        one.add_to((total, device, computer), low, high)

    earlier = low - (high - low)
    before = None
    if begins and min(begins) <= earlier < low:
        tally = _FiguresBuilder()
        for one in laid:
            if one.touches(earlier, low):
                one.add_to((tally,), earlier, low)
        before = tally.figures()

    return Report(
        since=low / 1000,
        until=high / 1000,
        zone=name or str(zone),
        total=total.figures(),
        before=before,
        days=_by_day(within, watches, low, high, zone),
        devices=tuple((*key, by_device[key].figures()) for key in sorted(by_device)),
        computers=tuple((host, by_computer[host].figures()) for host in sorted(by_computer)),
        periods=tuple(
            sorted((one.cut(low, high) for one in within), key=lambda p: (p.began, p.host, p.device))
        ),
        watched=tuple(
            replace(watched, began=max(watched.began, low / 1000), ended=min(watched.ended, high / 1000))
            for watched in review.watched
            if to_milliseconds(watched.began) < high and to_milliseconds(watched.ended) > low
        ),
        not_watched_for=_sum_not_watched(watches, low, high) / 1000,
        notes=dict(review.notes),
    )


class _FiguresBuilder:
    """Figures as they grow, in whole milliseconds: so they add up exactly."""

    __slots__ = (
        "longest",
        "longest_unused",
        "outcomes",
        "periods",
        "plugged",
        "reactions",
        "reminders",
        "snoozed",
        "snoozes",
        "strangers",
        "used",
        "uses",
    )

    def __init__(self) -> None:
        self.periods = self.plugged = self.used = self.longest = self.longest_unused = 0
        self.uses = self.reminders = self.snoozes = self.snoozed = self.strangers = 0
        self.outcomes = dict.fromkeys(OUTCOMES, 0)
        self.reactions: list[int] = []

    def figures(self) -> Figures:
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
            reaction=statistics.median(self.reactions) / 1000 if self.reactions else None,
            snoozes=self.snoozes,
            snoozed_for=self.snoozed / 1000,
            strangers=self.strangers,
        )


class _PeriodMs:
    """A period in whole milliseconds."""

    __slots__ = ("began", "ended", "latest", "outcomes", "period", "reacted", "reminded", "snoozes", "uses")

    def __init__(self, period: Period) -> None:
        self.period = period
        self.began = to_milliseconds(period.began)
        self.ended = to_milliseconds(period.ended)
        self.uses = _Intervals(period.uses)
        self.snoozes = _Intervals(period.snoozes)
        self.reminded = [to_milliseconds(reminder.at) for reminder in period.reminders]
        self.outcomes = [one.outcome if one.outcome in OUTCOMES else "" for one in period.reminders]
        self.reacted = self._reacted()
        counted = (self.reminded, self.uses.begins, self.snoozes.begins)
        self.latest = max([self.began, *(moments[-1] for moments in counted if moments)])
        """When the last thing that is counted happened: it can be the very end, which is the next stretch's beginning."""
        if self.reacted is not None:
            self.latest = self.ended

    def _reacted(self) -> int | None:
        if self.period.end != "unplugged":
            return None
        after = self.uses.ends[-1] if self.uses.ends else self.began
        first = bisect_left(self.reminded, after)
        return self.ended - self.reminded[first] if first < len(self.reminded) else None

    def touches(self, low: int, high: int) -> bool:
        return self.began < high and (self.ended > low or self.latest >= low)

    def add_to(self, tallies: Iterable[_FiguresBuilder], low: int, high: int) -> None:
        """Add what is of it from `low` to `high`."""
        plugged = max(0, min(self.ended, high) - max(self.began, low))
        uses, used = self.uses.within(low, high)
        snoozes, snoozed = self.snoozes.within(low, high)
        outcomes = self.outcomes[bisect_left(self.reminded, low) : bisect_left(self.reminded, high)]
        counted = [(outcome, outcomes.count(outcome)) for outcome in set(outcomes)]
        begins = low <= self.began < high
        reacted = self.reacted if low <= self.ended < high else None
        unused = plugged - used
        for tally in tallies:
            tally.plugged += plugged
            tally.used += used
            tally.longest = max(tally.longest, plugged)
            tally.longest_unused = max(tally.longest_unused, unused)
            tally.uses += uses
            tally.snoozes += snoozes
            tally.snoozed += snoozed
            if begins:
                tally.periods += 1
                tally.strangers += len(self.period.strangers)
            if reacted is not None:
                tally.reactions.append(reacted)
            tally.reminders += len(outcomes)
            for outcome, count in counted:
                tally.outcomes[outcome] += count

    def cut(self, low: int, high: int) -> Period:
        """Return the period from `low` to `high`; what goes on after `high` is open then."""
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
                for use in self.uses.of(period.uses, low, high)
            ),
            reminders=period.reminders[bisect_left(self.reminded, low) : bisect_left(self.reminded, high)],
            snoozes=tuple(
                replace(snooze, began=max(snooze.began, since), ended=min(snooze.ended, until))
                for snooze in self.snoozes.of(period.snoozes, low, high)
            ),
        )


class _Intervals:
    """Spans in order that do not overlap, in milliseconds."""

    __slots__ = ("begins", "ends", "lengths")

    def __init__(self, spans: Sequence[Use | Snooze]) -> None:
        self.begins = [to_milliseconds(one.began) for one in spans]
        self.ends = [to_milliseconds(one.ended) for one in spans]
        self.lengths: list[int] = list(accumulate(map(sub, self.ends, self.begins), initial=0))

    def within(self, low: int, high: int) -> tuple[int, int]:
        """Return how many begin from `low` to `high`, and how long they are there in all."""
        if not self.begins:
            return 0, 0
        begun, beyond = bisect_left(self.begins, low), bisect_left(self.begins, high)
        return beyond - begun, self._until(high) - self._until(low)

    def _until(self, moment: int) -> int:
        """Return how long they are until `moment` in all."""
        over = bisect_right(self.ends, moment)
        goes_on = over < len(self.begins) and self.begins[over] < moment
        return self.lengths[over] + (moment - self.begins[over] if goes_on else 0)

    def of(self, items: Sequence[Any], low: int, high: int) -> Sequence[Any]:
        """Return the items whose spans have a part from `low` to `high`."""
        first = min(bisect_right(self.ends, low), bisect_left(self.begins, low))
        return items[first : bisect_left(self.begins, high)]


def _by_day(
    within: Sequence[_PeriodMs], watches: Sequence[tuple[str, int, int]], low: int, high: int, zone: tzinfo
) -> tuple[tuple[date, Figures], ...]:
    known = [(max(one.began, low), min(one.ended, high)) for one in within]
    known += [
        (max(began, low), min(ended, high)) for _, began, ended in watches if began < high and ended > low
    ]
    if not known or high <= low:
        return ()
    first = min(began for began, _ in known)
    last = max(ended for _, ended in known)
    local = days.list_days(first / 1000, (last + 1) / 1000, zone)
    edges = [to_milliseconds(day.began) for day in local] + [to_milliseconds(local[-1].ended)]

    def index(moment: int) -> int:
        return min(max(bisect_right(edges, moment) - 1, 0), len(local) - 1)

    covered = [0] * (len(local) + 1)
    for began, ended in known:
        covered[index(began)] += 1
        covered[index(max(began, ended - 1)) + 1] -= 1
    tallies = [_FiguresBuilder() if count else None for count in accumulate(covered[:-1])]
    for one in within:
        # A moment more than its end: there may be a reaction in it.
        for number in range(index(max(one.began, low)), index(min(one.ended, high - 1)) + 1):
            first, last = max(low, edges[number]), min(high, edges[number + 1])
            if one.touches(first, last):
                tally = tallies[number] = tallies[number] or _FiguresBuilder()
                one.add_to((tally,), first, last)
    return tuple((day.date, tally.figures()) for day, tally in zip(local, tallies, strict=True) if tally)


def _sum_not_watched(watches: Sequence[tuple[str, int, int]], low: int, high: int) -> int:
    of_host: dict[str, list[tuple[int, int]]] = {}
    for host, began, ended in watches:
        of_host.setdefault(host, []).append((began, ended))
    missing = 0
    for spans in of_host.values():
        spans.sort()
        reached = max(low, spans[0][0])
        for began, ended in spans:
            missing += max(0, min(began, high) - reached)
            reached = max(reached, min(ended, high))
        missing += max(0, high - reached)
    return missing


def to_milliseconds(seconds: float) -> int:
    """Return seconds as whole milliseconds."""
    return round(seconds * 1000)


def sum_figures(parts: Iterable[Figures]) -> Figures:
    """Return the figures of several days together; what is no sum is that of the day with the most, or None."""
    total = _FiguresBuilder()
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
        total.strangers += part.strangers
    return total.figures()


# --- sharing ------------------------------------------------------------------------------------------------------


# --- JSON ---------------------------------------------------------------------------------------------------------
