"""The days of the report's page, one a row: a picture from midnight to midnight, and its figures. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from unplugd.durations import describe
from unplugd.page import drawing
from unplugd.page.book import NOBODY
from unplugd.page.hypertext import OUTCOMES, count, ending, long, plain, stretch
from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from unplugd.page.book import Book
    from unplugd.review.days import Day

DETAILED: Final = 1200
"""Periods whose times are under the pointer, the newest; older months are drawn without."""
TOLD: Final = 12
"""Periods of a day whose times are read out."""
OPEN_DAYS: Final = 40
"""Months that reach into the last so many days are unfolded."""
QUIET: Final = 2
"""So many days in a row without anything are one row."""


def by_day(book: Book) -> str:
    """Return the days, the newest month first, each with its picture and its figures."""
    months = [
        (first, list(group)) for first, group in groupby(book.days, key=lambda day: day.date.replace(day=1))
    ]
    drawn = 0
    parts = []
    for first, month in reversed(months):
        drawn += sum(len(book.periods.get(day.date, ())) for day in month)
        detailed = drawn <= DETAILED
        rows = "".join(_days(book, month, detailed=detailed))
        whole = f"of {days.format_month(first)}" if len(months) > 1 else "of this time"
        apart = " apart" if book.told_apart else ""
        table = (
            f'<table class="days{apart}"><caption>The days {whole}: when a device was plugged in, from midnight to '
            "midnight</caption>"
            f'<thead><tr><th scope="col">Day</th><td>{drawing.axis()}</td><th scope="col">Times</th>'
            '<th scope="col">Plugged in</th><th scope="col">Used</th><th scope="col">Left unused</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
        unfold = len(months) == 1 or book.days[-1].began - month[-1].began < OPEN_DAYS * 86400
        parts.append(_folded(book, first, month, table, unfold=unfold) if len(months) > 1 else table)
    return "".join(parts)


def _folded(book: Book, first: date, month: Sequence[Day], inside: str, *, unfold: bool) -> str:
    total = book.of(month)
    return (
        f"<details{' open' if unfold else ''}><summary><b>{days.format_month(first)}</b> <span>left unused "
        f"{long(total.unused_for)}</span></summary>{inside}</details>"
    )


def _days(book: Book, month: Sequence[Day], *, detailed: bool) -> Iterable[str]:
    for quiet, group in groupby(reversed(month), key=lambda day: day.date not in book.periods):
        some = list(group)
        if quiet and len(some) >= QUIET:
            yield _quiet(book, some)
        else:
            yield from (_day(book, day, detailed=detailed) for day in some)


def _quiet(book: Book, some: Sequence[Day]) -> str:
    off = book.nobody_for(some)
    if book.is_unknown(some):
        said = f"Nothing is known of these {len(some)} days: unplugd was not running."
    elif off >= 60:
        said = f"Nothing was seen plugged in on these {len(some)} days; for {describe(off)} of them unplugd was not running."
    else:
        said = f"Nothing was plugged in on these {len(some)} days."
    return (
        f'<tr class="quiet"><th scope="row">{_row_name(some[-1])}{days.TO.rstrip()}<br>{_row_name(some[0])}</th>'
        f'<td colspan="5">{said}</td></tr>'
    )


def _row_name(day: Day) -> str:
    return f'<time datetime="{day.date}">{days.format_short(day.date)}</time>'


def _day(book: Book, day: Day, *, detailed: bool) -> str:
    figures = book.figures.get(day.date, NOBODY)
    lanes = book.lanes(day)
    hours = "" if abs(day.hours - 24) < 1e-6 else f" <small>{day.hours:g} hours</small>"
    drawn = drawing.lanes(lanes, day, book.zone, book.report.until, detailed=detailed)
    if book.told_apart:
        names = "".join(f"<span>{plain(lane.name, '')}</span>" for lane in lanes)
        drawn = f"<p>{names}</p>{drawn}"
    key = day.date.isoformat()
    said = f'<span hidden id="t{key}">{_told(book, day)}</span>' if detailed else ""
    return (
        f'<tr><th scope="row" id="d{key}">{_row_name(day)}{hours}</th>'
        f'<td><div role="img" aria-labelledby="d{key}{f" t{key}" if detailed else ""}">{drawn}</div>{said}</td>'
        f"<td>{count(figures.periods)}</td><td>{long(figures.plugged_for)}</td><td>{long(figures.used_for)}</td>"
        f"<td>{long(figures.unused_for)}</td></tr>"
    )


def _told(book: Book, day: Day) -> str:
    periods = book.periods.get(day.date, ())
    if not periods:
        return "nothing is known: unplugd was not running" if book.is_unknown([day]) else "nothing plugged in"
    said = []
    for period in periods[:TOLD]:
        began, ended = days.to_local(period.began, book.zone), days.to_local(period.ended, book.zone)
        words = [
            f"{stretch(began, ended)} plugged in"
            + (f", {plain(place)}" if (place := book.place(period)) else "")
        ]
        words.extend(
            f"used {days.format_clock(days.to_local(use.began, book.zone))}{days.TO}{days.format_clock(days.to_local(use.ended, book.zone))}"
            for use in period.uses[:TOLD]
        )
        words.extend(
            f"reminder {days.format_clock(days.to_local(one.at, book.zone))}"
            + (f" ({OUTCOMES[one.outcome]})" if one.outcome and one.outcome in OUTCOMES else "")
            for one in period.reminders[:TOLD]
        )
        said.append(", ".join([*words, ending(period, book.report.until)]))
    if len(periods) > TOLD:
        said.append(f"and {len(periods) - TOLD} more")
    return "; ".join(said)
