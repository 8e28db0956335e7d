"""The tables of the page: by week and month, by computer and device, and of all periods. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.html_report import svg
from unplugd.html_report.markup import (
    count_times,
    describe_end,
    escape_name,
    escape_text,
    join_facts,
    join_words,
    render_count,
    render_duration,
    render_figure_heads,
    render_figures,
    render_folded,
    render_heads,
    render_time,
)
from unplugd.languages.language import mark_count
from unplugd.review import days
from unplugd.review.wording import AWAY_TEXTS, OUTCOME_LABELS, describe_away

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from unplugd.html_report.report_view import ReportView
    from unplugd.languages.language import Language
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


class Titles(NamedTuple):
    """The texts of a table: its title, the heading of its first column, and its caption."""

    title: str
    column: str
    caption: str


def render_totals(view: ReportView) -> str:
    """Return the tables of weeks and months, with bars; "" if there is only one week."""
    language = view.language
    weeks = _group_days(view, lambda day: day - timedelta(days=day.weekday()))
    months = _group_days(view, lambda day: day.replace(day=1))
    parts = []
    if len(months) > 1:
        rows = [
            (
                f"month{chosen[0].date}",
                language.formats.format_month(first) + _describe_part_of_month(view, first, chosen),
                view.sum_days(chosen),
            )
            for first, chosen in months
        ]
        titles = Titles(
            language.translate("Months"),
            language.translate_in("heading of a column", "Month"),
            language.translate("Months, the newest first: left plugged in unused, and used"),
        )
        older = mark_count("{count} older month", "{count} older months")
        parts.append(_render_newest_first(view, titles, rows, older, language.translate("Older months")))
    if len(weeks) > 1:
        has_years = weeks[0][0].year != weeks[-1][0].year
        rows = [
            (f"week{chosen[0].date}", _name_week(view, chosen, with_year=has_years), view.sum_days(chosen))
            for _, chosen in weeks
        ]
        titles = Titles(
            language.translate("Weeks"),
            language.translate_in("heading of a column", "Week"),
            language.translate("Weeks, the newest first: left plugged in unused, and used"),
        )
        older = mark_count("{count} older week", "{count} older weeks")
        parts.append(_render_newest_first(view, titles, rows, older, language.translate("Older weeks")))
    return "".join(parts)


def _group_days(view: ReportView, find_first: Callable[[date], date]) -> list[tuple[date, list[Day]]]:
    """Return the days grouped by the first day of their week or month, newest first."""
    grouped = groupby(view.days, key=lambda day: find_first(day.date))
    return [(first, list(chosen)) for first, chosen in grouped][::-1]


def _describe_part_of_month(view: ReportView, first: date, chosen: Sequence[Day]) -> str:
    following = (first + timedelta(days=32)).replace(day=1)
    if chosen[0].date == first and chosen[-1].date == following - timedelta(days=1):
        return ""
    days_of_month = view.language.translate_in(
        # Translators: {first} and {last} are numbers: the first and last day of a month that the report covers.
        "days of a month",
        "from {first} to {last}",
        first=str(chosen[0].date.day),
        last=str(chosen[-1].date.day),
    )
    return f" <small>{days_of_month}</small>"


def _name_week(view: ReportView, chosen: Sequence[Day], *, with_year: bool) -> str:
    formats = view.language.formats
    first, last = (
        formats.format_day_month(day.date).replace(" ", "\N{NO-BREAK SPACE}")
        for day in (chosen[0], chosen[-1])
    )
    name = first if first == last else formats.join_interval(first, last)
    return f"{name} <small>{chosen[0].date.year}</small>" if with_year else name


def _render_newest_first(
    view: ReportView, titles: Titles, rows: Sequence[Row], count_older: tuple[str, str], older_caption: str
) -> str:
    """Return a table; rows beyond `MAX_SUM_ROWS` are folded below it, with their number (for `count`) as its name."""
    rendered = _render_rows(rows, view.language)
    older = rendered[MAX_SUM_ROWS:]
    folded = ""
    if older:
        table = _render_table(titles._replace(caption=older_caption), older, view.language)
        name = view.language.count(len(older), *count_older)
        folded = render_folded(name, table)
    return f"<h3>{titles.title}</h3>{_render_table(titles, rendered[:MAX_SUM_ROWS], view.language)}{folded}"


def render_places(view: ReportView) -> str:
    """Return the tables of computers and devices, with bars; "" if there is only one of each."""
    language = view.language
    parts = []
    if len(view.report.computers) > 1:
        computers = [
            (f"computer{index}", escape_name(host, view.no_name), figures)
            for index, (host, figures) in enumerate(view.report.computers)
        ]
        titles = Titles(
            language.translate_in("heading of a table", "Computers"),
            language.translate_in("heading of a column", "Computer"),
            language.translate("Computers: left plugged in unused, and used"),
        )
        parts.append(render_sums(titles, computers, language))
    if len(view.report.devices) > 1:
        devices = [
            (f"device{index}", escape_name(view.name_device(name, id_)), figures)
            for index, (name, id_, figures) in enumerate(view.report.devices)
        ]
        titles = Titles(
            language.translate_in("heading of a table", "Devices"),
            language.translate_in("heading of a column", "Device"),
            language.translate("Devices: left plugged in unused, and used"),
        )
        parts.append(render_sums(titles, devices, language))
    return "".join(parts)


def render_sums(titles: Titles, rows: Sequence[Row], language: Language) -> str:
    """Return a table of sums with bars, under its title if it has one."""
    title = f"<h3>{titles.title}</h3>" if titles.title else ""
    return f"{title}{_render_table(titles, _render_rows(rows, language), language)}"


def _render_table(titles: Titles, rows: Sequence[str], language: Language) -> str:
    return (
        f'<table class="sums"><caption>{titles.caption}</caption><thead><tr><th scope="col">{titles.column}</th><td></td>'
        f"{render_figure_heads(language)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _render_rows(rows: Sequence[Row], language: Language) -> list[str]:
    longest = max((figures.unused_for + figures.used_for for _, _, figures in rows), default=0.0)
    return [
        f'<tr><th scope="row" id="{key}">{name}</th>'
        f"<td>{svg.draw_bar(figures.unused_for, figures.used_for, longest, f'{key} {key}u')}</td>"
        f"{render_figures(figures, language, f'{key}u')}</tr>"
        for key, name, figures in rows
    ]


def render_periods(view: ReportView) -> str:
    """Return the list of all periods by month, newest first."""
    language = view.language
    newest_first = sorted(view.report.periods, key=lambda period: period.began, reverse=True)
    groups = groupby(
        newest_first[:MAX_PERIODS],
        key=lambda period: days.to_local(period.began, view.zone).date().replace(day=1),
    )
    months = [(first, list(periods)) for first, periods in groups]
    parts = []
    listed = 0
    for first, periods in months:
        table = _render_month(view, first, periods)
        listed += len(periods)
        is_open = listed <= MAX_OPEN_ROWS
        head = (
            f"<summary><b>{language.formats.format_month(first)}</b> "
            f"<span>{count_times(len(periods), language)}</span></summary>"
        )
        parts.append(
            f"<details{' open' if is_open else ''}>{head}{table}</details>"
            if len(months) > 1 or not is_open
            else table
        )
    if len(newest_first) > MAX_PERIODS:
        older = len(newest_first) - MAX_PERIODS
        sentence = language.count(
            older,
            # Translators: Leave the commands as they are, with <kbd> and </kbd>.
            "{count} older one is counted above, but not listed. To see it, make a report of a shorter time "
            "(<kbd>unplugd report --since … --until … --html …</kbd>); <kbd>unplugd report --json</kbd> lists them all.",
            "{count} older ones are counted above, but not listed. To see them, make a report of a shorter time "
            "(<kbd>unplugd report --since … --until … --html …</kbd>); <kbd>unplugd report --json</kbd> lists them all.",
            count=render_count(older, language),
        )
        parts.append(f"<p>{sentence}</p>")
    return "".join(parts)


def _render_month(view: ReportView, first: date, periods: Sequence[Period]) -> str:
    language = view.language
    month = language.formats.format_month(first)
    caption = language.translate(
        # Translators: {month} is "November 2026".
        "Times that a device was plugged in, {month}, the newest first",
        month=month,
    )
    heads = [
        language.translate_in("heading of a column", "When"),
        *([language.translate_in("heading of a column", "Where")] if view.has_several_places else []),
        language.translate_in("heading of a column", "Plugged in for"),
        language.translate_in("heading of a column", "Used"),
        language.translate_in("heading of a column", "Left unused"),
        language.translate_in("heading of a column", "Reminders"),
        language.translate_in("heading of a column", "How it ended"),
    ]
    rows = "".join(_render_period(view, period) for period in periods)
    return (
        f'<table class="list{" apart" if view.has_several_places else ""}"><caption>{caption}</caption><thead><tr>'
        f"{render_heads(heads)}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _render_period(view: ReportView, period: Period) -> str:
    language, formats = view.language, view.language.formats
    began, ended = days.to_local(period.began, view.zone), days.to_local(period.ended, view.zone)
    if began.date() == ended.date():
        when = formats.join_moment(formats.format_short(began.date()), formats.format_interval(began, ended))
    else:
        when = formats.join_interval(formats.format_moment(began), f"<br>{formats.format_moment(ended)}")
    where = ""
    if view.has_several_places:
        port = ""
        if (period.host, period.id, period.name) in view.devices_in_several_ports:
            # Translators: The USB port of a device.
            shown = language.translate("port {port}", port=escape_text(period.device, view.no_name))
            port = f" <small>{shown}</small>"
        where = f"<td>{escape_name(view.describe_place(period))}{port}</td>"
    end = [describe_end(period, view.report.until, language)]
    if period.strangers:
        strangers = [escape_name(name, view.no_name) for name in period.strangers[:MAX_STRANGERS]]
        programs = join_words(strangers, language)
        # Translators: One or several programs had the device open that are no upload software.
        end.append(language.translate("held open by {programs}, unknown to unplugd", programs=programs))
    end += describe_away(period.away_for, AWAY_TEXTS, language)
    return (
        f'<tr><th scope="row">{render_time(began, when)}</th>{where}<td>{render_duration(period.plugged_for, language)}</td>'
        f"<td>{render_duration(period.used_for, language, language.translate('not used'))}</td>"
        f"<td>{render_duration(period.unused_for, language)}</td>"
        f"<td>{_describe_reminders(view, period)}</td><td>{join_facts(end, language)}</td></tr>"
    )


def _describe_reminders(view: ReportView, period: Period) -> str:
    language = view.language
    if not period.reminders:
        return language.translate_in("reminders", "none")
    labels = dict.fromkeys(
        language.translate_in(*OUTCOME_LABELS[reminder.outcome])
        for reminder in period.reminders
        if reminder.outcome and reminder.outcome in OUTCOME_LABELS
    )
    # Translators: What became of the reminders.
    outcomes = join_words(labels, language) if labels else language.translate("outcome not known")
    count = render_count(len(period.reminders), language)
    # Translators: How many reminders there were, and what became of them.
    return language.translate("{count}: {outcomes}", count=count, outcomes=outcomes)
