"""A report as the page needs it: by day, and with names that distinguish devices and computers. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.html_report.markup import UNNAMED
from unplugd.html_report.svg import Lane
from unplugd.languages.language import ENGLISH
from unplugd.review import days
from unplugd.review.figures import Figures
from unplugd.review.figures_builder import sum_figures
from unplugd.review.intervals import join_intervals, subtract_intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.days import Day
    from unplugd.review.figures import Report
    from unplugd.review.intervals import Interval, Intervals
    from unplugd.review.model import Period

MAX_DEVICE_LANES: Final = 4
"""Maximum number of lanes for devices; if there are more, there is one lane per computer."""
MAX_PARALLEL_LANES: Final = 4
"""Maximum number of lanes for overlapping periods of the same device (or computer)."""
NO_FIGURES: Final = Figures()
_sanitize = lru_cache(maxsize=1024)(sanitize.one_line)


@dataclass(frozen=True)
class ReportView:
    """A report, with derived data that the sections of the page need.

    The names returned by methods are sanitized, but not escaped.
    """

    report: Report
    zone: tzinfo
    language: Language = ENGLISH

    @cached_property
    def no_name(self) -> str:
        """What is shown in place of a name that is empty."""
        return self.language.translate(UNNAMED)

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """The local days that the report covers, oldest first."""
        return days.list_days(self.report.since, self.report.until, self.zone)

    @cached_property
    def figures(self) -> Mapping[date, Figures]:
        """The figures of each day."""
        return dict(self.report.days)

    def sum_days(self, chosen: Iterable[Day]) -> Figures:
        """Return the sum of the figures of several days."""
        return sum_figures(self.figures.get(day.date, NO_FIGURES) for day in chosen)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The computers, including those into which nothing was plugged."""
        known = [host for host, _ in self.report.computers]
        return tuple(dict.fromkeys([*known, *(watched.host for watched in self.report.watched)]))

    @cached_property
    def periods(self) -> Mapping[date, Sequence[Period]]:
        """The periods of each day; a period may be on several days."""
        found: defaultdict[date, list[Period]] = defaultdict(list)
        for period in self.report.periods:
            day = days.to_local(max(period.began, self.report.since), self.zone).date()
            last = days.to_local(max(period.began, min(period.ended, self.report.until)), self.zone)
            # A period that ends at midnight is not on the new day unless it began then.
            is_midnight = last.hour == last.minute == last.second == last.microsecond == 0
            last_day = last.date() - timedelta(days=is_midnight)
            found[day].append(period)
            while (day := day + timedelta(days=1)) <= last_day:
                found[day].append(period)
        return found

    @cached_property
    def gaps_by_host(self) -> Mapping[str, Intervals]:
        """When unplugd was not running, by computer."""
        whole = [(self.report.since, self.report.until)]
        runs_by_host: defaultdict[str, list[Interval]] = defaultdict(list)
        for watched in self.report.watched:
            runs_by_host[watched.host].append((watched.began, watched.ended))
        return {host: subtract_intervals(whole, join_intervals(runs)) for host, runs in runs_by_host.items()}

    @cached_property
    def devices_in_several_ports(self) -> frozenset[tuple[str, str, str]]:
        """The host, id and name of devices that were plugged into several ports."""
        ports = Counter(
            (host, id_, name)
            for host, id_, name, _ in {
                (period.host, period.id, period.name, period.device) for period in self.report.periods
            }
        )
        return frozenset(device for device, count in ports.items() if count > 1)

    @cached_property
    def ambiguous_names(self) -> frozenset[str]:
        """Names shared by devices with different ids."""
        names = Counter(name for name, _, _ in self.report.devices)
        return frozenset(name for name, count in names.items() if count > 1)

    @cached_property
    def has_several_places(self) -> bool:
        """Whether there is more than one computer or device, so that they must be named."""
        return len(self.hosts) > 1 or len(self.report.devices) > 1

    @cached_property
    def has_device_lanes(self) -> bool:
        """Whether each device has its own lane, rather than each computer."""
        return len(self.hosts) <= 1 or len(self.hosts) * len(self.report.devices) <= MAX_DEVICE_LANES

    def describe_place(self, period: Period) -> str:
        """Return the computer and device of a period, each only if there are several."""
        parts = []
        if len(self.hosts) > 1:
            parts.append(_sanitize(period.host) or self.no_name)
        if len(self.report.devices) > 1:
            parts.append(self.name_device(period.name, period.id))
        return " · ".join(parts)

    def name_device(self, name: str, id_: str) -> str:
        """Return the name of a device, with its id if another device has the same name."""
        shown = _sanitize(name) or self.no_name
        return f"{shown} ({_sanitize(id_)})" if name in self.ambiguous_names else shown

    def make_lanes(self, day: Day) -> Sequence[Lane]:
        """Return the lanes of a day; overlapping periods of the same device are in adjacent lanes."""
        lanes_by_name: dict[tuple[str, str], list[list[Period]]] = {}
        for period in self.periods.get(day.date, ()):
            name = (
                self.describe_place(period)
                if self.has_device_lanes
                else _sanitize(period.host) or self.no_name
            )
            lanes = lanes_by_name.setdefault((name, period.host), [])
            free = next((lane for lane in lanes if lane[-1].ended <= period.began), None)
            if free is not None:
                free.append(period)
            elif len(lanes) < MAX_PARALLEL_LANES:
                lanes.append([period])
            else:
                lanes[-1].append(period)
        found = [
            Lane(name if not index else "", lane, _cut_to_day(self.gaps_by_host.get(host, ()), day))
            for (name, host), lanes in sorted(lanes_by_name.items())
            for index, lane in enumerate(lanes)
        ]
        return found or [Lane("", (), self.find_unwatched(day))]

    def find_unwatched(self, day: Day) -> Intervals:
        """Return when unplugd was not running on any of the computers on a day."""
        common = [(day.began, day.ended)] if self.gaps_by_host else []
        for gaps in self.gaps_by_host.values():
            here = _cut_to_day(gaps, day)
            common = [(max(a, c), min(b, d)) for a, b in common for c, d in here if max(a, c) < min(b, d)]
        return common

    def sum_unwatched(self, chosen: Iterable[Day]) -> float:
        """Return for how many seconds on these days unplugd was not running on any of the computers."""
        return sum(ended - began for day in chosen for began, ended in self.find_unwatched(day))

    def is_without_data(self, chosen: Sequence[Day]) -> bool:
        """Return whether unplugd was not running at all on these days, which are consecutive, in either order."""
        began = max(self.report.since, min(day.began for day in chosen))
        ended = min(self.report.until, max(day.ended for day in chosen))
        return self.sum_unwatched(chosen) > ended - began - 1


def _cut_to_day(intervals: Intervals, day: Day) -> Intervals:
    """Return the parts of the intervals that are on a day; the intervals are in order and do not overlap."""
    first = bisect_right(intervals, day.began, key=lambda interval: interval[1])
    end = bisect_left(intervals, day.ended, key=lambda interval: interval[0])
    return [(max(began, day.began), min(ended, day.ended)) for began, ended in intervals[first:end]]
