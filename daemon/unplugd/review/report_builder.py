"""Builds the report of an interval from a review: in total, by day, device and computer, and compared. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import UTC
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec.structs import replace

from unplugd.review import days
from unplugd.review.figures import Report
from unplugd.review.figures_builder import FiguresBuilder, PeriodMs, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, tzinfo

    from unplugd.review.figures import Figures
    from unplugd.review.model import Review

    Run = tuple[str, int, int]
    """A time during which unplugd was running: host, begin and end in milliseconds."""


def build_report(
    review: Review,
    *,
    since: float | None = None,
    until: float | None = None,
    zone: tzinfo = UTC,
    name: str = "",
) -> Report:
    """Return the report from `since` (None: the beginning of the data) to `until` (None: its end).

    Both are Unix seconds. `name` is the name of `zone` if str(zone) does not return it.
    """
    periods = [PeriodMs(period) for period in review.periods]
    runs = [(run.host, to_milliseconds(run.began), to_milliseconds(run.ended)) for run in review.watched]
    low, high, first_known = _find_bounds(periods, runs, since, until)
    touching = [period for period in periods if period.touches(low, high)]
    running = [(host, began, ended) for host, began, ended in runs if began < high and ended > low]

    total = FiguresBuilder()
    by_device: dict[tuple[str, str], FiguresBuilder] = {}
    by_computer = {host: FiguresBuilder() for host, _, _ in running}
    for timed in touching:
        period = timed.period
        device = by_device.setdefault((period.name, period.id), FiguresBuilder())
        computer = by_computer.setdefault(period.host, FiguresBuilder())
        timed.add_to((total, device, computer), low, high)

    earlier = low - (high - low)
    before = None
    if first_known is not None and first_known <= earlier < low:
        before = _build_figures(periods, earlier, low)

    return Report(
        since=low / 1000,
        until=high / 1000,
        zone=name or str(zone),
        total=total.build(),
        before=before,
        days=_build_days(touching, running, low, high, zone),
        devices=tuple((*key, by_device[key].build()) for key in sorted(by_device)),
        computers=tuple((host, by_computer[host].build()) for host in sorted(by_computer)),
        periods=tuple(
            sorted(
                (period.cut(low, high) for period in touching),
                key=lambda period: (period.began, period.host, period.device),
            )
        ),
        held_back=_sum_held_back(touching, low, high),
        watched=tuple(
            replace(run, began=max(run.began, low / 1000), ended=min(run.ended, high / 1000))
            for run in review.watched
            if to_milliseconds(run.began) < high and to_milliseconds(run.ended) > low
        ),
        not_watched_for=_sum_not_watched(runs, low, high) / 1000,
        notes=dict(review.notes),
    )


def _find_bounds(
    periods: Sequence[PeriodMs], runs: Sequence[Run], since: float | None, until: float | None
) -> tuple[int, int, int | None]:
    """Return where the report begins and ends, and where the data begins (None: no data), in milliseconds."""
    first_known = min([*(period.began for period in periods), *(began for _, began, _ in runs)], default=None)
    if since is not None:
        low = to_milliseconds(since)
    elif first_known is not None:
        low = first_known
    else:
        low = 0 if until is None else to_milliseconds(until)
    if until is not None:
        return low, max(low, to_milliseconds(until)), first_known
    last_known = max([*(period.ended for period in periods), *(ended for _, _, ended in runs)], default=low)
    # Take the next full second, so that the last event is before the end.
    return low, max(low, (last_known // 1000 + 1) * 1000), first_known


def _build_figures(periods: Iterable[PeriodMs], low: int, high: int) -> Figures:
    builder = FiguresBuilder()
    for period in periods:
        if period.touches(low, high):
            period.add_to((builder,), low, high)
    return builder.build()


def _build_days(
    periods: Sequence[PeriodMs], runs: Sequence[Run], low: int, high: int, zone: tzinfo
) -> tuple[tuple[date, Figures], ...]:
    """Return the figures of each local day from `low` to `high` that has data."""
    known = [(max(period.began, low), min(period.ended, high)) for period in periods]
    known += [(max(began, low), min(ended, high)) for _, began, ended in runs]
    if not known or high <= low:
        return ()
    first = min(began for began, _ in known)
    last = max(ended for _, ended in known)
    local_days = days.list_days(first / 1000, (last + 1) / 1000, zone)
    edges = [to_milliseconds(day.began) for day in local_days] + [to_milliseconds(local_days[-1].ended)]

    def find_day(moment: int) -> int:
        return min(max(bisect_right(edges, moment) - 1, 0), len(local_days) - 1)

    # For each day, the number of known times that begin on it minus those that ended the day before. The running sum is
    # the number of known times on that day.
    changes = [0] * (len(local_days) + 1)
    for began, ended in known:
        changes[find_day(began)] += 1
        changes[find_day(max(began, ended - 1)) + 1] -= 1
    builders = [FiguresBuilder() if count else None for count in accumulate(changes[:-1])]
    for period in periods:
        # Include the moment of its end, which may be the first of the next day: it may have a reaction.
        last_day = find_day(min(period.ended, high - 1))
        for number in range(find_day(max(period.began, low)), last_day + 1):
            day_low, day_high = max(low, edges[number]), min(high, edges[number + 1])
            if period.touches(day_low, day_high):
                builder = builders[number] = builders[number] or FiguresBuilder()
                period.add_to((builder,), day_low, day_high)
    return tuple(
        (day.date, builder.build()) for day, builder in zip(local_days, builders, strict=True) if builder
    )


def _sum_held_back(periods: Iterable[PeriodMs], low: int, high: int) -> tuple[tuple[str, int, float], ...]:
    """Return the programs that held reminders back, how many times and for how many seconds, the longest first."""
    times: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    for timed in periods:
        begins, ends = timed.held_back.begins, timed.held_back.ends
        for held, began, ended in zip(timed.period.held_back, begins, ends, strict=True):
            times[held.program] += low <= began < high
            lengths[held.program] += max(0, min(ended, high) - max(began, low))
    return tuple(
        (program, times[program], lengths[program] / 1000)
        for program in sorted(times, key=lambda program: (-lengths[program], program))
        if times[program] or lengths[program]
    )


def _sum_not_watched(runs: Iterable[Run], low: int, high: int) -> int:
    """Return for how long unplugd was not running between `low` and `high`, added up over the computers."""
    by_host: dict[str, list[tuple[int, int]]] = {}
    for host, began, ended in runs:
        by_host.setdefault(host, []).append((began, ended))
    missing = 0
    for intervals in by_host.values():
        intervals.sort()
        reached = max(low, intervals[0][0])
        for began, ended in intervals:
            missing += max(0, min(began, high) - reached)
            reached = max(reached, min(ended, high))
        missing += max(0, high - reached)
    return missing
