"""The summary of the report's page: the time left plugged in unused, large, and what belongs to it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.html_report import svg
from unplugd.html_report.markup import (
    OUTCOME_LABELS,
    escape_name,
    escape_text,
    format_count,
    format_duration,
    format_moment,
    format_pairs,
    format_several,
)
from unplugd.review import days, wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unplugd.html_report.report_view import ReportView
    from unplugd.review.figures import Report
    from unplugd.review.model import Period

MAX_NAMED: Final = 6
"""Devices not seen unplugged that are named."""


def render_summary(book: ReportView) -> str:
    """Return the summary."""
    report = book.report
    total = report.total
    if not report.periods and not report.watched:
        return f'<p class="kind">{wording.UNKNOWN}</p>'
    if not report.periods:
        kind = "Nothing was plugged in during this time, so nothing was left plugged in."
        return f'<p class="kind">{kind}</p><p>{_watching(report)}</p>{_compared(report)}'
    share = wording.format_share(total)
    plugged = format_duration(total.plugged_for, "less than a second")
    part = (
        f"That is {share} of the {plugged} that it was plugged in"
        if share
        else f"It was plugged in for {plugged}"
    )
    not_over = [one for one in report.periods if one.end == "open"][:MAX_NAMED]
    still = "".join(f'<p class="still">{_not_over(book, one)}</p>' for one in not_over)
    return (
        f'<p class="hero"><span id="hero">Left plugged in, unused</span> <strong id="hero-figure">'
        f"{format_duration(total.unused_for, 'no time at all')}</strong></p>"
        f"{svg.draw_bar(total.unused_for, total.used_for, total.plugged_for, 'hero hero-figure')}"
        f'<ul class="legend"><li>{svg.draw_sample("idle")} unused: high bar</li><li>{svg.draw_sample("use")} in use: low bar'
        "</li></ul>"
        f"<p>{part}; for {format_duration(total.used_for, 'no time')} upload software was using it.</p>{_compared(report)}{still}"
        f'<dl class="figures">{format_pairs(_figures(report))}</dl>{_outcomes(report)}<p>{_watching(report)}</p>'
    )


def _not_over(book: ReportView, period: Period) -> str:
    what = f"{escape_name(period.name, 'USB device')} on {escape_name(period.host, 'this computer')}"
    if wording.is_still_plugged_in(period, book.report.until):
        return f"<b>Still plugged in</b> when the report ends: {what}, since {_moment(book, period.began)}."
    return f"<b>Last seen plugged in</b>: {what}, {_moment(book, period.ended)}; no data since then."


def _moment(book: ReportView, seconds: float) -> str:
    return format_moment(
        days.to_local(seconds, book.zone), wording.format_moment(seconds, book.report, book.zone)
    )


def _compared(report: Report) -> str:
    if report.before is None:
        return "<p>There is nothing to compare with: the journal does not reach back to the time before.</p>"
    said = wording.compare_with_before(report)
    return f'<p class="compared">{said[0].upper()}{said[1:]}.</p>'


def _figures(report: Report) -> Iterable[tuple[str, str]]:
    total, before = report.total, report.before

    def row(what: str, now: str, then: str | None, note: str = "") -> tuple[str, str]:
        notes = [one for one in (note, f"before: {then}" if then is not None else "") if one]
        return what, now + "".join(f" <small>{one}</small>" for one in notes)

    yield row(
        "Times plugged in", format_count(total.periods), format_count(before.periods) if before else None
    )
    yield row(
        "Plugged in, in all",
        format_duration(total.plugged_for),
        format_duration(before.plugged_for) if before else None,
    )
    begun = total.uses or total.used_for < 1
    uses = format_several(total.uses, "use", "uses") if begun else "started earlier"
    yield row(
        "Used by upload software",
        format_duration(total.used_for),
        format_duration(before.used_for) if before else None,
        uses,
    )
    yield row(
        "Longest left unused, one time",
        format_duration(total.longest_unused),
        format_duration(before.longest_unused) if before else None,
        f"longest plugged in: {format_duration(total.longest)}",
    )
    yield row(
        "From the first reminder to unplugging",
        "not known" if total.reaction is None else format_duration(total.reaction, "at once"),
        None
        if before is None
        else "not known"
        if before.reaction is None
        else format_duration(before.reaction, "at once"),
        "the middle one of all times (median)"
        if total.reaction is not None
        else "it was not unplugged after one",
    )
    yield row("Reminders", format_count(total.reminders), format_count(before.reminders) if before else None)
    if total.snoozes:
        yield row(
            "Snoozed",
            format_several(total.snoozes, "time", "times"),
            None,
            f"{format_duration(total.snoozed_for)} in all",
        )
    if total.strangers:
        yield row(
            "Held open by a program unknown to unplugd",
            format_several(total.strangers, "time", "times"),
            None,
        )


def _outcomes(report: Report) -> str:
    found = report.total.outcomes
    if not any(found.values()):
        return ""
    every = [*OUTCOME_LABELS, *(outcome for outcome in found if outcome not in OUTCOME_LABELS)]
    rows = "".join(
        f'<li data-outcome="{escape_text(outcome, "")}">{svg.draw_sample(outcome if outcome in OUTCOME_LABELS else "")} '
        f"{OUTCOME_LABELS.get(outcome) or escape_text(outcome)} <b>{format_count(found[outcome])}</b></li>"
        for outcome in every
        if found.get(outcome)
    )
    return f'<h3>What became of the reminders</h3><ul class="outcomes">{rows}</ul>'


def _watching(report: Report) -> str:
    if report.not_watched_for < 60:
        return "unplugd was running all the time."
    each = ", each computer counted for itself" if len({one.host for one in report.watched}) > 1 else ""
    return (
        f"For {format_duration(report.not_watched_for)} of this time unplugd was not running{each}: what was plugged in then "
        "is not known."
    )
