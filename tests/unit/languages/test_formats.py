"""Dates, times and numbers, as each language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from tests.rig.pseudo import load_formats
from tests.rig.sample_report import ZONE, at
from tools.catalogues.formats import make_files
from unplugd.languages.formats import ENGLISH_FORMATS, Formats
from unplugd.languages.language import FOLDER
from unplugd.review.days import to_local

NAMES = sorted(path.stem for path in (FOLDER / "formats").glob("*.json"))
ALL = {"en": ENGLISH_FORMATS, **{name: load_formats(name) for name in NAMES}}
every = pytest.mark.parametrize("name", ALL)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - of `timezones`
NOON = datetime(2026, 11, 2, 14, 5, tzinfo=UTC)


def test_the_tables_are_those_of_the_data() -> None:
    """They are written by `make catalogues`, and by nobody else."""
    written = {path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "formats").iterdir()}
    assert written == make_files()


@pytest.mark.parametrize("name", NAMES)
@given(moment=MOMENTS, number=st.integers(0, 10_000_000))
def test_they_are_written_as_babel_writes_them(name: str, moment: datetime, number: int) -> None:
    """Babel has the same data, and its own code."""
    formats, locale = ALL[name], Locale.parse(name)
    assert formats.format_full(moment.date()) == format_date(moment, "full", locale)
    assert formats.format_clock(moment) == format_time(moment, "short", locale=locale)
    if name not in {"es", "pl", "pt", "it", "es_MX", "es_US"} or number >= 10_000:
        assert formats.group_digits(number) == format_decimal(number, locale=locale)


@every
@given(one=MOMENTS, other=MOMENTS)
def test_each_moment_is_unambiguous(name: str, one: datetime, other: datetime) -> None:
    """Two moments are written alike only if they have the same minute, two days only if they are the same."""
    formats = ALL[name]
    one, other = one.replace(second=0, microsecond=0), other.replace(second=0, microsecond=0)

    def write(moment: datetime) -> str:
        return formats.format_moment(moment, with_year=True)

    assert (write(one) == write(other)) == (one == other)
    assert (formats.format_clock(one) == formats.format_clock(other)) == (one.time() == other.time())
    assert (formats.format_full(one.date()) == formats.format_full(other.date())) == (
        one.date() == other.date()
    )
    assert (formats.format_month(one.date()) == formats.format_month(other.date())) == (
        (one.year, one.month) == (other.year, other.month)
    )


@every
@given(now=MOMENTS, ago=st.integers(0, 60 * 24 * 300), later=st.integers(1, 60 * 24 * 300))
def test_what_is_recent_is_unambiguous(name: str, now: datetime, ago: int, later: int) -> None:
    """Of two moments before now, within a year, no two are written alike."""
    formats = ALL[name]
    one, other = (now - timedelta(minutes=minutes) for minutes in (ago, ago + later))
    assert formats.format_recent(one, now) != formats.format_recent(other, now)


@every
@given(first=st.dates(date(2020, 1, 1), date(2030, 12, 31)), days=st.integers(0, 800))
def test_a_range_of_days_has_both(name: str, first: date, days: int) -> None:
    """The range of other days is written otherwise."""
    formats = ALL[name]
    last = first + timedelta(days=days)
    shown = formats.format_days(first, last)
    assert str(last.year) in shown
    assert shown != formats.format_days(first, last + timedelta(days=1))
    assert shown != formats.format_days(first - timedelta(days=1), last)


@pytest.mark.parametrize(
    ("name", "clock", "hour", "moment", "full", "percent"),
    [
        ("en", "14:05", "18", "Mon 2 Nov 14:05", "Monday 2 November 2026", "91 %"),
        ("en_US", "2:05 PM", "6 PM", "Mon, Nov 2, 2:05 PM", "Monday, November 2, 2026", "91%"),
        ("de", "14:05", "18", "Mo., 2. Nov., 14:05", "Montag, 2. November 2026", "91 %"),
        ("fr", "14:05", "18", "lun. 2 nov., 14:05", "lundi 2 novembre 2026", "91 %"),
        ("es", "14:05", "18", "lun, 2 nov, 14:05", "lunes, 2 de noviembre de 2026", "91 %"),
        ("it", "14:05", "18", "lun 2 nov, 14:05", "lunedì 2 novembre 2026", "91%"),
        ("nl", "14:05", "18", "ma 2 nov, 14:05", "maandag 2 november 2026", "91%"),
        ("pt", "14:05", "18", "seg., 2 de nov. 14:05", "segunda-feira, 2 de novembro de 2026", "91%"),
        ("sv", "14:05", "18", "mån 2 nov. 14:05", "måndag 2 november 2026", "91 %"),
        ("pl", "14:05", "18", "pon., 2 lis, 14:05", "poniedziałek, 2 listopada 2026", "91%"),
        ("ja", "14:05", "18", "11月2日(月) 14:05", "2026年11月2日月曜日", "91%"),
    ],
)
def test_a_moment_in_each_language(
    name: str, clock: str, hour: str, moment: str, full: str, percent: str
) -> None:
    """The order of day and month, the hours of the day and the names are those of the language."""
    formats = ALL[name]
    shown = (
        formats.format_clock(NOON),
        formats.format_hour(18),
        formats.format_moment(NOON),
        formats.format_full(NOON.date()),
        formats.format_percent(91),
    )
    plain = tuple(
        text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ") for text in shown
    )
    assert plain == (clock, hour, moment, full, percent)


def test_a_month_alone_has_its_own_form() -> None:
    """In Polish the name of a month in a date is another one than in a heading."""
    assert ALL["pl"].format_month(NOON.date()) == "listopad 2026"
    assert ALL["pl"].format_full(NOON.date()) == "poniedziałek, 2 listopada 2026"


def test_midnight_and_noon_on_a_clock_of_twelve_hours() -> None:
    """The day begins at 12 AM, and noon is 12 PM."""
    formats = ALL["en_US"]
    shown = [
        formats.format_hour(hour).replace("\N{NARROW NO-BREAK SPACE}", " ") for hour in (0, 6, 12, 18, 24)
    ]
    assert shown == ["12 AM", "6 AM", "12 PM", "6 PM", "12 AM"]
    assert formats.format_hour(18, alone=False) == "6"
    assert ENGLISH_FORMATS.format_hour(18, alone=False) == "18"


def test_the_weekday_says_when_something_recent_was() -> None:
    """Today the time is enough; within a week the weekday is; before, it takes the date."""
    shown = [ENGLISH_FORMATS.format_recent(NOON - timedelta(days=days), NOON) for days in (0, 1, 6, 7)]
    assert shown == ["14:05", "Sun 14:05", "Tue 14:05", "Mon 26 Oct 14:05"]


@pytest.mark.parametrize(
    ("moment", "shown"), [("2026-10-25T01:59", "01:59"), ("2026-10-25T02:30", "02:30 CEST")]
)
def test_a_clock_names_its_zone_where_it_shows_a_time_twice(moment: str, shown: str) -> None:
    """Which of the two hours it was is not left open when the clocks go back."""
    local = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(ZONE))
    assert ENGLISH_FORMATS.format_clock(local) == shown


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
    assert (
        ENGLISH_FORMATS.format_interval(*(to_local(at(moment), zone) for moment in (began, ended))) == shown
    )


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
    assert ENGLISH_FORMATS.format_days(first, last) == shown


def test_thousands_are_grouped() -> None:
    """Digits are grouped by narrow spaces that do not break a line."""
    assert [ENGLISH_FORMATS.group_digits(count) for count in (999, 1000, 1_234_567)] == [
        "999",
        "1\u202f000",
        "1\u202f234\u202f567",
    ]


def test_every_table_has_every_name() -> None:
    """Seven weekdays, twelve months, and no format with a field that does not exist."""
    for formats in ALL.values():
        assert isinstance(formats, Formats)
        assert [len(formats.weekdays), len(formats.months), len(formats.months_alone)] == [7, 12, 12]
        assert formats.format_decimal(23.5) in {"23.5", "23,5"}
