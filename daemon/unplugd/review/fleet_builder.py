"""Makes the sums of a computer from its events, and the report on many computers from their sums. Pure."""

from __future__ import annotations

import math
import re
import statistics
from bisect import bisect_right
from collections import Counter
from datetime import UTC, date
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from unplugd.review.days import Calendar
from unplugd.review.figures import Figures
from unplugd.review.figures_builder import PeriodMs, to_milliseconds
from unplugd.review.fleet import (
    MAX_WORST,
    RECENT_SECONDS,
    SILENT_SECONDS,
    Computer,
    Fleet,
    PluggedIn,
    Spread,
    Trouble,
    Week,
)
from unplugd.review.fleet_sums import ComputerSums, FleetSums, WeekSums
from unplugd.review.interval_builder import IntervalBuilder, list_held_back, measure_not_watched
from unplugd.review.results import Results
from unplugd.review.reviewer import take_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from unplugd.journal.event import JournalEvent
    from unplugd.review.figures_builder import FiguresBuilder
    from unplugd.review.model import Period

BEGINNING: Final = -(2**62)
"""A moment before any other, in milliseconds."""
HOUR_MS: Final = 3_600_000
CLASSES: Final = (1.0, 3600.0, 8 * 3600.0, 23.5 * 3600.0)
"""Where each class of `fleet.SHARES` but the first begins, in seconds a day."""
DAMAGES: Final = ("torn", "foreign", "too_long", "odd_value", "no_time", "out_of_order")
"""The notes on lines that cannot be read or dated."""


class Interval(msgspec.Struct, frozen=True):
    """What a report on many computers is about: from `since` (None: the beginning) to `until`, in Unix seconds."""

    since: float | None
    until: float

    @property
    def low(self) -> int:
        """The begin in milliseconds."""
        return BEGINNING if self.since is None else to_milliseconds(self.since)

    @property
    def high(self) -> int:
        """The end in milliseconds."""
        return max(self.low, to_milliseconds(self.until))

    @property
    def earlier(self) -> int:
        """Where the equally long time before begins, in milliseconds; nothing is before the beginning."""
        return self.low if self.since is None else 2 * self.low - self.high


class ComputerBuilder:
    """Takes the periods of one computer one by one; none is kept."""

    def __init__(self, host: str, interval: Interval, zone: tzinfo, known_since: float | None = None) -> None:
        self._host = host
        self._known_since = None if known_since is None else to_milliseconds(known_since)
        self._low, self._high = interval.low, interval.high
        self._builder = IntervalBuilder(self._low, self._high, [Calendar(zone), Calendar(zone, 7)])
        self._before = IntervalBuilder(interval.earlier, self._low, [Calendar(zone)])
        self._first_known = self._known_since
        self._last_known = BEGINNING
        self._open: list[PeriodMs] = []

    def take_period(self, period: Period) -> None:
        """Add a period."""
        timed = PeriodMs(period)
        self._note_known(timed.began, timed.ended)
        self._before.add_period(timed)
        is_inside = self._builder.add_period(timed)
        if is_inside and (timed.ended > self._high or period.end == "open"):
            self._open.append(timed)

    def build(self, results: Results) -> FleetSums:
        """Return the sums, with what else is in the results of the review."""
        runs = [(to_milliseconds(run.began), to_milliseconds(run.ended)) for run in results.watched]
        for began, ended in runs:
            self._note_known(began, ended)
            self._builder.add_run(self._host, began, ended)
            self._before.add_run(self._host, began, ended)
        for at in map(to_milliseconds, results.single_events):
            if at < self._high:
                self._last_known = max(self._last_known, at)
        by_day, by_week = self._builder.by_calendar
        (by_day_before,) = self._before.by_calendar
        heard = None if self._last_known == BEGINNING else self._last_known / 1000
        not_watched = measure_not_watched(runs, self._low, self._high, self._known_since)
        computer = Computer(
            host=self._host,
            heard=heard,
            version=self._find_version(results.versions),
            figures=self._builder.total.build(),
            before=self._before.total.build(),
            days=len(by_day),
            days_over_an_hour=sum(figures.plugged - figures.used > HOUR_MS for figures in by_day.values()),
            not_watched_for=not_watched / 1000,
            failed_reminders=sum(map(self._is_inside, results.failed_reminders)),
            lost_events=sum(count for at, count in results.lost_events if self._is_inside(at)),
            notes=dict(+results.notes),
        )
        plugged_in = [] if heard is None else list(self._list_plugged_in(heard))
        return FleetSums(
            total=self._builder.total,
            before=self._before.total,
            days=by_day,
            weeks={monday: _make_week(monday, figures, by_day) for monday, figures in by_week.items()},
            devices=self._builder.by_device,
            held_back_times=dict(self._builder.held_back_times),
            held_back_for=dict(self._builder.held_back_for),
            not_watched=not_watched,
            computers=[ComputerSums(computer, self._first_known, len(by_day_before), plugged_in)],
            notes=dict(computer.notes),
        )

    def _note_known(self, began: int, ended: int) -> None:
        if self._first_known is None or began < self._first_known:
            self._first_known = began
        if began < self._high:
            self._last_known = max(self._last_known, min(ended, self._high))

    def _is_inside(self, at: float) -> bool:
        return self._low <= to_milliseconds(at) < self._high

    def _find_version(self, versions: Iterable[tuple[float, str]]) -> str:
        """Return the version that started last before the end."""
        before_end = [(at, version) for at, version in versions if to_milliseconds(at) < self._high]
        return max(before_end, default=(0.0, ""))[1]

    def _list_plugged_in(self, heard: float) -> Iterator[PluggedIn]:
        is_recent = self._high / 1000 - heard <= RECENT_SECONDS
        for timed in self._open:
            period = timed.period
            ended = min(timed.ended, self._high)
            uses = [
                min(use, self._high)
                for use in timed.uses.ends[: timed.uses.measure(BEGINNING, self._high)[0]]
            ]
            unused_since = uses[-1] if uses else timed.began
            # Nobody knows whether what was in use at a computer that has not been heard from still is.
            if is_recent and uses and unused_since >= ended:
                continue
            yield PluggedIn(
                host=self._host,
                name=period.name,
                id=period.id,
                device=period.device,
                since=timed.began / 1000,
                unused_since=unused_since / 1000,
                reminders=sum(unused_since <= at < self._high for at in timed.reminded_at),
                heard=heard,
            )


