"""The figures of a report: they are right, and they add up by day, device and computer, wherever a report is cut."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests import PROJECT, TESTS
from tests.rig.any_review import BERLIN, MOMENTS, STICK, ZONES, reviews
from unplugd.journal.event import decode
from unplugd.review.export import make_json
from unplugd.review.figures import OUTCOMES, Figures
from unplugd.review.model import Absence, End, Period, Reminder, Review, Use, Watched
from unplugd.review.report_builder import build_report
from unplugd.review.reviewer import review_events
from unplugd.review.share import anonymize
from unplugd.review.wording import OUTCOME_LABELS, describe_late
from unplugd.rules.events import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

MONTH = TESTS / "histories" / "month.jsonl"
SCHEMA = PROJECT / "share/doc/unplugd/report.schema.json"
SUMS = (
    "periods",
    "plugged_for",
    "used_for",
    "unused_for",
    "uses",
    "reminders",
    "snoozes",
    "snoozed_for",
    "strangers",
    "over_half_an_hour",
    "over_three_hours",
)


def local(text: str) -> float:
    """Return the Unix time of a local one in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def month() -> Review:
    """Return the review of a month whose journal was written by hand."""
    notes: Counter[str] = Counter()
    found = review_events(decode(MONTH.read_bytes(), notes)[0])
    return replace(found, notes=notes + Counter(found.notes))


def test_known_month() -> None:
    """A month with a forgotten night, a restart, a power loss, a replug and a clock change has the figures worked out by hand."""
    found = build_report(month(), since=local("2026-10-01"), until=local("2026-11-01"), zone=BERLIN)
    assert found.total == Figures(
        periods=8,
        plugged_for=58_805,
        used_for=5400,
        unused_for=53_405,
        longest=39_600,
        longest_unused=39_000,
        uses=4,
        reminders=9,
        outcomes={"unplugged": 5, "in_use": 0, "snoozed": 1, "dismissed": 1, "expired": 0, "away": 0, "": 2},
        reaction=3300,
        over_half_an_hour=3,
        over_three_hours=1,
        snoozes=1,
        snoozed_for=900,
        strangers=1,
        away_for={"locked": 0, "inactive": 0, "": 0},
    )
    by_day = {day.day: (one.plugged_for, one.used_for) for day, one in found.days if one.plugged_for}
    assert by_day == {
        2: (1200, 600),
        5: (14_400, 600),
        6: (25_200, 0),
        10: (3600, 0),
        12: (600, 0),
        15: (905, 600),
        20: (300, 0),
        25: (10_800, 3600),
        28: (1800, 0),
    }
    assert [(name, one.periods, one.plugged_for) for name, _, one in found.devices] == [
        ("CareLink USB", 7, 57_900),
        ("Contour Next Link 2.4", 1, 905),
    ]
    assert [(host, one.unused_for) for host, one in found.computers] == [("anna-laptop", 53_405)]
    assert [period.end for period in found.periods] == [
        *["unplugged"] * 3,
        "cut",
        "unplugged",
        "unseen",
        *["unplugged"] * 2,
    ]
    assert found.not_watched_for == 2_147_100
    assert found.before is None
    assert found.notes == {"torn": 1, "foreign": 1, "clock_jumps": 1}


def test_every_outcome_has_a_label_and_is_counted() -> None:
    """A report counts, and its page names, the outcomes that the rules know, "away" and none, in the same order."""
    assert (*get_args(Outcome), "away", "") == OUTCOMES
    assert tuple(OUTCOME_LABELS) == OUTCOMES


def test_before() -> None:
    """The time before is as long, and is left out if the journal does not reach back that far."""
    whole = month()
    found = build_report(whole, since=local("2026-10-10"), until=local("2026-10-16"), zone=BERLIN)
    assert found.before
    assert (found.before.periods, found.before.plugged_for) == (1, 39_600)
    assert (
        build_report(whole, since=local("2026-10-08"), until=local("2026-10-16"), zone=BERLIN).before is None
    )


