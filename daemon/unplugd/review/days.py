"""Local days, which may be 23 or 25 hours long when the clocks change. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from unplugd.local_time import find_midnight, to_datetime


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
    return to_datetime(seconds, zone)


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


class Calendar:
    """Finds the local day of a moment, or with `length` 7 the week from Monday on; all in whole milliseconds.

    A day has the number of `date.toordinal`, a week that of its Monday.
    """

    def __init__(self, zone: tzinfo, length: int = 1) -> None:
        self.length = length
        self._zone = zone
        self._midnights: dict[int, int] = {}
        # Most moments are on the same day as the one before.
        self._number = self._began = self._ended = 0

    def find(self, moment: int) -> int:
        """Return the number of the day or week of a moment."""
        if not self._began <= moment < self._ended:
            number = to_datetime(moment // 1000, self._zone).toordinal()
            # Where clocks go back over midnight, they show the day before once more.
            while moment < self._find_midnight(number):
                number -= 1
            while moment >= self._find_midnight(number + 1):
                number += 1
            self._number = number - (number - 1) % self.length
            self._began, self._ended = self.find_edges(self._number)
        return self._number

    def find_edges(self, number: int) -> tuple[int, int]:
        """Return when a day or week begins and ends."""
        return self._find_midnight(number), self._find_midnight(number + self.length)

    def _find_midnight(self, number: int) -> int:
        found = self._midnights.get(number)
        if found is None:
            found = self._midnights[number] = round(
                find_midnight(date.fromordinal(number), self._zone) * 1000
            )
        return found
