"""The report on many computers: the sums of each travel and merge, and say what the report on a few says."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import unplugd.review
from tests.rig.any_review import BERLIN, MOMENTS, STICK, ZONES, reviews
from unplugd.journal.event import decode
from unplugd.review.fleet import MAX_WORST, Trouble
from unplugd.review.fleet_builder import ComputerBuilder, Interval, build_fleet, sum_computer, sum_failed
from unplugd.review.fleet_export import make_fleet_json
from unplugd.review.fleet_sums import FleetSums
from unplugd.review.model import Period, Reminder, Review, Use, Watched
from unplugd.review.report_builder import build_report
from unplugd.review.results import Results
from unplugd.review.share import anonymize_sums

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from unplugd.review.fleet import Fleet

DAY = 86_400.0
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()


def sum_review(review: Review, interval: Interval, zone: tzinfo = UTC) -> list[FleetSums]:
    """Return the sums of each computer of a review."""
    found = []
    hosts = {period.host for period in review.periods} | {run.host for run in review.watched}
    for host in sorted(hosts):
        builder = ComputerBuilder(host, interval, zone)
        results = Results(builder.take_period)
        results.watched = [run for run in review.watched if run.host == host]
        for period in review.periods:
            if period.host == host:
                builder.take_period(period)
        found.append(builder.build(results))
    return found


def merge(parts: Iterable[FleetSums]) -> FleetSums:
    """Return the sums over all parts, which stay as they are."""
    merged = FleetSums()
    for part in parts:
        merged.merge(part)
    return merged


def build(*periods: Period, runs: Iterable[Watched] = (), since: float | None = None, **more: Any) -> Fleet:
    """Return the report that is made now of these periods."""
    interval = Interval(since, NOW)
    return build_fleet(merge(sum_review(Review(periods, tuple(runs)), interval)), interval, **more)


def make_period(host: str, began: float, ended: float, **more: Any) -> Period:
    """Return a period from so many days ago to so many days ago."""
    return Period(
        host, "1-1", *STICK, NOW - began * DAY, NOW - ended * DAY, more.pop("end", "unplugged"), **more
    )


# --- what travels


def list_structs() -> list[type[msgspec.Struct]]:
    """Return every struct that the review defines."""
    modules = [
        importlib.import_module(f"unplugd.review.{found.name}")
        for found in pkgutil.iter_modules(unplugd.review.__path__)
        # It defines none, and what it imports need not be installed.
        if found.name != "cluster"
    ]
    return sorted(
        {
            thing
            for module in modules
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, msgspec.Struct)
            and thing.__module__ == module.__name__
        },
        key=lambda struct: struct.__qualname__,
    )


def make_any(type_: Any) -> st.SearchStrategy[Any]:
    """Return any value of a type that a field of a struct can have."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        fields = {field.name: make_any(field.type) for field in msgspec.structs.fields(type_)}
        return st.builds(type_, **fields)
    origin: Any = getattr(type_, "__origin__", None)
    inner: Any = getattr(type_, "__args__", ())
    if type_ is float:
        return st.floats(allow_nan=False)
    if type_ is int:
        return st.integers(-(2**62), 2**62)
    if type_ is bytearray:
        return st.binary(max_size=16).map(bytearray)
    if type_ is date:
        return st.dates()
    if origin is list or (origin is tuple and inner[-1:] == (...,)):
        return st.lists(make_any(inner[0]), max_size=2).map(origin)
    if origin is tuple:
        return st.tuples(*map(make_any, inner))
    if origin is frozenset:
        return st.frozensets(make_any(inner[0]), max_size=2)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(make_any(inner[0]), make_any(inner[1]), max_size=2)
    if inner and origin is None:
        return st.one_of(*map(make_any, inner))
    return st.from_type(type_)


@pytest.mark.parametrize("struct", list_structs(), ids=lambda struct: struct.__qualname__)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_every_record_of_a_review_can_travel(struct: type[msgspec.Struct], data: st.DataObject) -> None:
    """Encoded and decoded by its type alone, it is the same."""
    made = data.draw(make_any(struct))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=struct) == made


# --- the algebra


@settings(deadline=None, max_examples=50)
@given(reviews(), st.none() | MOMENTS, MOMENTS, ZONES, st.randoms())
def test_sums_merge_in_any_order(
    found: Review, since: float | None, until: float, zone: ZoneInfo, chance: Any
) -> None:
    """However the computers are grouped and ordered, and wherever nothing is added, the report is the same."""
    interval = Interval(since, until)
    parts = sum_review(found, interval, zone)
    expected = make_fleet_json(build_fleet(merge(parts), interval, zone=zone))
    shuffled = [*deepcopy(parts), FleetSums(), FleetSums()]
    while len(shuffled) > 1:
        chance.shuffle(shuffled)
        one, other, *shuffled = shuffled
        travelled = msgspec.msgpack.decode(msgspec.msgpack.encode(other), type=FleetSums)
        one.merge(travelled)
        shuffled.append(one)
    assert make_fleet_json(build_fleet(shuffled[0], interval, zone=zone)) == expected