def test_cut_periods() -> None:
    """A period that is longer than the report is cut to it, and is open if it continues."""
    found = build_report(
        month(), since=local("2026-10-05T20:10"), until=local("2026-10-06T00:00"), zone=BERLIN
    )
    (period,) = found.periods
    assert (period.began, period.ended, period.end) == (found.since, found.until, "open")
    assert (period.used_for, found.total.periods, found.total.reminders) == (300, 0, 2)
    assert [one.began for one in found.watched] == [found.since]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("Asia/Kathmandu", date(2026, 6, 1), 24),
    ],
)
def test_length_of_days(zone: str, day: date, hours: float) -> None:
    """A day is as long as its local clock makes it when the clocks change."""
    where = ZoneInfo(zone)
    began = datetime(day.year, day.month, day.day, tzinfo=where).timestamp() - 3 * 86400
    period = Period("anna", "1-1", "0a21:8001", "CareLink USB", began, began + 7 * 86400, "unplugged")
    found = build_report(Review((period,)), zone=where)
    assert dict(found.days)[day].plugged_for == hours * 3600
    assert sum(one.plugged_for for _, one in found.days) == 7 * 86400


def test_empty_review() -> None:
    """An empty review makes an empty report."""
    found = build_report(Review())
    assert (found.total.periods, found.days, found.periods) == (0, (), ())
    assert build_report(Review(), since=5, until=10).since == 5
    assert make_json(found)["total"]["reaction"] is None


def test_days_without_data() -> None:
    """They are left out, so that a clock that was in 1970 once makes no report of 20000 days."""
    old, new = Watched("anna", 100, 200), Watched("anna", 1.79e9, 1.79e9 + 60)
    found = build_report(Review((), (old, new)))
    assert len(found.days) == 2
    assert found.not_watched_for == pytest.approx(1.79e9 - 200, abs=1)


def test_nobody_reacts_while_away() -> None:
    """The time from a reminder to the unplug is counted without that in which nobody was in front."""
    reminders = (Reminder(100, 1, "normal", "desktop", "away"), Reminder(4000, 2, "normal", "desktop", ""))
    absences = (Absence(50, 80, "locked"), Absence(160, 2000, "inactive"), Absence(2000, 3900, "locked"))
    period = Period("anna", "1-1", *STICK, 0, 4100, "unplugged", (), reminders, absences=absences)
    found = build_report(Review((period,)), since=0, until=3000)
    assert found.total.away_for == {"locked": 1030, "inactive": 1840, "": 0}
    assert found.periods[0].away_for == {"locked": 1030, "inactive": 1840}
    total = build_report(Review((period,))).total
    assert (total.reaction, total.unused_for, total.outcomes["away"]) == (260, 4100, 1)


def test_what_the_median_hides_is_counted() -> None:
    """A device left in for long after a reminder counts, even if nobody saw it unplugged, and the time away does not."""

    def make_period(number: int, minutes: float, end: End = "unplugged", away: float = 0) -> Period:
        began = number * 100_000.0
        reminders = (Reminder(began + 300, 1, "normal", "desktop", ""),)
        absences = (Absence(began + 400, began + 400 + away * 60, "locked"),) if away else ()
        ended = began + 300 + minutes * 60
        return Period("anna", "1-1", *STICK, began, ended, end, (), reminders, absences=absences)

    found = build_report(
        Review(
            (
                *(make_period(number, 1) for number in range(5)),
                make_period(5, 30),
                make_period(6, 30.1),
                make_period(7, 45, "open"),
                make_period(8, 181, "unseen"),
                make_period(9, 200, "cut"),
                make_period(10, 200, away=180),
                make_period(11, 200, away=30),
            )
        )
    )
    assert (found.total.reaction, found.total.over_half_an_hour, found.total.over_three_hours) == (60, 5, 2)
    assert describe_late(found.total) == ["not within half an hour: 5 times", "not within three hours: twice"]
    assert describe_late(replace(found.total, over_three_hours=0)) == ["not within half an hour: 5 times"]
    assert describe_late(build_report(Review((make_period(0, 1),))).total) == []


# --- any review


