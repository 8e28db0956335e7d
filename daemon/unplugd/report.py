"""Periods → the figures of a report: in all, by day, by device, by computer, and against the time before. Pure.

A stretch of time is from a moment to just before another. Each duration is the part within the stretch; whatever is
counted belongs to the stretch in which it began. So the figures of parts add up to those of the whole, to the
millisecond, whether they are days, devices, computers, or what is before and after any moment; only the longest and
the median are of each for itself.
"""

from __future__ import annotations

import re
import statistics
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from unplugd import days
from unplugd.review import Review
from unplugd.rules import devices, uploaders
from unplugd.rules.model import CHANNELS, URGENCIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, tzinfo

    from unplugd.review import Period, Snooze, Use, Watched

SCHEMA: Final = 1
"""Of the JSON; a higher one may have other keys."""
OUTCOMES: Final = ("unplugged", "in_use", "snoozed", "dismissed", "expired", "")
"""What can become of a reminder, the best first; "" where the journal does not say."""
_PORT: Final = re.compile(r"[0-9a-fx]{1,10}([.:-][0-9a-f]{1,10}){0,10}", re.ASCII | re.IGNORECASE)
"""What a port is called by any system; in a journal anything can stand in its place."""
_LENGTH: Final = len("2026-11-22T14:00:00+01:00")
UNANSWERED: Final = "unanswered"
"""The JSON's word for ""."""


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


def report(
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
    laid = [_Laid(period) for period in review.periods]
    watches = [(watched.host, _ms(watched.began), _ms(watched.ended)) for watched in review.watched]
    begins = [one.began for one in laid] + [began for _, began, _ in watches]
    ends = [one.ended for one in laid] + [ended for _, _, ended in watches]
    low = _ms(since) if since is not None else min(begins, default=0 if until is None else _ms(until))
    # The next full second: what happens in the last moment is before it.
    high = max(low, _ms(until) if until is not None else (max(ends, default=low) // 1000 + 1) * 1000)
    within = [one for one in laid if one.touches(low, high)]

    total = _Tally()
    by_device: dict[tuple[str, str], _Tally] = {}
    by_computer: dict[str, _Tally] = {
        host: _Tally() for host, began, ended in watches if began < high and ended > low
    }
    for one in within:
        period = one.period
        device = by_device.setdefault((period.name, period.id), _Tally())
        computer = by_computer.setdefault(period.host, _Tally())
        one.add_to((total, device, computer), low, high)

    earlier = low - (high - low)
    before = None
    if begins and min(begins) <= earlier < low:
        tally = _Tally()
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
            if _ms(watched.began) < high and _ms(watched.ended) > low
        ),
        not_watched_for=_not_watched(watches, low, high) / 1000,
        notes=dict(review.notes),
    )


class _Tally:
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


class _Laid:
    """A period in whole milliseconds."""

    __slots__ = ("began", "ended", "latest", "outcomes", "period", "reacted", "reminded", "snoozes", "uses")

    def __init__(self, period: Period) -> None:
        self.period = period
        self.began = _ms(period.began)
        self.ended = _ms(period.ended)
        self.uses = _Spans(period.uses)
        self.snoozes = _Spans(period.snoozes)
        self.reminded = [_ms(reminder.at) for reminder in period.reminders]
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

    def add_to(self, tallies: Iterable[_Tally], low: int, high: int) -> None:
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


class _Spans:
    """Spans in order that do not overlap, in milliseconds."""

    __slots__ = ("begins", "ends", "lengths")

    def __init__(self, spans: Sequence[Use | Snooze]) -> None:
        self.begins = [_ms(one.began) for one in spans]
        self.ends = [_ms(one.ended) for one in spans]
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
    within: Sequence[_Laid], watches: Sequence[tuple[str, int, int]], low: int, high: int, zone: tzinfo
) -> tuple[tuple[date, Figures], ...]:
    known = [(max(one.began, low), min(one.ended, high)) for one in within]
    known += [
        (max(began, low), min(ended, high)) for _, began, ended in watches if began < high and ended > low
    ]
    if not known or high <= low:
        return ()
    first = min(began for began, _ in known)
    last = max(ended for _, ended in known)
    local = days.between(first / 1000, (last + 1) / 1000, zone)
    edges = [_ms(day.began) for day in local] + [_ms(local[-1].ended)]

    def index(moment: int) -> int:
        return min(max(bisect_right(edges, moment) - 1, 0), len(local) - 1)

    covered = [0] * (len(local) + 1)
    for began, ended in known:
        covered[index(began)] += 1
        covered[index(max(began, ended - 1)) + 1] -= 1
    tallies = [_Tally() if count else None for count in accumulate(covered[:-1])]
    for one in within:
        # A moment more than its end: there may be a reaction in it.
        for number in range(index(max(one.began, low)), index(min(one.ended, high - 1)) + 1):
            first, last = max(low, edges[number]), min(high, edges[number + 1])
            if one.touches(first, last):
                tally = tallies[number] = tallies[number] or _Tally()
                one.add_to((tally,), first, last)
    return tuple((day.date, tally.figures()) for day, tally in zip(local, tallies, strict=True) if tally)


def _not_watched(watches: Sequence[tuple[str, int, int]], low: int, high: int) -> int:
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


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def summed(parts: Iterable[Figures]) -> Figures:
    """Return the figures of several days together; what is no sum is that of the day with the most, or None."""
    total = _Tally()
    for part in parts:
        total.periods += part.periods
        total.plugged += _ms(part.plugged_for)
        total.used += _ms(part.used_for)
        total.longest = max(total.longest, _ms(part.longest))
        total.longest_unused = max(total.longest_unused, _ms(part.longest_unused))
        total.uses += part.uses
        total.reminders += part.reminders
        for outcome, count in part.outcomes.items():
            total.outcomes[outcome] += count
        total.snoozes += part.snoozes
        total.snoozed += _ms(part.snoozed_for)
        total.strangers += part.strangers
    return total.figures()


