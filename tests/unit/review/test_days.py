"""Local days and times."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.rig.sample_report import ZONE, at
from unplugd.review import days


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/Havana", "Africa/Cairo", "Pacific/Apia", "Asia/Kolkata", "UTC"]
)
def test_days_follow_each_other_without_a_gap(zone: str) -> None:
    """Days are consecutive also where clocks change at midnight, and where a day was skipped."""
    where = ZoneInfo(zone)
    found = days.list_days(at("2011-01-01T00:00", zone), at("2012-01-01T00:00", zone), where)
    assert all(one.ended == after.began for one, after in pairwise(found))
    assert all(days.to_local(one.began, where).date() == one.date for one in found)
    assert len(found) == (364 if zone == "Pacific/Apia" else 365)


@pytest.mark.parametrize(
    ("name", "offset"), [("+05:30", 19800), ("UTC+05:30", 19800), ("UTC-03:00", -10800), ("UTC", 0)]
)
def test_a_zone_is_also_an_offset(name: str, offset: int) -> None:
    """A zone without a name is written as its offset."""
    moment = days.to_local(0, days.find_zone(name)).utcoffset()
    assert moment is not None
    assert moment.total_seconds() == offset


@pytest.mark.parametrize(
    ("moment", "shown"), [("2026-10-25T01:59", "01:59"), ("2026-10-25T02:30", "02:30 CEST")]
)
def test_a_clock_names_its_zone_where_it_shows_a_time_twice(moment: str, shown: str) -> None:
    """Which of the two hours it was is not left open when the clocks go back."""
    assert days.format_clock(datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(ZONE))) == shown


@pytest.mark.parametrize(
    ("began", "ended", "shown"),
    [
        ("2026-10-05T10:06", "2026-10-05T10:40", "10:06 \N{EN DASH} 10:40"),
        ("2026-10-05T23:50", "2026-10-06T00:10", "Mon 5 Oct 23:50 \N{EN DASH} Tue 6 Oct 00:10"),
    ],
)
def test_an_interval_has_its_days_if_it_is_over_midnight(began: str, ended: str, shown: str) -> None:
    """An interval within a day is shown without the day."""
    zone = ZoneInfo(ZONE)
    assert days.format_interval(*(days.to_local(at(moment), zone) for moment in (began, ended))) == shown


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2026, 11, 2), date(2026, 11, 2), "Monday 2 November 2026"),
        (date(2026, 11, 2), date(2026, 11, 30), "2 \N{EN DASH} 30 November 2026"),
        (date(2026, 10, 2), date(2026, 11, 30), "2 October \N{EN DASH} 30 November 2026"),
        (date(2025, 12, 2), date(2026, 1, 3), "2 December 2025 \N{EN DASH} 3 January 2026"),
    ],
)
def test_a_range_of_days_says_month_and_year_once(first: date, last: date, shown: str) -> None:
    """What both days have in common is not repeated."""
    assert days.format_days(first, last) == shown
