"""The tables of the report's page: by week and month, by computer and device, and every period. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

from unplugd.html_report import svg
from unplugd.html_report.markup import (
    OUTCOME_LABELS,
    describe_end,
    escape_name,
    escape_text,
    format_count,
    format_duration,
    format_interval,
    format_moment,
    format_several,
)
from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from unplugd.html_report.report_view import ReportView
    from unplugd.review.days import Day
    from unplugd.review.figures import Figures
    from unplugd.review.model import Period

MAX_LISTED: Final = 1500
"""Periods in the list, the newest: with more, a browser on a phone would be slow."""
MAX_OPEN_ROWS: Final = 100
"""Months of the list are unfolded as long as they come to no more rows."""


def render_totals(book: ReportView) -> str:
    """Return the weeks and months with a bar each, "" where there is only one of both."""
    weeks = _grouped(book, lambda day: day - timedelta(days=day.weekday()))
    months = _grouped(book, lambda day: day.replace(day=1))
    parts = []
    if len(months) > 1:
        names = [days.format_month(first) + _partly(first, some) for first, some in months]
        parts.append(_bars(book, "Months", "month", list(zip(names, (s for _, s in months), strict=True))))
    if len(weeks) > 1:
        years = weeks[0][0].year != weeks[-1][0].year
        rows = [(_week(some, year=years), some) for _, some in weeks]
        parts.append(_bars(book, "Weeks", "week", rows))
    return "".join(parts)


def _grouped(book: ReportView, key: Callable[[date], date]) -> list[tuple[date, list[Day]]]:
    grouped = groupby(book.days, key=lambda day: key(day.date))
    return [(first, list(some)) for first, some in grouped][::-1]


def _partly(first: date, some: Sequence[Day]) -> str:
    following = (first + timedelta(days=32)).replace(day=1)
    whole = some[0].date == first and some[-1].date == following - timedelta(days=1)
    return "" if whole else f" <small>from {some[0].date.day} to {some[-1].date.day}</small>"


def _week(some: Sequence[Day], *, year: bool) -> str:
    first, last = (days.format_short(day.date)[4:].replace(" ", "\u00a0") for day in (some[0], some[-1]))
    name = first if first == last else f"{first}{days.TO}{last}"
    return f"{name} <small>{some[0].date.year}</small>" if year else name


def _bars(book: ReportView, what: str, prefix: str, rows: Sequence[tuple[str, Sequence[Day]]]) -> str:
    sums = [book.of(some) for _, some in rows]
    most = max((one.unused_for + one.used_for for one in sums), default=0.0)
    drawn = []
    for (name, some), figures in zip(rows, sums, strict=True):
        key = f"{prefix}{some[0].date}"
        drawn.append(
            f'<tr><th scope="row" id="{key}">{name}</th>'
            f"<td>{svg.draw_bar(figures.unused_for, figures.used_for, most, f'{key} {key}u')}</td>"
            f"<td>{format_count(figures.periods)}</td><td>{format_duration(figures.plugged_for)}</td>"
            f'<td>{format_duration(figures.used_for)}</td><td id="{key}u">{format_duration(figures.unused_for)}</td></tr>'
        )
    shown = 14
    head = _sums_head(f"{what}, the newest first: left plugged in unused, and used", what[:-1])
    table = f"{head}{''.join(drawn[:shown])}</tbody></table>"
    if len(drawn) > shown:
        head = _sums_head(f"Older {what.lower()}", what[:-1])
        table += (
            f"<details><summary><b>{len(drawn) - shown} older {what.lower()}</b></summary>"
            f"{head}{''.join(drawn[shown:])}</tbody></table></details>"
        )
    return f"<h3>{what}</h3>{table}"


def _sums_head(caption: str, what: str) -> str:
    return (
        f'<table class="sums"><caption>{caption}</caption><thead><tr><th scope="col">{what}</th><td></td>'
        '<th scope="col">Times</th><th scope="col">Plugged in</th><th scope="col">Used</th>'
        '<th scope="col">Left unused</th></tr></thead><tbody>'
    )


def render_places(book: ReportView) -> str:
    """Return the computers and the devices with a bar each, "" where there is only one of both."""
    parts = []
    if len(book.report.computers) > 1:
        computers = [(escape_name(host), figures) for host, figures in book.report.computers]
        parts.append(_each("Computers", "computer", computers))
    if len(book.report.devices) > 1:
        devices = [
            (f"<bdi>{escape_text(book.device(name, id_))}</bdi>", f) for name, id_, f in book.report.devices
        ]
        parts.append(_each("Devices", "device", devices))
    return "".join(parts)


def _each(what: str, prefix: str, rows: Sequence[tuple[str, Figures]]) -> str:
    most = max(figures.unused_for + figures.used_for for _, figures in rows)
    drawn = "".join(
        f'<tr><th scope="row" id="{prefix}{index}">{name}</th>'
        f"<td>{svg.draw_bar(f.unused_for, f.used_for, most, f'{prefix}{index} {prefix}{index}u')}</td>"
        f"<td>{format_count(f.periods)}</td><td>{format_duration(f.plugged_for)}</td><td>{format_duration(f.used_for)}</td>"
        f'<td id="{prefix}{index}u">{format_duration(f.unused_for)}</td></tr>'
        for index, (name, f) in enumerate(rows)
    )
    head = _sums_head(f"{what}: left plugged in unused, and used", what[:-1])
    return f"<h3>{what}</h3>{head}{drawn}</tbody></table>"


def render_periods(book: ReportView) -> str:
    """Return every time that something was plugged in, the newest first."""
    every = sorted(book.report.periods, key=lambda one: one.began, reverse=True)
    groups = groupby(
        every[:MAX_LISTED], key=lambda one: days.to_local(one.began, book.zone).date().replace(day=1)
    )
    months = [(first, list(some)) for first, some in groups]
    parts = []
    shown = 0
    for first, some in months:
        rows = "".join(_period(book, period) for period in some)
        where = '<th scope="col">Where</th>' if book.told_apart else ""
        table = (
            f'<table class="list{" apart" if book.told_apart else ""}"><caption>Times that a device was plugged in, {days.format_month(first)}, the newest first'
            f'</caption><thead><tr><th scope="col">When</th>{where}<th scope="col">Plugged in for</th>'
            '<th scope="col">Used</th><th scope="col">Left unused</th><th scope="col">Reminders</th>'
            f'<th scope="col">How it ended</th></tr></thead><tbody>{rows}</tbody></table>'
        )
        shown += len(some)
        unfold = shown <= MAX_OPEN_ROWS
        times = format_several(len(some), "time", "times")
        head = f"<summary><b>{days.format_month(first)}</b> <span>{times}</span></summary>"
        parts.append(
            f"<details{' open' if unfold else ''}>{head}{table}</details>"
            if len(months) > 1 or not unfold
            else table
        )
    if len(every) > MAX_LISTED:
        parts.append(
            f"<p>{format_count(len(every) - MAX_LISTED)} older ones are counted above, but not listed. A report of a shorter time "
            "lists them (<kbd>unplugd report --since … --until … --html …</kbd>), and <kbd>unplugd report --json</kbd> "
            "has them all.</p>"
        )
    return "".join(parts)


def _period(book: ReportView, period: Period) -> str:
    began, ended = days.to_local(period.began, book.zone), days.to_local(period.ended, book.zone)
    when = format_interval(began, ended)
    if began.date() == ended.date():
        when = f"{days.format_short(began.date())} {when}"
    else:
        when = when.replace(days.TO, f"{days.TO.rstrip()}<br>")
    where = ""
    if book.told_apart:
        port = (period.host, period.id, period.name) in book.ports
        where = f"<td><bdi>{escape_text(book.place(period))}</bdi>" + (
            f" <small>port {escape_text(period.device)}</small></td>" if port else "</td>"
        )
    said = list(
        dict.fromkeys(
            OUTCOME_LABELS[one.outcome]
            for one in period.reminders
            if OUTCOME_LABELS.get(one.outcome) and one.outcome
        )
    )
    reminders = format_count(len(period.reminders)) if period.reminders else "none"
    if period.reminders:
        reminders += f": {', '.join(said) if said else 'not known what came of it'}"
    ended_how = describe_end(period, book.report.until)
    if period.strangers:
        ended_how += f"; held open by {', '.join(map(escape_name, period.strangers[:3]))}, unknown to unplugd"
    unused = f"<td>{format_duration(period.unused_for)}</td>"
    return (
        f'<tr><th scope="row">{format_moment(began, when)}</th>{where}<td>{format_duration(period.plugged_for)}</td>'
        f"<td>{format_duration(period.used_for, 'not used')}</td>{unused}<td>{reminders}</td><td>{ended_how}</td></tr>"
    )
