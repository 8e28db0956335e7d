"""Local days, and how a report shows dates and times. Pure.

A local day may be 23 or 25 hours long when the clocks change. Names are always English, so strftime, which depends on
the environment, is not used.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from unplugd.local_time import find_midnight

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DASH: Final = " \N{EN DASH} "


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


def format_clock(moment: datetime) -> str:
    """Return "10:06", with the zone if the clock shows this time twice that day."""
    shown = f"{moment.hour:02}:{moment.minute:02}"
    twice = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
    return f"{shown} {moment.tzname()}" if twice else shown


def format_interval(began: datetime, ended: datetime) -> str:
    """Return "10:06 to 10:40" (with a dash), with the days if it spans midnight."""
    if began.date() == ended.date():
        return f"{format_clock(began)}{DASH}{format_clock(ended)}"
    first, last = format_short(began.date()), format_short(ended.date())
    return f"{first} {format_clock(began)}{DASH}{last} {format_clock(ended)}"


def format_short(day: date) -> str:
    """Return "Mon 2 Nov"."""
    return f"{WEEKDAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1][:3]}"


def format_full(day: date) -> str:
    """Return "Monday 2 November 2026"."""
    return f"{WEEKDAYS[day.weekday()]} {format_date(day)}"


def format_date(day: date) -> str:
    """Return "2 November 2026"."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def format_month(day: date) -> str:
    """Return "November 2026"."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def format_days(first: date, last: date) -> str:
    """Return a range of days as briefly as possible: "2 to 30 November 2026" (with a dash)."""
    if first == last:
        return format_full(first)
    if first.year != last.year:
        return f"{format_date(first)}{DASH}{format_date(last)}"
    if first.month != last.month:
        return f"{first.day} {MONTHS[first.month - 1]}{DASH}{format_date(last)}"
    return f"{first.day}{DASH}{format_date(last)}"