def sum_computer(
    host: str,
    events: Iterable[JournalEvent],
    notes: Counter[str],
    interval: Interval,
    zone: tzinfo,
    known_since: float | None = None,
) -> FleetSums:
    """Return the sums of one computer, whose events are in order.

    `known_since` is when its data begins, if events that do not matter were left out (Unix seconds). `notes` are on its
    lines; they are complete when all events have been read.
    """
    builder = ComputerBuilder(host, interval, zone, known_since)
    results = Results(builder.take_period)
    take_events(events, results)
    results.notes.update(notes)
    return builder.build(results)


def sum_failed(host: str) -> FleetSums:
    """Return the sums of a computer whose journal could not be reviewed."""
    nothing = Computer(host, None, "", Figures(), Figures(), 0, 0, 0.0, 0, 0, {})
    return FleetSums(computers=[ComputerSums(nothing, None, 0, [])], not_reviewed=[host])


def build_fleet(
    sums: FleetSums,
    interval: Interval,
    *,
    zone: tzinfo = UTC,
    name: str = "",
    notes: Mapping[str, int] = MappingProxyType({}),
    trouble: Iterable[Trouble] = (),
) -> Fleet:
    """Return the report on the computers in `sums`, which were made for the same interval and zone.

    `name` is the name of `zone` if str(zone) does not return it. `notes` and `trouble` are what was unusual besides,
    for example with files that have no events.
    """
    found = sorted(sums.computers, key=lambda one: one.computer.host)
    begins = [one.first_known for one in found if one.first_known is not None]
    first_known = min(begins, default=None)
    high = interval.high
    low = min([high, *begins]) if interval.since is None else interval.low
    computers = [_compare(one, interval) for one in found]
    devices = [device for one in found for device in one.plugged_in]
    with_data = [computer for computer in computers if computer.days]
    return Fleet(
        since=low / 1000,
        until=high / 1000,
        zone=name or str(zone),
        total=sums.total.build(),
        before=sums.before.build() if _is_known_before(first_known, interval) else None,
        days=tuple((date.fromordinal(day), sums.days[day].build()) for day in sorted(sums.days)),
        devices=tuple((*key, sums.devices[key].build()) for key in sorted(sums.devices)),
        computers=tuple(computers),
        heard=sum(_is_heard(computer.heard, high, RECENT_SECONDS) for computer in computers),
        plugged_in=tuple(
            sorted(
                (device for device in devices if _is_heard(device.heard, high, RECENT_SECONDS)),
                key=lambda device: (device.unused_since, device.host, device.device),
            )
        ),
        perhaps_plugged_in=tuple(
            sorted(
                (device for device in devices if not _is_heard(device.heard, high, RECENT_SECONDS)),
                key=lambda device: (-device.heard, device.host, device.device),
            )
        ),
        silent=tuple(
            sorted(
                (
                    (computer.host, computer.heard)
                    for computer in computers
                    if not _is_heard(computer.heard, high, SILENT_SECONDS)
                ),
                key=lambda silent: (-math.inf if silent[1] is None else silent[1], silent[0]),
            )
        ),
        spread=_measure_spread([computer.figures.unused_for / computer.days for computer in with_data]),
        spread_before=_measure_spread(
            [
                computer.before.unused_for / one.days_before
                for one, computer in zip(found, computers, strict=True)
                if computer.before and one.days_before
            ]
        ),
        weeks=tuple(_build_weeks(sums.weeks)),
        shares=_count_shares(with_data),
        worst=tuple(
            sorted(
                (computer for computer in computers if computer.figures.unused_for),
                key=lambda computer: (-computer.figures.unused_for, computer.host),
            )[:MAX_WORST]
        ),
        trouble=(*_list_trouble(computers, sums.not_reviewed), *trouble),
        held_back=list_held_back(sums.held_back_times, sums.held_back_for),
        not_watched_for=sums.not_watched / 1000,
        notes=dict(Counter(sums.notes) + Counter(notes)),
    )


