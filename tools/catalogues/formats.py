"""Writes the formats of each language, from Babel's copy of the Unicode Common Locale Data Repository."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from babel import Locale

from tools.catalogues import FOLDER
from unplugd.languages.formats import Formats
from unplugd.languages.language import ENGLISH, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGIONS: Final = ("en_US", "en_AU", "en_CA", "es_MX", "es_US", "fr_CA")
"""Regions whose formats differ from those of their language; a clock of twelve hours is the commonest reason."""
FIELDS: Final = {
    "y": "{year}",
    "M": "{month_number}",
    "MMM": "{month_short}",
    "MMMM": "{month}",
    "LLL": "{month_short}",
    "LLLL": "{month_alone}",
    "d": "{day}",
    "dd": "{day:02}",
    "E": "{weekday_short}",
    "EEE": "{weekday_short}",
    "EEEE": "{weekday}",
    "H": "{hour}",
    "HH": "{hour:02}",
    "h": "{hour12}",
    "mm": "{minute:02}",
    "a": "{period}",
}
"""The fields of a pattern of CLDR (Unicode Technical Standard 35), and what they are here."""
TOKEN: Final = re.compile(r"'((?:[^']|'')*)'|(y+|M+|L+|d+|E+|H+|h+|m+|a+)|(.)", re.DOTALL)


def write_formats() -> None:
    """Write the formats of each language and region."""
    (FOLDER / "formats").mkdir(exist_ok=True)
    for name, content in make_files().items():
        (FOLDER / "formats" / name).write_text(content, encoding="utf-8")


def find_mistakes() -> Iterator[str]:
    """Yield each file of formats that is not as it would be written."""
    files = make_files()
    written = {path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "formats").iterdir()}
    for name in sorted(files.keys() | written.keys()):
        if files.get(name) != written.get(name):
            yield f"formats/{name} is not what Babel says: run make catalogues"


def make_files() -> dict[str, str]:
    """Return the content of each file, by name."""
    names = [tag for tag in LANGUAGES if tag != ENGLISH.tag] + list(REGIONS)
    return {
        f"{name}.json": json.dumps(make_formats(name), ensure_ascii=False, indent=1) + "\n" for name in names
    }


def make_formats(name: str) -> dict[str, Any]:
    """Return the formats of a language or region as a table."""
    locale = Locale.parse(name)
    skeletons = {key: value.pattern for key, value in locale.datetime_skeletons.items()}
    clock = locale.time_formats["short"].pattern
    is_of_twelve = "a" in clock
    full = locale.date_formats["full"].pattern
    intervals = locale.interval_formats.get("yMMMMd") or locale.interval_formats["yMMMd"]
    moment = locale.datetime_formats["medium"]
    interval = locale.interval_formats[None]
    symbols = locale.number_symbols["latn"]
    periods = locale.day_periods["format"]["abbreviated"]
    made = {
        "weekdays": list_names(locale.days["format"]["wide"]),
        "weekdays_short": list_names(locale.days["format"]["abbreviated"]),
        "months": list_names(locale.months["format"]["wide"]),
        "months_alone": list_names(locale.months["stand-alone"]["wide"]),
        "months_short": list_names(locale.months["format"]["abbreviated"]),
        "periods": [periods["am"], periods["pm"]] if is_of_twelve else [],
        "clock": convert(clock),
        "hour": convert("h\u202fa" if is_of_twelve else "H"),
        "weekday_clock": convert(skeletons["Ehm" if is_of_twelve else "EHm"]).replace(
            convert(skeletons["hm" if is_of_twelve else "Hm"]), "{clock}"
        ),
        "short_date": convert(skeletons["MMMEd"]),
        "short_date_with_year": convert(skeletons["yMMMEd"]),
        "day_month": convert(skeletons["MMMd"]),
        "full_date": convert(full),
        "month_year": convert(skeletons["yMMMM"]),
        "moment": moment.replace("{1}", "{date}").replace("{0}", "{time}"),
        "interval": interval.replace("{0}", "{began}").replace("{1}", "{ended}"),
        "days_of_month": convert_interval(intervals["d"]),
        "days_of_year": convert_interval(intervals["M"]),
        "days_of_years": convert_interval(intervals["y"]),
        "group": symbols["group"],
        "grouped_from": 1000,
        "decimal": symbols["decimal"],
        "percent": locale.percent_formats[None].pattern.replace("#,##0", "{number}"),
    }
    return {field.name: made[field.name] for field in fields(Formats)}


def list_names(names: Mapping[int, str]) -> list[str]:
    """Return the names of the weekdays from Monday, or of the months, which Babel numbers."""
    return [name for _, name in sorted(names.items())]


def convert(pattern: str) -> str:
    """Return a pattern of CLDR as a format string."""
    parts = []
    for literal, field, other in TOKEN.findall(pattern):
        parts.append(FIELDS[field] if field else other or literal.replace("''", "'") or "'")
    return "".join(parts)


def convert_interval(parts: tuple[str, str]) -> str:
    """Return the pattern of a range of days as a format string, with the month in full, as ICU widens it."""
    first, last = (convert(re.sub("M{3,}|L{3,}", "MMMM", part)) for part in parts)
    return first.replace("{", "{first_") + last.replace("{", "{last_")
