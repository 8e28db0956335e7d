"""Builds the report of an interval from a review: in total, by day, device and computer, and compared. Pure."""

from __future__ import annotations

from datetime import UTC, date
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from unplugd.review.days import Calendar
from unplugd.review.figures import Report
from unplugd.review.figures_builder import FiguresBuilder, PeriodMs, to_milliseconds
from unplugd.review.interval_builder import IntervalBuilder, list_held_back, measure_not_watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

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
    known_since: Mapping[str, float] = MappingProxyType({}),
) -> Report:
    """Return the report from `since` (None: the beginning of the data) to `until` (None: its end).

    Both are Unix seconds. `name` is the name of `zone` if str(zone) does not return it. `known_since` has when the data
    of a computer begins (in Unix seconds) if the review does not have what it did not need for the report.
    """
    begins = {host: to_milliseconds(began) for host, began in known_since.items()}
    periods = [PeriodMs(period) for period in review.periods]
    runs = [(run.host, to_milliseconds(run.began), to_milliseconds(run.ended)) for run in review.watched]
    low, high, first_known = _find_bounds(periods, runs, since, until)
    first_known = min([*begins.values(), *([] if first_known is None else [first_known])], default=None)
    builder = IntervalBuilder(low, high, [Calendar(zone)])
    for run in runs:
        builder.add_run(*run)
    touching = [period for period in periods if builder.add_period(period)]
    (by_day,) = builder.by_calendar

    earlier = low - (high - low)
    before = None
    if first_known is not None and first_known <= earlier < low:
        before = _build_figures(periods, earlier, low)

    return Report(
        since=low / 1000,
        until=high / 1000,
        zone=name or str(zone),
        total=builder.total.build(),
        before=before,
        days=tuple((date.fromordinal(day), by_day[day].build()) for day in sorted(by_day)),
        devices=tuple((*key, builder.by_device[key].build()) for key in sorted(builder.by_device)),
        computers=tuple((host, builder.by_computer[host].build()) for host in sorted(builder.by_computer)),
        periods=tuple(
            sorted(
                (period.cut(low, high) for period in touching),
                key=lambda period: (period.began, period.host, period.device),
            )
        ),
        held_back=list_held_back(builder.held_back_times, builder.held_back_for),
        watched=tuple(
            replace(run, began=max(run.began, low / 1000), ended=min(run.ended, high / 1000))
            for run in review.watched
            if to_milliseconds(run.began) < high and to_milliseconds(run.ended) > low
        ),
        not_watched_for=_sum_not_watched(runs, low, high, begins) / 1000,
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


def _sum_not_watched(runs: Iterable[Run], low: int, high: int, begins: Mapping[str, int]) -> int:
    """Return for how long unplugd was not running between `low` and `high`, added up over the computers."""
    by_host: dict[str, list[tuple[int, int]]] = {host: [] for host in begins}
    for host, began, ended in runs:
        by_host.setdefault(host, []).append((began, ended))
    return sum(
        measure_not_watched(intervals, low, high, begins.get(host)) for host, intervals in by_host.items()
    )