def _make_week(monday: int, figures: FiguresBuilder, by_day: Mapping[int, FiguresBuilder]) -> WeekSums:
    """Return a week of one computer."""
    days = sum(day in by_day for day in range(monday, monday + 7))
    return WeekSums(figures, [(figures.plugged - figures.used) / 1000 / days] if days else [])


def _build_weeks(weeks: Mapping[int, WeekSums]) -> Iterator[Week]:
    for monday in sorted(weeks):
        week = weeks[monday]
        if spread := _measure_spread(week.unused):
            yield Week(date.fromordinal(monday), week.figures.build(), len(week.unused), spread)


def _is_heard(heard: float | None, high: int, seconds: float) -> bool:
    """Return whether a computer was heard from in the last seconds before the end."""
    return heard is not None and high / 1000 - heard <= seconds


def _is_known_before(first_known: int | None, interval: Interval) -> bool:
    """Return whether the data goes back to the beginning of the equally long time before."""
    return first_known is not None and first_known <= interval.earlier < interval.low


def _compare(one: ComputerSums, interval: Interval) -> Computer:
    """Return a computer, without the figures of the time before if its data does not go back that far."""
    return one.computer if _is_known_before(one.first_known, interval) else replace(one.computer, before=None)


def _measure_spread(unused: Sequence[float]) -> Spread | None:
    if not unused:
        return None
    ordered = sorted(unused)
    return Spread(statistics.median(ordered), ordered[-(-len(ordered) * 9 // 10) - 1], ordered[-1])


def _count_shares(computers: Iterable[Computer]) -> tuple[int, ...]:
    counts = [0] * (len(CLASSES) + 1)
    for computer in computers:
        counts[bisect_right(CLASSES, computer.figures.unused_for / computer.days)] += 1
    return tuple(counts)


# --- what is wrong


def _list_trouble(computers: Sequence[Computer], not_reviewed: Iterable[str]) -> Iterator[Trouble]:
    newest = max((_parse_version(computer.version) for computer in computers), default=())
    hosts = {
        "failed_reminders": [computer.host for computer in computers if computer.failed_reminders],
        "lost_events": [computer.host for computer in computers if computer.lost_events],
        "clock_jumps": [computer.host for computer in computers if computer.notes.get("clock_jumps")],
        "old_version": [
            computer.host
            for computer in computers
            if computer.version and _parse_version(computer.version) < newest
        ],
        "damaged": [computer.host for computer in computers if any(map(computer.notes.get, DAMAGES))],
        "not_reviewed": sorted(not_reviewed),
    }
    for kind, found in hosts.items():
        if found:
            yield Trouble(kind, tuple(found))


def _parse_version(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to compare it; a text that has none is older than any."""
    return tuple(int(number) for number in re.findall(r"\d{1,9}", version, re.ASCII)[:3])
