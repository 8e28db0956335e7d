"""The table of days on the page, each with a picture from midnight to midnight and its figures. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from unplugd.durations import describe
from unplugd.html_report import svg
from unplugd.html_report.markup import describe_end, escape_text, render_count, render_duration
from unplugd.html_report.report_view import NO_FIGURES
from unplugd.review import days
from unplugd.review.wording import OUTCOME_LABELS, describe_away

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from unplugd.html_report.report_view import ReportView
    from unplugd.review.days import Day
    from unplugd.review.model import Reminder, Use

MAX_DETAILED: Final = 1200
"""Months show times under the pointer, newest first, until they have this many periods; older months do not."""
MAX_SPOKEN: Final = 12
"""Maximum number of periods per day, and of uses and reminders per period, that a screen reader reads out."""
MAX_OPEN_DAYS: Final = 40
"""Months that reach into this many days before the end of the report are unfolded."""
MIN_QUIET_DAYS: Final = 2
"""Minimum number of consecutive days without periods that share a row."""
MIN_NOTED_SECONDS: Final = 60.0
"""Shortest time without unplugd that is mentioned, in seconds."""


def render_days(view: ReportView) -> str:
    """Return the days, newest month first, each with its picture and figures."""
    months = [
        (first, list(group)) for first, group in groupby(view.days, key=lambda day: day.date.replace(day=1))
    ]
    drawn = 0
    parts = []
    for first, month in reversed(months):
        drawn += sum(len(view.periods.get(day.date, ())) for day in month)
        detailed = drawn <= MAX_DETAILED
        rows = "".join(_render_rows(view, month, detailed=detailed))
        of_month = f" of {days.format_month(first)}" if len(months) > 1 else ""
        apart = " apart" if view.has_several_places else ""
        table = (
            f'<table class="days{apart}"><caption>The days{of_month}: when a device was plugged in, from midnight to '
            "midnight</caption>"
            f'<thead><tr><th scope="col">Day</th><td>{svg.draw_axis()}</td><th scope="col">Times</th>'
            '<th scope="col">Plugged in</th><th scope="col">Used</th><th scope="col">Left unused</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
        is_open = len(months) == 1 or view.days[-1].began - month[-1].began < MAX_OPEN_DAYS * 86400
        parts.append(_fold_month(view, first, month, table, is_open=is_open) if len(months) > 1 else table)
    return "".join(parts)


def _fold_month(view: ReportView, first: date, month: Sequence[Day], content: str, *, is_open: bool) -> str:
    total = view.sum_days(month)
    return (
        f"<details{' open' if is_open else ''}><summary><b>{days.format_month(first)}</b> <span>left unused "
        f"{render_duration(total.unused_for)}</span></summary>{content}</details>"
    )


def _render_rows(view: ReportView, month: Sequence[Day], *, detailed: bool) -> Iterable[str]:
    for is_quiet, group in groupby(reversed(month), key=lambda day: day.date not in view.periods):
        newest_first = list(group)
        if is_quiet and len(newest_first) >= MIN_QUIET_DAYS:
            yield _render_quiet_days(view, newest_first)
        else:
            yield from (_render_day(view, day, detailed=detailed) for day in newest_first)


def _render_quiet_days(view: ReportView, newest_first: Sequence[Day]) -> str:
    these_days = f"these {len(newest_first)} days"
    unwatched = view.sum_unwatched(newest_first)
    if view.is_without_data(newest_first):
        sentence = f"There is no data for {these_days}: unplugd was not running."
    elif unwatched >= MIN_NOTED_SECONDS:
        sentence = f"Nothing was seen plugged in on {these_days}; unplugd was not running for {describe(unwatched)} of them."
    else:
        sentence = f"Nothing was plugged in on {these_days}."
    first, last = _render_row_name(newest_first[-1]), _render_row_name(newest_first[0])
    return (
        f'<tr class="quiet"><th scope="row">{first}{days.DASH.rstrip()}<br>{last}</th>'
        f'<td colspan="5">{sentence}</td></tr>'
    )


def _render_row_name(day: Day) -> str:
    return f'<time datetime="{day.date}">{days.format_short(day.date)}</time>'


def _render_day(view: ReportView, day: Day, *, detailed: bool) -> str:
    figures = view.figures.get(day.date, NO_FIGURES)
    lanes = view.make_lanes(day)
    hours = "" if abs(day.hours - 24) < 1e-6 else f" <small>{day.hours:g} hours</small>"
    drawn = svg.draw_day(lanes, day, view.zone, view.report.until, detailed=detailed)
    if view.has_several_places:
        names = "".join(f"<span>{escape_text(lane.name, '')}</span>" for lane in lanes)
        drawn = f"<p>{names}</p>{drawn}"
    key = day.date.isoformat()
    spoken = f'<span hidden id="t{key}">{_describe_day(view, day)}</span>' if detailed else ""
    return (
        f'<tr><th scope="row" id="d{key}">{_render_row_name(day)}{hours}</th>'
        f'<td><div role="img" aria-labelledby="d{key}{f" t{key}" if detailed else ""}">{drawn}</div>{spoken}</td>'
        f"<td>{render_count(figures.periods)}</td><td>{render_duration(figures.plugged_for)}</td><td>{render_duration(figures.used_for)}</td>"
        f"<td>{render_duration(figures.unused_for)}</td></tr>"
    )


def _describe_day(view: ReportView, day: Day) -> str:
    periods = view.periods.get(day.date, ())
    if not periods:
        return "no data: unplugd was not running" if view.is_without_data([day]) else "nothing plugged in"
    parts = []
    for period in periods[:MAX_SPOKEN]:
        began, ended = days.to_local(period.began, view.zone), days.to_local(period.ended, view.zone)
        place = view.describe_place(period)
        words = [
            f"{days.format_interval(began, ended)} plugged in" + (f", {escape_text(place)}" if place else ""),
            *(f"used {_format_use(view, use)}" for use in period.uses[:MAX_SPOKEN]),
            *(_describe_reminder(view, reminder) for reminder in period.reminders[:MAX_SPOKEN]),
            *(f"away {text}" for text in describe_away(period.away_for)),
            describe_end(period, view.report.until),
        ]
        parts.append(", ".join(words))
    if len(periods) > MAX_SPOKEN:
        parts.append(f"and {len(periods) - MAX_SPOKEN} more")
    return "; ".join(parts)


def _format_use(view: ReportView, use: Use) -> str:
    began, ended = days.to_local(use.began, view.zone), days.to_local(use.ended, view.zone)
    return f"{days.format_clock(began)}{days.DASH}{days.format_clock(ended)}"


def _describe_reminder(view: ReportView, reminder: Reminder) -> str:
    label = OUTCOME_LABELS.get(reminder.outcome) if reminder.outcome else None
    at = days.format_clock(days.to_local(reminder.at, view.zone))
    return f"reminder {at} ({label})" if label else f"reminder {at}"
