"""A report with what its page needs of it: its days, what each of them has, and what everything is called. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.html_report.svg import Lane
from unplugd.review import days
from unplugd.review.figures import Figures
from unplugd.review.figures_builder import sum_figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, tzinfo

    from unplugd.review.days import Day
    from unplugd.review.figures import Report
    from unplugd.review.model import Period

MAX_FINE_LANES: Final = 4
"""With more lanes than these there is one for each computer only."""
_plain = lru_cache(maxsize=1024)(sanitize.one_line)
NOBODY: Final = Figures()


@dataclass(frozen=True)
class ReportView:
    """A report with what its tables need of it: its days, and what each of them has."""

    report: Report
    zone: tzinfo

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """The local days it covers, oldest first."""
        return days.list_days(self.report.since, self.report.until, self.zone)

    @cached_property
    def figures(self) -> Mapping[date, Figures]:
        """The figures of each day."""
        return dict(self.report.days)

    def of(self, some: Iterable[Day]) -> Figures:
        """Return the figures of some days."""
        return sum_figures(self.figures.get(day.date, NOBODY) for day in some)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The computers, whether anything was plugged into them or not."""
        known = [host for host, _ in self.report.computers]
        return tuple(dict.fromkeys([*known, *(watched.host for watched in self.report.watched)]))

    @cached_property
    def periods(self) -> Mapping[date, Sequence[Period]]:
        """The periods that have a part in each day."""
        found: defaultdict[date, list[Period]] = defaultdict(list)
        for period in self.report.periods:
            day = days.to_local(max(period.began, self.report.since), self.zone).date()
            last = days.to_local(max(period.began, min(period.ended, self.report.until)), self.zone)
            # One that ends at midnight has no part in the new day, unless it began then.
            until = last.date() - timedelta(
                days=last.hour == last.minute == last.second == last.microsecond == 0
            )
            found[day].append(period)
            while (day := day + timedelta(days=1)) <= until:
                found[day].append(period)
        return found

    @cached_property
    def unwatched(self) -> Mapping[str, Sequence[tuple[float, float]]]:
        """When unplugd did not run, by computer."""
        since, until = self.report.since, self.report.until
        left: dict[str, list[tuple[float, float]]] = {}
        known_until = dict.fromkeys(self.hosts, since)
        for watched in sorted(self.report.watched, key=lambda one: one.began):
            spans = left.setdefault(watched.host, [])
            if min(watched.began, until) > known_until[watched.host]:
                spans.append((known_until[watched.host], min(watched.began, until)))
            known_until[watched.host] = max(known_until[watched.host], watched.ended)
        for host, known in known_until.items():
            if known < until and host in left:
                left[host].append((known, until))
        return left

    @cached_property
    def ports(self) -> frozenset[tuple[str, str, str]]:
        """Computers and devices that have been in several ports."""
        where = Counter(
            (host, id_, name)
            for host, id_, name, _ in {
                (one.host, one.id, one.name, one.device) for one in self.report.periods
            }
        )
        return frozenset(key for key, ports in where.items() if ports > 1)

    @cached_property
    def ambiguous(self) -> frozenset[str]:
        """Names that several kinds of device have."""
        names = Counter(name for name, _, _ in self.report.devices)
        return frozenset(name for name, kinds in names.items() if kinds > 1)

    @cached_property
    def told_apart(self) -> bool:
        """Whether there is more than one computer or device."""
        return len(self.hosts) > 1 or len(self.report.devices) > 1

    @cached_property
    def fine(self) -> bool:
        """Whether each device has a lane of its own, not only each computer."""
        return len(self.hosts) <= 1 or len(self.hosts) * len(self.report.devices) <= MAX_FINE_LANES

    def place(self, period: Period) -> str:
        """Return which computer and device it was, plain, as far as there are others."""
        parts = []
        if len(self.hosts) > 1:
            parts.append(_plain(period.host) or "without a name")
        if len(self.report.devices) > 1:
            parts.append(self.device(period.name, period.id))
        return " · ".join(parts)

    def device(self, name: str, id_: str) -> str:
        """Return what a device is called, plain."""
        shown = _plain(name) or "without a name"
        return f"{shown} ({_plain(id_)})" if name in self.ambiguous else shown

    def lanes(self, day: Day) -> Sequence[Lane]:
        """Return the lanes of a day: devices that were plugged in, side by side where at the same time."""
        rows: dict[tuple[str, str], list[list[Period]]] = {}
        for period in self.periods.get(day.date, ()):
            name = self.place(period) if self.fine else _plain(period.host) or "without a name"
            places = rows.setdefault((name, period.host), [])
            free = next((row for row in places if row[-1].ended <= period.began), None)
            if free is not None:
                free.append(period)
            elif len(places) < 4:
                places.append([period])
            else:
                places[-1].append(period)
        found = [
            Lane(name if not index else "", row, _part(self.unwatched.get(host, ()), day))
            for (name, host), places in sorted(rows.items())
            for index, row in enumerate(places)
        ]
        return found or [Lane("", (), self.nobody(day))]

    def nobody(self, day: Day) -> Sequence[tuple[float, float]]:
        """Return when on a day unplugd ran on none of the computers."""
        left = [(day.began, day.ended)] if self.unwatched else []
        for spans in self.unwatched.values():
            here = _part(spans, day)
            left = [(max(a, c), min(b, d)) for a, b in left for c, d in here if max(a, c) < min(b, d)]
        return left

    def nobody_for(self, some: Iterable[Day]) -> float:
        """Return for how long unplugd ran on none of the computers on some days."""
        return sum(ended - began for day in some for began, ended in self.nobody(day))

    def is_unknown(self, some: Sequence[Day]) -> bool:
        """Return whether unplugd did not run at all on these days, which follow each other, either way round."""
        began = max(self.report.since, min(day.began for day in some))
        ended = min(self.report.until, max(day.ended for day in some))
        return self.nobody_for(some) > ended - began - 1


def _part(spans: Sequence[tuple[float, float]], day: Day) -> Sequence[tuple[float, float]]:
    """Return the part of these on a day; they are in order, and none is over another."""
    first = bisect_right(spans, day.began, key=lambda span: span[1])
    last = bisect_left(spans, day.ended, key=lambda span: span[0])
    return [(max(began, day.began), min(ended, day.ended)) for began, ended in spans[first:last]]