def add(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the sums of figures, in whole milliseconds."""
    total: dict[str, Any] = dict.fromkeys(SUMS, 0)
    outcomes: Counter[str] = Counter()
    away: Counter[str] = Counter()
    for part in parts:
        for key in SUMS:
            total[key] += round(part[key] * 1000)
        outcomes.update(part["outcomes"])
        away.update({why: round(seconds * 1000) for why, seconds in part["away_for"].items()})
    return {**total, "outcomes": +outcomes, "away_for": +away}


@settings(deadline=None, max_examples=50)
@given(reviews(), st.none() | MOMENTS, st.none() | MOMENTS, ZONES)
def test_adds_up(found: Review, since: float | None, until: float | None, zone: ZoneInfo) -> None:
    """Days, devices, computers and periods add up to the total, to the millisecond, in any report."""
    made = make_json(build_report(found, since=since, until=until, zone=zone))
    total = add([made["total"]])
    for parts in ("days", "devices", "computers"):
        assert add(made[parts]) == total, parts
    for key in ("plugged_for", "used_for", "unused_for"):
        assert sum(round(one[key] * 1000) for one in made["periods"]) == total[key]
    assert sum(len(one["reminders"]) for one in made["periods"]) * 1000 == total["reminders"]
    assert sum(made["total"]["outcomes"].values()) == made["total"]["reminders"]
    assert total["used_for"] + total["unused_for"] == total["plugged_for"]


@settings(deadline=None, max_examples=50)
@given(reviews(), MOMENTS)
def test_cut_in_two(found: Review, moment: float) -> None:
    """The time before and the time after any moment add up to the whole."""
    whole = build_report(found)
    parts = (
        build_report(found, since=min(whole.since, moment), until=moment),
        build_report(found, since=moment, until=max(whole.until, moment)),
    )
    assert add(make_json(part)["total"] for part in parts) == add([make_json(whole)["total"]])
    times: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    for part in parts:
        for program, count, seconds in part.held_back:
            times[program] += count
            lengths[program] += round(seconds * 1000)
    assert {
        program: (times[program], lengths[program]) for program in times if times[program] or lengths[program]
    } == {program: (count, round(seconds * 1000)) for program, count, seconds in whole.held_back}
    later = build_report(found, until=max(whole.until, moment))
    assert sum(part.not_watched_for for part in parts) == pytest.approx(later.not_watched_for)


@pytest.fixture(scope="module")
def schema() -> Any:
    """Return the documented schema, which is itself a valid one."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = json.loads(SCHEMA.read_text())
    validator.check_schema(schema)
    return validator(schema)


@settings(deadline=None, max_examples=30)
@given(reviews(), st.none() | MOMENTS, ZONES)
def test_schema(schema: Any, found: Review, since: float | None, zone: ZoneInfo) -> None:
    """The JSON matches its schema, and its times have the offset of the zone."""
    made = json.loads(json.dumps(make_json(build_report(found, since=since, zone=zone))))
    schema.validate(made)
    assert datetime.fromisoformat(made["since"]).utcoffset() is not None


@settings(deadline=None, max_examples=50)
@given(reviews())
def test_shares_no_names(found: Review) -> None:
    """What is shared has the same figures, without the names of computers, devices and unknown programs."""
    shared = anonymize(found)
    text = json.dumps(make_json(build_report(shared)))
    assert not any(name in text for name in ("anna", "bert", "my own", "thermometer", "nonsense"))
    assert make_json(build_report(shared))["total"] == make_json(build_report(found))["total"]
    assert len({one.host for one in shared.periods}) == len({one.host for one in found.periods})


def test_shares_what_everybody_knows() -> None:
    """Device models and upload software keep their names if unplugd knows them."""
    uses = (Use(0, 1, "Tidepool Uploader", "open"), Use(1, 2, "anna's", "open"), Use(2, 3, "", ""))
    shared = anonymize(Review((Period("anna", "1-1", "1A79:6210", "Anna's meter", 0, 9, "unplugged", uses),)))
    (period,) = shared.periods
    assert (period.host, period.name, period.id) == ("computer 1", "Contour Next Link 2.4", "1a79:6210")
    assert [use.program for use in period.uses] == ["Tidepool Uploader", "other upload software", ""]