@settings(deadline=None, max_examples=100)
@given(reviews(), st.none() | MOMENTS, MOMENTS, ZONES)
@example(Review(watched=(Watched("anna", 1.79e9, 1.79e9),)), None, 1.79e9 + 0.001, ZoneInfo("UTC"))
def test_many_computers_have_the_figures_of_a_few(
    found: Review, since: float | None, until: float, zone: ZoneInfo
) -> None:
    """What both reports say is equal, in total, before, by day, device and computer."""
    interval = Interval(since, until)
    few = build_report(found, since=since, until=until, zone=zone)
    many = build_fleet(merge(sum_review(found, interval, zone)), interval, zone=zone)
    for what in ("total", "before", "days", "devices", "held_back", "not_watched_for"):
        assert getattr(many, what) == getattr(few, what), what
    if few.since < few.until:
        assert (many.since, many.until) == (few.since, few.until)
    known = {computer.host: computer.figures for computer in many.computers}
    assert {host: known.pop(host) for host, _ in few.computers} == dict(few.computers)
    assert not any(figures.plugged_for or figures.periods for figures in known.values())
    for week in many.weeks:
        within = [figures for day, figures in many.days if 0 <= (day - week.monday).days < 7]
        assert round(week.figures.unused_for * 1000) == sum(round(one.unused_for * 1000) for one in within)
        assert week.spread.median <= week.spread.ninety_percent <= week.spread.worst


# --- what is said


def test_who_has_something_plugged_in_now() -> None:
    """Open, unused, and heard from within a day; heard from earlier it is only perhaps plugged in."""
    use = Use(NOW - 0.4 * DAY, NOW - 0.3 * DAY, "CareLink Uploader", "")
    in_use = Use(NOW - 0.4 * DAY, NOW - 0.1 * DAY, "CareLink Uploader", "")
    reminders = tuple(Reminder(NOW - days * DAY, 1, "normal", "desktop", "") for days in (0.45, 0.2, 0.1))
    fleet = build(
        make_period("long", 3, 0.1, end="open"),
        make_period("used", 0.5, 0.1, end="open", uses=(use,), reminders=reminders),
        make_period("in use", 0.5, 0.1, end="open", uses=(in_use,)),
        make_period("out", 0.5, 0.1),
        make_period("stopped", 0.5, 0.1, end="cut"),
        make_period("away", 9, 3, end="open"),
        make_period("gone", 20, 8, end="open", uses=()),
        make_period("later", 0.5, -1),
    )
    assert [(one.host, round((NOW - one.unused_since) / DAY, 3)) for one in fleet.plugged_in] == [
        ("long", 3),
        ("later", 0.5),
        ("used", 0.3),
    ]
    assert [one.reminders for one in fleet.plugged_in] == [0, 0, 2]
    assert [one.host for one in fleet.perhaps_plugged_in] == ["away", "gone"]
    assert [host for host, _ in fleet.silent] == ["gone"]
    assert fleet.heard == 6


def test_how_computers_are_spread() -> None:
    """Each counts with its unused time a day with data, in the total and in each week, which begins on Monday."""
    periods = [
        Period(f"pc-{number:02}", "1-1", *STICK, NOW - 8 * DAY, NOW - 8 * DAY + number * 3600, "unplugged")
        for number in range(20)
    ]
    runs = [Watched(f"pc-{number:02}", NOW - 9 * DAY, NOW - 0.9 * DAY) for number in range(20)]
    fleet = build(*periods, runs=runs)
    assert fleet.spread
    hours = [
        fleet.spread.median * 9 / 3600,
        fleet.spread.ninety_percent * 9 / 3600,
        fleet.spread.worst * 9 / 3600,
    ]
    assert hours == pytest.approx([9.5, 17, 19])
    assert fleet.shares == (1, 8, 11, 0, 0)
    assert [(week.monday, week.computers) for week in fleet.weeks] == [
        (date(2026, 11, 16), 20),
        (date(2026, 11, 23), 20),
    ]
    assert fleet.weeks[0].spread.worst == pytest.approx(19 * 3600 / 6)
    assert fleet.weeks[1].spread.worst == 0
    assert [computer.host for computer in fleet.worst] == [f"pc-{number:02}" for number in range(19, 0, -1)]
    assert len(fleet.worst) < MAX_WORST
    assert {computer.days for computer in fleet.computers} == {9}
    assert fleet.computers[1].days_over_an_hour == 0
    assert fleet.computers[2].days_over_an_hour == 1


