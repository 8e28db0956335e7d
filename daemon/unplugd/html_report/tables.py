"""The tables of the page: by week and month, by computer and device, and of all periods. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

from unplugd.html_report import svg
from unplugd.html_report.markup import (
    describe_end,
    escape_name,
    escape_text,
    render_count,
    render_duration,
    render_time,
)
from unplugd.plurals import pluralize
from unplugd.review import days
from unplugd.review.wording import OUTCOME_LABELS, describe_away

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from unplugd.html_report.report_view import ReportView
    from unplugd.review.days import Day
    from unplugd.review.figures import Figures
    from unplugd.review.model import Period

    Row = tuple[str, str, Figures]
    """An id, a name as HTML, and the figures."""

MAX_PERIODS: Final = 1500
"""Maximum number of periods listed, newest first; more would make a browser on a phone slow."""
MAX_OPEN_ROWS: Final = 100
"""Months in the list of periods are unfolded until this many rows are shown."""
MAX_SUM_ROWS: Final = 14
"""Maximum number of weeks, and of months, that are not folded."""
MAX_STRANGERS: Final = 3
"""Maximum number of unknown programs named for a period."""


def render_totals(view: ReportView) -> str:
    """Return the tables of weeks and months, with bars; "" if there is only one week."""
    weeks = _group_days(view, lambda day: day - timedelta(days=day.weekday()))
    months = _group_days(view, lambda day: day.replace(day=1))
    parts = []
    if len(months) > 1:
        rows = [
            (
                f"month{chosen[0].date}",
                days.format_month(first) + _describe_part_of_month(first, chosen),
                view.sum_days(chosen),
            )
            for first, chosen in months
        ]
        parts.append(_render_newest_first("Months", rows))
    if len(weeks) > 1:
        has_years = weeks[0][0].year != weeks[-1][0].year
        rows = [
            (f"week{chosen[0].date}", _name_week(chosen, with_year=has_years), view.sum_days(chosen))
            for _, chosen in weeks
        ]
        parts.append(_render_newest_first("Weeks", rows))
    return "".join(parts)


def _group_days(view: ReportView, find_first: Callable[[date], date]) -> list[tuple[date, list[Day]]]:
    """Return the days grouped by the first day of their week or month, newest first."""
    grouped = groupby(view.days, key=lambda day: find_first(day.date))
    return [(first, list(chosen)) for first, chosen in grouped][::-1]


def _describe_part_of_month(first: date, chosen: Sequence[Day]) -> str:
    following = (first + timedelta(days=32)).replace(day=1)
    is_whole = chosen[0].date == first and chosen[-1].date == following - timedelta(days=1)
    return "" if is_whole else f" <small>from {chosen[0].date.day} to {chosen[-1].date.day}</small>"


def _name_week(chosen: Sequence[Day], *, with_year: bool) -> str:
    first, last = (
        days.format_short(day.date)[4:].replace(" ", "\N{NO-BREAK SPACE}") for day in (chosen[0], chosen[-1])
    )
    name = first if first == last else f"{first}{days.DASH}{last}"
    return f"{name} <small>{chosen[0].date.year}</small>" if with_year else name


def _render_newest_first(title: str, rows: Sequence[Row]) -> str:
    rendered = _render_rows(rows)
    older = rendered[MAX_SUM_ROWS:]
    folded = ""
    if older:
        table = _render_table(f"Older {title.lower()}", title, older)
        folded = f"<details><summary><b>{len(older)} older {title.lower()}</b></summary>{table}</details>"
    caption = f"{title}, the newest first: left plugged in unused, and used"
    return f"<h3>{title}</h3>{_render_table(caption, title, rendered[:MAX_SUM_ROWS])}{folded}"


def render_places(view: ReportView) -> str:
    """Return the tables of computers and devices, with bars; "" if there is only one of each."""
    parts = []
    if len(view.report.computers) > 1:
        computers = [
            (f"computer{index}", escape_name(host), figures)
            for index, (host, figures) in enumerate(view.report.computers)
        ]
        parts.append(_render_place_sums("Computers", computers))
    if len(view.report.devices) > 1:
        devices = [
            (f"device{index}", escape_name(view.name_device(name, id_)), figures)
            for index, (name, id_, figures) in enumerate(view.report.devices)
        ]
        parts.append(_render_place_sums("Devices", devices))
    return "".join(parts)


def _render_place_sums(title: str, rows: Sequence[Row]) -> str:
    table = _render_table(f"{title}: left plugged in unused, and used", title, _render_rows(rows))
    return f"<h3>{title}</h3>{table}"


def _render_table(caption: str, title: str, rows: Sequence[str]) -> str:
    return (
        f'<table class="sums"><caption>{caption}</caption><thead><tr><th scope="col">{title[:-1]}</th><td></td>'
        '<th scope="col">Times</th><th scope="col">Plugged in</th><th scope="col">Used</th>'
        f'<th scope="col">Left unused</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _render_rows(rows: Sequence[Row]) -> list[str]:
    longest = max((figures.unused_for + figures.used_for for _, _, figures in rows), default=0.0)
    return [
        f'<tr><th scope="row" id="{key}">{name}</th>'
        f"<td>{svg.draw_bar(figures.unused_for, figures.used_for, longest, f'{key} {key}u')}</td>"
        f"<td>{render_count(figures.periods)}</td><td>{render_duration(figures.plugged_for)}</td>"
        f'<td>{render_duration(figures.used_for)}</td><td id="{key}u">{render_duration(figures.unused_for)}</td></tr>'
        for key, name, figures in rows
    ]


def render_periods(view: ReportView) -> str:
    """Return the list of all periods by month, newest first."""
    newest_first = sorted(view.report.periods, key=lambda period: period.began, reverse=True)
    groups = groupby(
        newest_first[:MAX_PERIODS],
        key=lambda period: days.to_local(period.began, view.zone).date().replace(day=1),
    )
    months = [(first, list(periods)) for first, periods in groups]
    parts = []
    listed = 0
    for first, periods in months:
        rows = "".join(_render_period(view, period) for period in periods)
        where = '<th scope="col">Where</th>' if view.has_several_places else ""
        table = (
            f'<table class="list{" apart" if view.has_several_places else ""}">'
            f"<caption>Times that a device was plugged in, {days.format_month(first)}, the newest first"
            f'</caption><thead><tr><th scope="col">When</th>{where}<th scope="col">Plugged in for</th>'
            '<th scope="col">Used</th><th scope="col">Left unused</th><th scope="col">Reminders</th>'
            f'<th scope="col">How it ended</th></tr></thead><tbody>{rows}</tbody></table>'
        )
        listed += len(periods)
        is_open = listed <= MAX_OPEN_ROWS
        times = pluralize(len(periods), "time", "times")
        head = f"<summary><b>{days.format_month(first)}</b> <span>{times}</span></summary>"
        parts.append(
            f"<details{' open' if is_open else ''}>{head}{table}</details>"
            if len(months) > 1 or not is_open
            else table
        )
    if len(newest_first) > MAX_PERIODS:
        parts.append(
            f"<p>{render_count(len(newest_first) - MAX_PERIODS)} older ones are counted above, but not listed. To see them, make a report of "
            "a shorter time (<kbd>unplugd report --since … --until … --html …</kbd>); <kbd>unplugd report --json</kbd> lists them all.</p>"
        )
    return "".join(parts)


def _render_period(view: ReportView, period: Period) -> str:
    began, ended = days.to_local(period.began, view.zone), days.to_local(period.ended, view.zone)
    when = days.format_interval(began, ended)
    if began.date() == ended.date():
        when = f"{days.format_short(began.date())} {when}"
    else:
        when = when.replace(days.DASH, f"{days.DASH.rstrip()}<br>")
    where = ""
    if view.has_several_places:
        has_several_ports = (period.host, period.id, period.name) in view.devices_in_several_ports
        port = f" <small>port {escape_text(period.device)}</small>" if has_several_ports else ""
        where = f"<td>{escape_name(view.describe_place(period))}{port}</td>"
    end = describe_end(period, view.report.until)
    if period.strangers:
        programs = ", ".join(map(escape_name, period.strangers[:MAX_STRANGERS]))
        end += f"; held open by {programs}, unknown to unplugd"
    end += "".join(f"; away {text}" for text in describe_away(period.away_for))
    return (
        f'<tr><th scope="row">{render_time(began, when)}</th>{where}<td>{render_duration(period.plugged_for)}</td>'
        f"<td>{render_duration(period.used_for, 'not used')}</td><td>{render_duration(period.unused_for)}</td>"
        f"<td>{_describe_reminders(period)}</td><td>{end}</td></tr>"
    )


def _describe_reminders(period: Period) -> str:
    if not period.reminders:
        return "none"
    labels = dict.fromkeys(
        OUTCOME_LABELS[reminder.outcome]
        for reminder in period.reminders
        if reminder.outcome and reminder.outcome in OUTCOME_LABELS
    )
    return f"{render_count(len(period.reminders))}: {', '.join(labels) or 'outcome not known'}"
