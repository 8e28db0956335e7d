"""Local days, which may be 23 or 25 hours long when the clocks change. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from unplugd.local_time import find_midnight


class Day(msgspec.Struct, frozen=True, gc=False):
    """A local day, from `began` to `ended` in Unix seconds."""

    date: date
    began: float
    ended: float

    @property
    def hours(self) -> float:
        """The length of the day in hours."""
        return (self.ended - self.began) / 3600


def find_zone(name: str) -> tzinfo:
    """Return the time zone with a name ("Europe/Berlin", "UTC") or an offset ("+05:30", "UTC+05:30")."""
    name = name.removeprefix("UTC") or name
    if name[:1] in {"+", "-"}:
        return datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo or UTC
    return ZoneInfo(name)


def to_local(seconds: float, zone: tzinfo) -> datetime:
    """Return the local time at `seconds` (Unix time)."""
    return datetime.fromtimestamp(seconds, zone)


def list_days(since: float, until: float, zone: tzinfo) -> tuple[Day, ...]:
    """Return the local days from `since` to `until` (Unix seconds), oldest first; at least the day of `since`."""
    day = to_local(since, zone).date()
    began = find_midnight(day, zone)
    found: list[Day] = []
    while began < until or not found:
        following = day + timedelta(days=1)
        ended = find_midnight(following, zone)
        # A zone that moved across the date line skipped a day.
        if ended > began:
            found.append(Day(day, began, ended))
        day, began = following, ended
    return tuple(found)


def find_hour(day: Day, hour: int, zone: tzinfo) -> float:
    """Return the position of a local hour on `day`, from 0 (its beginning) to 1 (its end)."""
    moment = datetime(day.date.year, day.date.month, day.date.day, hour, tzinfo=zone).timestamp()
    return (moment - day.began) / (day.ended - day.began)
