"""The tables of the report's page: by week and month, by computer and device, and every period. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

from unplugd.page import drawing
from unplugd.page.hypertext import OUTCOMES, count, ending, long, moment, named, plain, several, stretch
from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from unplugd.page.book import Book
    from unplugd.review.days import Day
    from unplugd.review.figures import Figures
    from unplugd.review.model import Period

LISTED: Final = 1500
"""Periods in the list, the newest: with more, a browser on a phone would be slow."""
OPEN_ROWS: Final = 100
"""Months of the list are unfolded as long as they come to no more rows."""


def totals(book: Book) -> str:
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


def _grouped(book: Book, key: Callable[[date], date]) -> list[tuple[date, list[Day]]]:
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


def _bars(book: Book, what: str, prefix: str, rows: Sequence[tuple[str, Sequence[Day]]]) -> str:
    sums = [book.of(some) for _, some in rows]
    most = max((one.unused_for + one.used_for for one in sums), default=0.0)
    drawn = []
    for (name, some), figures in zip(rows, sums, strict=True):
        key = f"{prefix}{some[0].date}"
        drawn.append(
            f'<tr><th scope="row" id="{key}">{name}</th>'
            f"<td>{drawing.bar(figures.unused_for, figures.used_for, most, f'{key} {key}u')}</td>"
            f"<td>{count(figures.periods)}</td><td>{long(figures.plugged_for)}</td>"
            f'<td>{long(figures.used_for)}</td><td id="{key}u">{long(figures.unused_for)}</td></tr>'
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


def places(book: Book) -> str:
    """Return the computers and the devices with a bar each, "" where there is only one of both."""
    parts = []
    if len(book.report.computers) > 1:
        computers = [(named(host), figures) for host, figures in book.report.computers]
        parts.append(_each("Computers", "computer", computers))
    if len(book.report.devices) > 1:
        devices = [(f"<bdi>{plain(book.device(name, id_))}</bdi>", f) for name, id_, f in book.report.devices]
        parts.append(_each("Devices", "device", devices))
    return "".join(parts)


def _each(what: str, prefix: str, rows: Sequence[tuple[str, Figures]]) -> str:
    most = max(figures.unused_for + figures.used_for for _, figures in rows)
    drawn = "".join(
        f'<tr><th scope="row" id="{prefix}{index}">{name}</th>'
        f"<td>{drawing.bar(f.unused_for, f.used_for, most, f'{prefix}{index} {prefix}{index}u')}</td>"
        f"<td>{count(f.periods)}</td><td>{long(f.plugged_for)}</td><td>{long(f.used_for)}</td>"
        f'<td id="{prefix}{index}u">{long(f.unused_for)}</td></tr>'
        for index, (name, f) in enumerate(rows)
    )
    head = _sums_head(f"{what}: left plugged in unused, and used", what[:-1])
    return f"<h3>{what}</h3>{head}{drawn}</tbody></table>"


def periods(book: Book) -> str:
    """Return every time that something was plugged in, the newest first."""
    every = sorted(book.report.periods, key=lambda one: one.began, reverse=True)
    groups = groupby(
        every[:LISTED], key=lambda one: days.to_local(one.began, book.zone).date().replace(day=1)
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
        unfold = shown <= OPEN_ROWS
        times = several(len(some), "time", "times")
        head = f"<summary><b>{days.format_month(first)}</b> <span>{times}</span></summary>"
        parts.append(
            f"<details{' open' if unfold else ''}>{head}{table}</details>"
            if len(months) > 1 or not unfold
            else table
        )
    if len(every) > LISTED:
        parts.append(
            f"<p>{count(len(every) - LISTED)} older ones are counted above, but not listed. A report of a shorter time "
            "lists them (<kbd>unplugd report --since … --until … --html …</kbd>), and <kbd>unplugd report --json</kbd> "
            "has them all.</p>"
        )
    return "".join(parts)


def _period(book: Book, period: Period) -> str:
    began, ended = days.to_local(period.began, book.zone), days.to_local(period.ended, book.zone)
    when = stretch(began, ended)
    if began.date() == ended.date():
        when = f"{days.format_short(began.date())} {when}"
    else:
        when = when.replace(days.TO, f"{days.TO.rstrip()}<br>")
    where = ""
    if book.told_apart:
        port = (period.host, period.id, period.name) in book.ports
        where = f"<td><bdi>{plain(book.place(period))}</bdi>" + (
            f" <small>port {plain(period.device)}</small></td>" if port else "</td>"
        )
    said = list(
        dict.fromkeys(
            OUTCOMES[one.outcome] for one in period.reminders if OUTCOMES.get(one.outcome) and one.outcome
        )
    )
    reminders = count(len(period.reminders)) if period.reminders else "none"
    if period.reminders:
        reminders += f": {', '.join(said) if said else 'not known what came of it'}"
    ended_how = ending(period, book.report.until)
    if period.strangers:
        ended_how += f"; held open by {', '.join(map(named, period.strangers[:3]))}, unknown to unplugd"
    unused = f"<td>{long(period.unused_for)}</td>"
    return (
        f'<tr><th scope="row">{moment(began, when)}</th>{where}<td>{long(period.plugged_for)}</td>'
        f"<td>{long(period.used_for, 'not used')}</td>{unused}<td>{reminders}</td><td>{ended_how}</td></tr>"
    )
