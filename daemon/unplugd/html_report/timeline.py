"""The table of days on the page, each with a picture from midnight to midnight and its figures. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from unplugd.durations import describe
from unplugd.html_report import svg
from unplugd.html_report.markup import (
    describe_end,
    escape_text,
    join_facts,
    join_words,
    render_duration,
    render_figure_heads,
    render_figures,
)
from unplugd.html_report.report_view import NO_FIGURES
from unplugd.review import days
from unplugd.review.wording import AWAY_TEXTS, MIN_NOT_WATCHED_SECONDS, OUTCOME_LABELS, describe_away

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from unplugd.html_report.report_view import ReportView
    from unplugd.review.days import Day
    from unplugd.review.model import Period, Reminder

MAX_DETAILED: Final = 1200
"""Months show times under the pointer, newest first, until they have this many periods; older months do not."""
MAX_SPOKEN: Final = 12
"""Maximum number of periods per day, and of uses and reminders per period, that a screen reader reads out."""
MAX_OPEN_DAYS: Final = 40
"""Months that reach into this many days before the end of the report are unfolded."""
MIN_QUIET_DAYS: Final = 2
"""Minimum number of consecutive days without periods that share a row."""


def render_days(view: ReportView) -> str:
    """Return the days, newest month first, each with its picture and figures."""
    months = [
        (first, list(group)) for first, group in groupby(view.days, key=lambda day: day.date.replace(day=1))
    ]
    language = view.language
    drawn = 0
    parts = []
    for first, month in reversed(months):
        drawn += sum(len(view.periods.get(day.date, ())) for day in month)
        detailed = drawn <= MAX_DETAILED
        rows = "".join(_render_rows(view, month, detailed=detailed))
        apart = " apart" if view.has_several_places else ""
        table = (
            f'<table class="days{apart}"><caption>{_write_caption(view, first if len(months) > 1 else None)}</caption>'
            f'<thead><tr><th scope="col">{language.translate_in("heading of a column", "Day")}</th>'
            f"<td>{svg.draw_axis(language)}</td>{render_figure_heads(language)}</tr></thead><tbody>{rows}</tbody></table>"
        )
        is_open = len(months) == 1 or view.days[-1].began - month[-1].began < MAX_OPEN_DAYS * 86400
        parts.append(_fold_month(view, first, month, table, is_open=is_open) if len(months) > 1 else table)
    return "".join(parts)


def _write_caption(view: ReportView, month: date | None) -> str:
    if month is None:
        return view.language.translate("The days: when a device was plugged in, from midnight to midnight")
    return view.language.translate(
        "The days of {month}: when a device was plugged in, from midnight to midnight",
        month=view.language.formats.format_month(month),
    )


def _fold_month(view: ReportView, first: date, month: Sequence[Day], content: str, *, is_open: bool) -> str:
    language = view.language
    unused = render_duration(view.sum_days(month).unused_for, language)
    # Translators: Beside the name of a month: how long a device was left plugged in unused.
    left = language.translate("left unused {duration}", duration=unused)
    return (
        f"<details{' open' if is_open else ''}><summary><b>{language.formats.format_month(first)}</b> "
        f"<span>{left}</span></summary>{content}</details>"
    )


def _render_rows(view: ReportView, month: Sequence[Day], *, detailed: bool) -> Iterable[str]:
    for is_quiet, group in groupby(reversed(month), key=lambda day: day.date not in view.periods):
        newest_first = list(group)
        if is_quiet and len(newest_first) >= MIN_QUIET_DAYS:
            yield _render_quiet_days(view, newest_first)
        else:
            yield from (_render_day(view, day, detailed=detailed) for day in newest_first)


def _render_quiet_days(view: ReportView, newest_first: Sequence[Day]) -> str:
    count = len(newest_first)
    unwatched = view.sum_unwatched(newest_first)
    if view.is_without_data(newest_first):
        sentence = view.language.count(
            count,
            "There is no data for this day: unplugd was not running.",
            "There is no data for these {count} days: unplugd was not running.",
        )
    elif unwatched >= MIN_NOT_WATCHED_SECONDS:
        sentence = view.language.count(
            count,
            "Nothing was seen plugged in on this day; unplugd was not running for {duration} of it.",
            "Nothing was seen plugged in on these {count} days; unplugd was not running for {duration} of them.",
            duration=describe(unwatched, view.language),
        )
    else:
        sentence = view.language.count(
            count, "Nothing was plugged in on this day.", "Nothing was plugged in on these {count} days."
        )
    first, last = _render_row_name(view, newest_first[-1]), _render_row_name(view, newest_first[0])
    return (
        f'<tr class="quiet"><th scope="row">{view.language.formats.join_interval(first, f"<br>{last}")}</th>'
        f'<td colspan="5">{sentence}</td></tr>'
    )


def _render_row_name(view: ReportView, day: Day) -> str:
    return f'<time datetime="{day.date}">{view.language.formats.format_short(day.date)}</time>'


def _render_day(view: ReportView, day: Day, *, detailed: bool) -> str:
    language = view.language
    figures = view.figures.get(day.date, NO_FIGURES)
    lanes = view.make_lanes(day)
    drawn = svg.draw_day(lanes, day, view, detailed=detailed)
    if view.has_several_places:
        names = "".join(f"<span>{escape_text(lane.name)}</span>" for lane in lanes)
        drawn = f"<p>{names}</p>{drawn}"
    key = day.date.isoformat()
    spoken = f'<span hidden id="t{key}">{_describe_day(view, day)}</span>' if detailed else ""
    return (
        f'<tr><th scope="row" id="d{key}">{_render_row_name(view, day)}{_describe_hours(view, day)}</th>'
        f'<td><div role="img" aria-labelledby="d{key}{f" t{key}" if detailed else ""}">{drawn}</div>{spoken}</td>'
        f"{render_figures(figures, language)}</tr>"
    )


def _describe_hours(view: ReportView, day: Day) -> str:
    if abs(day.hours - 24) < 1e-6:
        return ""
    language = view.language
    # Translators: The length of a day on which the clocks change.
    hours = language.count(
        int(day.hours), "{count} hour", "{count} hours", count=language.formats.format_decimal(day.hours)
    )
    return f" <small>{hours}</small>"


def _describe_day(view: ReportView, day: Day) -> str:
    language = view.language
    periods = view.periods.get(day.date, ())
    if not periods:
        return (
            language.translate("no data: unplugd was not running")
            if view.is_without_data([day])
            else language.translate("nothing plugged in")
        )
    parts = [join_words(_describe_period(view, period), language) for period in periods[:MAX_SPOKEN]]
    if len(periods) > MAX_SPOKEN:
        more = len(periods) - MAX_SPOKEN
        # Translators: At the end of a list.
        parts.append(language.count(more, "and {count} more", "and {count} more"))
    return join_facts(parts, language)


def _describe_period(view: ReportView, period: Period) -> Iterable[str]:
    """Yield what happened while a device was plugged in."""
    language, formats = view.language, view.language.formats
    began, ended = days.to_local(period.began, view.zone), days.to_local(period.ended, view.zone)
    place = escape_text(view.describe_place(period))
    # Translators: {times} is an interval: two times of day. What a screen reader says of a picture, followed by what happened then.
    yield language.translate("{times} plugged in", times=formats.format_interval(began, ended))
    if place:
        yield place
    for use in period.uses[:MAX_SPOKEN]:
        first, last = days.to_local(use.began, view.zone), days.to_local(use.ended, view.zone)
        times = formats.join_interval(formats.format_clock(first), formats.format_clock(last))
        yield language.translate("used {times}", times=times)
    for reminder in period.reminders[:MAX_SPOKEN]:
        yield _describe_reminder(view, reminder)
    yield from describe_away(period.away_for, AWAY_TEXTS, language)
    yield describe_end(period, view.report.until, language)


def _describe_reminder(view: ReportView, reminder: Reminder) -> str:
    language = view.language
    label = OUTCOME_LABELS.get(reminder.outcome) if reminder.outcome else None
    at = language.formats.format_clock(days.to_local(reminder.at, view.zone))
    if label is None:
        return language.translate("reminder {time}", time=at)
    # Translators: {outcome} is what became of the reminder.
    return language.translate("reminder {time} ({outcome})", time=at, outcome=language.translate_in(*label))
