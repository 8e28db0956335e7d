"""Local days and times."""

from __future__ import annotations

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.rig.sample_report import at
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
