"""The days of the report's page, one a row: a picture from midnight to midnight, and its figures. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from unplugd.durations import describe
from unplugd.html_report import svg
from unplugd.html_report.markup import (
    OUTCOME_LABELS,
    describe_end,
    escape_text,
    format_count,
    format_duration,
    format_interval,
)
from unplugd.html_report.report_view import NOBODY
from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from unplugd.html_report.report_view import ReportView
    from unplugd.review.days import Day

MAX_DETAILED: Final = 1200
"""Periods whose times are under the pointer, the newest; older months are drawn without."""
MAX_SPOKEN: Final = 12
"""Periods of a day whose times are read out."""
MAX_OPEN_DAYS: Final = 40
"""Months that reach into the last so many days are unfolded."""
QUIET_DAYS: Final = 2
"""So many days in a row without anything are one row."""


def render_days(book: ReportView) -> str:
    """Return the days, the newest month first, each with its picture and its figures."""
    months = [
        (first, list(group)) for first, group in groupby(book.days, key=lambda day: day.date.replace(day=1))
    ]
    drawn = 0
    parts = []
    for first, month in reversed(months):
        drawn += sum(len(book.periods.get(day.date, ())) for day in month)
        detailed = drawn <= MAX_DETAILED
        rows = "".join(_days(book, month, detailed=detailed))
        whole = f"of {days.format_month(first)}" if len(months) > 1 else "of this time"
        apart = " apart" if book.told_apart else ""
        table = (
            f'<table class="days{apart}"><caption>The days {whole}: when a device was plugged in, from midnight to '
            "midnight</caption>"
            f'<thead><tr><th scope="col">Day</th><td>{svg.draw_axis()}</td><th scope="col">Times</th>'
            '<th scope="col">Plugged in</th><th scope="col">Used</th><th scope="col">Left unused</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
        unfold = len(months) == 1 or book.days[-1].began - month[-1].began < MAX_OPEN_DAYS * 86400
        parts.append(_folded(book, first, month, table, unfold=unfold) if len(months) > 1 else table)
    return "".join(parts)


def _folded(book: ReportView, first: date, month: Sequence[Day], inside: str, *, unfold: bool) -> str:
    total = book.of(month)
    return (
        f"<details{' open' if unfold else ''}><summary><b>{days.format_month(first)}</b> <span>left unused "
        f"{format_duration(total.unused_for)}</span></summary>{inside}</details>"
    )


def _days(book: ReportView, month: Sequence[Day], *, detailed: bool) -> Iterable[str]:
    for quiet, group in groupby(reversed(month), key=lambda day: day.date not in book.periods):
        some = list(group)
        if quiet and len(some) >= QUIET_DAYS:
            yield _quiet(book, some)
        else:
            yield from (_day(book, day, detailed=detailed) for day in some)


def _quiet(book: ReportView, some: Sequence[Day]) -> str:
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


def _day(book: ReportView, day: Day, *, detailed: bool) -> str:
    figures = book.figures.get(day.date, NOBODY)
    lanes = book.lanes(day)
    hours = "" if abs(day.hours - 24) < 1e-6 else f" <small>{day.hours:g} hours</small>"
    drawn = svg.arrange_lanes(lanes, day, book.zone, book.report.until, detailed=detailed)
    if book.told_apart:
        names = "".join(f"<span>{escape_text(lane.name, '')}</span>" for lane in lanes)
        drawn = f"<p>{names}</p>{drawn}"
    key = day.date.isoformat()
    said = f'<span hidden id="t{key}">{_told(book, day)}</span>' if detailed else ""
    return (
        f'<tr><th scope="row" id="d{key}">{_row_name(day)}{hours}</th>'
        f'<td><div role="img" aria-labelledby="d{key}{f" t{key}" if detailed else ""}">{drawn}</div>{said}</td>'
        f"<td>{format_count(figures.periods)}</td><td>{format_duration(figures.plugged_for)}</td><td>{format_duration(figures.used_for)}</td>"
        f"<td>{format_duration(figures.unused_for)}</td></tr>"
    )


def _told(book: ReportView, day: Day) -> str:
    periods = book.periods.get(day.date, ())
    if not periods:
        return "nothing is known: unplugd was not running" if book.is_unknown([day]) else "nothing plugged in"
    said = []
    for period in periods[:MAX_SPOKEN]:
        began, ended = days.to_local(period.began, book.zone), days.to_local(period.ended, book.zone)
        words = [
            f"{format_interval(began, ended)} plugged in"
            + (f", {escape_text(place)}" if (place := book.place(period)) else "")
        ]
        words.extend(
            f"used {days.format_clock(days.to_local(use.began, book.zone))}{days.TO}{days.format_clock(days.to_local(use.ended, book.zone))}"
            for use in period.uses[:MAX_SPOKEN]
        )
        words.extend(
            f"reminder {days.format_clock(days.to_local(one.at, book.zone))}"
            + (f" ({OUTCOME_LABELS[one.outcome]})" if one.outcome and one.outcome in OUTCOME_LABELS else "")
            for one in period.reminders[:MAX_SPOKEN]
        )
        said.append(", ".join([*words, describe_end(period, book.report.until)]))
    if len(periods) > MAX_SPOKEN:
        said.append(f"and {len(periods) - MAX_SPOKEN} more")
    return "; ".join(said)