# --- sharing ------------------------------------------------------------------------------------------------------


def share(review: Review) -> Review:
    """Return the same without names: what a report of it says can be given away.

    Computers are numbered, in the order in which they come. A device is what unplugd knows its id for, else "USB
    device". Programs are named only where unplugd knows them by itself.
    """
    found = [(one.began, one.host) for one in review.periods]
    found += [(one.began, one.host) for one in review.watched]
    hosts = dict.fromkeys(host for _, host in sorted(found))
    numbers = {host: f"computer {number}" for number, host in enumerate(hosts, 1)}
    programs = {uploader.name for uploader in uploaders.BUILT_IN} | {
        name for uploader in uploaders.BUILT_IN for name in uploader.process if not set(name) & {"*", ":"}
    }

    def program(name: str, instead: str) -> str:
        return name if name in programs else instead

    return Review(
        tuple(
            replace(
                period,
                host=numbers[period.host],
                name=_model(period.id),
                id=_id(period.id),
                device=period.device if _PORT.fullmatch(period.device) else "",
                uses=tuple(
                    replace(use, program=program(use.program, "other upload software"), evidence="")
                    for use in period.uses
                ),
                strangers=tuple("unknown program" for _ in period.strangers),
                reminders=tuple(
                    replace(one, urgency=_word(one.urgency, URGENCIES), channel=_word(one.channel, CHANNELS))
                    for one in period.reminders
                ),
            )
            for period in review.periods
        ),
        tuple(replace(watched, host=numbers[watched.host]) for watched in review.watched),
        review.notes,
    )


def _word(written: str, known: Collection[str]) -> str:
    return written if written in known else ""


def _id(written: str) -> str:
    try:
        vendor, product = devices.parse_id(written)
    except ValueError:
        return ""
    return f"{vendor:04x}:{product:04x}"


def _model(written: str) -> str:
    try:
        watch = devices.find_watch(*devices.parse_id(written), devices.BUILT_IN)
    except ValueError:
        return "USB device"
    return watch.name if watch else "USB device"


# --- JSON ---------------------------------------------------------------------------------------------------------


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as share/doc/unplugd/report.schema.json has it: seconds, and times with the zone's offset."""
    zone = days.zone_of(report.zone)

    def moment(stamp: float) -> str:
        return _written(stamp, zone)

    return {
        "schema": SCHEMA,
        "since": moment(report.since),
        "until": moment(report.until),
        "zone": report.zone,
        "total": _figures(report.total),
        "before": _figures(report.before) if report.before else None,
        "days": [{"date": day.isoformat(), **_figures(figures)} for day, figures in report.days],
        "devices": [{"name": name, "id": id_, **_figures(figures)} for name, id_, figures in report.devices],
        "computers": [{"host": host, **_figures(figures)} for host, figures in report.computers],
        "periods": [_period(period, zone) for period in report.periods],
        "watched": [
            {"host": one.host, "began": moment(one.began), "ended": moment(one.ended)}
            for one in report.watched
        ],
        "not_watched_for": report.not_watched_for,
        "notes": dict(sorted(report.notes.items())),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "periods": figures.periods,
        "plugged_for": figures.plugged_for,
        "used_for": figures.used_for,
        "unused_for": figures.unused_for,
        "longest": figures.longest,
        "longest_unused": figures.longest_unused,
        "uses": figures.uses,
        "reminders": figures.reminders,
        "outcomes": {outcome or UNANSWERED: figures.outcomes.get(outcome, 0) for outcome in OUTCOMES},
        "reaction": figures.reaction,
        "snoozes": figures.snoozes,
        "snoozed_for": figures.snoozed_for,
        "strangers": figures.strangers,
    }


def _period(period: Period, zone: tzinfo) -> dict[str, Any]:
    plugged, used = _ms(period.ended) - _ms(period.began), 0
    for use in period.uses:
        used += _ms(use.ended) - _ms(use.began)
    return {
        "host": period.host,
        "device": period.device,
        "id": period.id,
        "name": period.name,
        "began": _written(period.began, zone),
        "ended": _written(period.ended, zone),
        "end": period.end,
        "plugged_for": plugged / 1000,
        "used_for": used / 1000,
        "unused_for": (plugged - used) / 1000,
        "uses": [
            {
                "began": _written(use.began, zone),
                "ended": _written(use.ended, zone),
                "program": use.program,
                "evidence": use.evidence,
            }
            for use in period.uses
        ],
        "reminders": [
            {
                "at": _written(reminder.at, zone),
                "count": reminder.count,
                "urgency": reminder.urgency,
                "channel": reminder.channel,
                "outcome": (reminder.outcome if reminder.outcome in OUTCOMES else "") or UNANSWERED,
            }
            for reminder in period.reminders
        ],
        "snoozes": [
            {"began": _written(snooze.began, zone), "ended": _written(snooze.ended, zone)}
            for snooze in period.snoozes
        ],
        "strangers": list(period.strangers),
    }


def _written(stamp: float, zone: tzinfo) -> str:
    # Of whole seconds, since a float is seldom a whole number of microseconds, and milliseconds would be cut off.
    seconds, rest = divmod(_ms(stamp), 1000)
    text = datetime.fromtimestamp(seconds, zone).isoformat()
    if len(text) != _LENGTH:
        # RFC 3339 has no seconds in an offset: a zone that had some then is written in UTC.
        text = datetime.fromtimestamp(seconds, UTC).isoformat()
    return f"{text[:19]}.{rest:03}{text[19:]}"