def test_the_time_before_is_that_of_who_was_there() -> None:
    """A computer that is new has no figures of the time before, and does not count among those that have."""
    fleet = build(
        make_period("old", 21, 19),
        make_period("old", 10, 9),
        make_period("new", 9, 8.5),
        since=NOW - 10 * DAY,
    )
    assert fleet.before
    assert fleet.before.unused_for == DAY
    before = {computer.host: computer.before for computer in fleet.computers}
    assert before["new"] is None
    assert before["old"]
    assert fleet.spread_before
    assert fleet.spread_before.worst == pytest.approx(DAY / 2)


LINES = b"""\
{"time": "2026-11-20T08:00:00Z", "event": "started", "host": "pc", "boot": "a", "uptime": 10, "version": "0.9.0"}
{"time": "2026-11-20T09:00:00Z", "event": "delivery_failed", "host": "pc", "boot": "a", "uptime": 3610}
{"time": "2026-11-20T09:10:00Z", "event": "gap", "host": "pc", "boot": "a", "uptime": 4210, "lost": 7}
{"time": "2026-11-25T09:10:00Z", "event": "started", "host": "pc", "boot": "b", "uptime": 20, "version": "0.10.1\\u0007"}
"""


def sum_lines(host: str, lines: bytes, since: float | None = None) -> FleetSums:
    """Return the sums of a computer whose journal has these lines."""
    events = decode(lines.replace(b'"pc"', f'"{host}"'.encode()), Counter())[0]
    return sum_computer(host, events, Counter(), Interval(since, NOW), UTC)


def test_what_is_wrong_is_said_with_the_computers() -> None:
    """Reminders that failed, events that were lost, older versions, and computers that could not be reviewed."""
    sums = merge(
        [
            sum_lines("new", LINES),
            sum_lines("old", LINES[: LINES.index(b'{"time": "2026-11-25')]),
            sum_failed("dead"),
        ]
    )
    fleet = build_fleet(
        sums, Interval(None, NOW), trouble=[Trouble("empty", ("a.jsonl",))], notes={"torn": 1}
    )
    dead, new, old = fleet.computers
    assert (new.version, old.version, dead.version) == ("0.10.1", "0.9.0", "")
    assert (new.failed_reminders, new.lost_events) == (1, 7)
    assert new.heard == datetime(2026, 11, 25, 9, 10, tzinfo=UTC).timestamp()
    assert fleet.trouble == (
        Trouble("failed_reminders", ("new", "old")),
        Trouble("lost_events", ("new", "old")),
        Trouble("old_version", ("old",)),
        Trouble("not_reviewed", ("dead",)),
        Trouble("empty", ("a.jsonl",)),
    )
    assert fleet.notes == {"torn": 1, "failed_deliveries": 2, "gaps": 2, "lost_events": 14}
    assert fleet.silent == (("dead", None),)
    later = sum_lines("new", LINES, NOW - 2 * DAY).computers[0].computer
    assert (later.failed_reminders, later.lost_events, later.version) == (0, 0, "0.10.1")


@settings(deadline=None, max_examples=50)
@given(reviews(), MOMENTS)
def test_many_computers_can_be_shared(found: Review, until: float) -> None:
    """Without the names of computers, devices and programs, the figures are the same."""
    interval = Interval(None, until)
    sums = merge([*sum_review(found, interval), sum_failed("anna's")])
    names = ("anna", "bert", "my own", "nonsense")
    made = make_fleet_json(build_fleet(deepcopy(sums), interval))
    shared = make_fleet_json(build_fleet(anonymize_sums(sums), interval))
    assert not any(name in str(shared) for name in names)
    for what in ("total", "days", "weeks", "shares", "spread"):
        assert shared[what] == made[what], what
    assert len(shared["computers"]) == len(made["computers"])


@pytest.mark.parametrize(
    ("written", "shared"), [("0.10.1", "0.10.1"), ("1.2.0rc1", "1.2.0rc1"), ("1.0+anna", "")]
)
def test_a_version_names_nobody_when_shared(written: str, shared: str) -> None:
    """It comes from a journal, so it could be any text."""
    sums = sum_lines("new", LINES.replace(b"0.10.1\\u0007", written.encode()))
    assert anonymize_sums(sums).computers[0].computer.version == shared


def test_days_are_local() -> None:
    """A night that is one day in Berlin is two in UTC."""
    period = make_period("pc", 1, 0.5)
    night = datetime(2026, 11, 25, 23, 30, tzinfo=UTC).timestamp()
    period = Period("pc", "1-1", *STICK, night, night + 3600, "unplugged")
    for zone, days in ((UTC, 2), (BERLIN, 1)):
        interval = Interval(None, NOW)
        fleet = build_fleet(merge(sum_review(Review((period,)), interval, zone)), interval, zone=zone)
        assert fleet.computers[0].days == len(fleet.days) == days
