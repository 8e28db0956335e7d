"""How a language writes dates, times and numbers, after the Unicode Common Locale Data Repository (CLDR). Pure.

The formats of each language are a table that `make catalogues` writes; English has its own, which is that of an
international reader. strftime is not used: it depends on the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

RECENT_DAYS: Final = 6
"""So many days ago, the name of the weekday says which day it was."""


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of a language. Those of dates have fields such as {day} and {month}, see `_list_fields`."""

    weekdays: Sequence[str]
    """From Monday."""
    weekdays_short: Sequence[str]
    months: Sequence[str]
    """As in a date ("2. listopada")."""
    months_alone: Sequence[str]
    """As in a heading ("listopad 2026")."""
    months_short: Sequence[str]
    periods: Sequence[str]
    """AM and PM; empty if the day has 24 hours."""
    clock: str
    hour: str
    weekday_clock: str
    short_date: str
    short_date_with_year: str
    day_month: str
    full_date: str
    month_year: str
    moment: str
    """A {date} and a {time}."""
    interval: str
    """From {began} to {ended}, on one day or not."""
    days_of_month: str
    days_of_year: str
    days_of_years: str
    group: str
    """Between thousands."""
    grouped_from: int
    """The smallest number whose thousands are separated."""
    decimal: str
    percent: str

    def format_clock(self, moment: datetime) -> str:
        """Return "10:06", with the zone if the clock shows this time twice that day."""
        shown = self.clock.format(
            hour=moment.hour,
            hour12=moment.hour % 12 or 12,
            minute=moment.minute,
            period=self._find_period(moment.hour),
        )
        twice = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
        return f"{shown} {moment.tzname()}" if twice else shown

    def format_hour(self, hour: int, *, alone: bool = True) -> str:
        """Return an hour from 0 to 24; "AM" and "PM" are left out if those around it have them, as on an axis."""
        period = self._find_period(hour) if alone else ""
        return self.hour.format(hour=hour, hour12=hour % 12 or 12, period=period).strip()

    def format_recent(self, moment: datetime, now: datetime) -> str:
        """Return "10:06", with the weekday or the date unless that is today; both are local times."""
        clock = self.format_clock(moment)
        if moment.date() == now.date():
            return clock
        if now.date() - moment.date() > timedelta(days=RECENT_DAYS):
            return self.join_moment(self.format_short(moment.date()), clock)
        day = self.weekdays_short[moment.weekday()]
        return self.weekday_clock.format(weekday_short=day, clock=clock)

    def format_moment(self, moment: datetime, *, with_year: bool = False) -> str:
        """Return "Mon 2 Nov 10:06"."""
        day = self._write(self.short_date_with_year if with_year else self.short_date, moment.date())
        return self.join_moment(day, self.format_clock(moment))

    def join_moment(self, day: str, time: str) -> str:
        """Return a date and a time of day, each as text, as one."""
        return self.moment.format(date=day, time=time)

    def format_interval(self, began: datetime, ended: datetime) -> str:
        """Return "10:06 to 10:40" (with a dash), with the days if it spans midnight."""
        if began.date() == ended.date():
            return self.join_interval(self.format_clock(began), self.format_clock(ended))
        return self.join_interval(self.format_moment(began), self.format_moment(ended))

    def join_interval(self, began: str, ended: str) -> str:
        """Return two texts as an interval."""
        return self.interval.format(began=began, ended=ended)

    def format_short(self, day: date) -> str:
        """Return "Mon 2 Nov"."""
        return self._write(self.short_date, day)

    def format_day_month(self, day: date) -> str:
        """Return "2 Nov"."""
        return self._write(self.day_month, day)

    def format_full(self, day: date) -> str:
        """Return "Monday 2 November 2026"."""
        return self._write(self.full_date, day)

    def format_month(self, day: date) -> str:
        """Return "November 2026"."""
        return self._write(self.month_year, day)

    def format_days(self, first: date, last: date) -> str:
        """Return a range of days as briefly as possible: "2 to 30 November 2026" (with a dash)."""
        if first == last:
            return self.format_full(first)
        if first.year != last.year:
            pattern = self.days_of_years
        elif first.month != last.month:
            pattern = self.days_of_year
        else:
            pattern = self.days_of_month
        return pattern.format(**self._list_fields(first, "first_"), **self._list_fields(last, "last_"))

    def group_digits(self, number: int) -> str:
        """Return a number with its thousands separated."""
        return f"{number:,}".replace(",", self.group) if number >= self.grouped_from else str(number)

    def format_decimal(self, number: float) -> str:
        """Return a number with as many decimals as it has."""
        return f"{number:g}".replace(".", self.decimal)

    def format_percent(self, percent: int) -> str:
        """Return "91 %"."""
        return self.percent.format(number=percent)

    def _write(self, pattern: str, day: date) -> str:
        return pattern.format(**self._list_fields(day))

    def _list_fields(self, day: date, prefix: str = "") -> dict[str, object]:
        return {
            f"{prefix}day": day.day,
            f"{prefix}month": self.months[day.month - 1],
            f"{prefix}month_alone": self.months_alone[day.month - 1],
            f"{prefix}month_short": self.months_short[day.month - 1],
            f"{prefix}month_number": day.month,
            f"{prefix}weekday": self.weekdays[day.weekday()],
            f"{prefix}weekday_short": self.weekdays_short[day.weekday()],
            f"{prefix}year": day.year,
        }

    def _find_period(self, hour: int) -> str:
        return self.periods[hour // 12 % 2] if self.periods else ""


_MONTHS: Final = (
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
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ENGLISH_FORMATS: Final = Formats(
    weekdays=_WEEKDAYS,
    weekdays_short=tuple(day[:3] for day in _WEEKDAYS),
    months=_MONTHS,
    months_alone=_MONTHS,
    months_short=tuple(month[:3] for month in _MONTHS),
    periods=(),
    clock="{hour:02}:{minute:02}",
    hour="{hour}",
    weekday_clock="{weekday_short} {clock}",
    short_date="{weekday_short} {day} {month_short}",
    short_date_with_year="{weekday_short} {day} {month_short} {year}",
    day_month="{day} {month_short}",
    full_date="{weekday} {day} {month} {year}",
    month_year="{month} {year}",
    moment="{date} {time}",
    interval="{began} \N{EN DASH} {ended}",
    days_of_month="{first_day} \N{EN DASH} {last_day} {last_month} {last_year}",
    days_of_year="{first_day} {first_month} \N{EN DASH} {last_day} {last_month} {last_year}",
    days_of_years="{first_day} {first_month} {first_year} \N{EN DASH} {last_day} {last_month} {last_year}",
    group="\N{NARROW NO-BREAK SPACE}",
    grouped_from=1000,
    decimal=".",
    percent="{number} %",
)
