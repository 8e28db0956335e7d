"""The summary at the top of the page: the time left plugged in unused, in large figures, and related facts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.html_report import svg
from unplugd.html_report.markup import (
    escape_name,
    escape_text,
    render_count,
    render_duration,
    render_pairs,
    render_time,
)
from unplugd.plurals import pluralize
from unplugd.review import days
from unplugd.review.wording import (
    MIN_NOT_WATCHED_SECONDS,
    OUTCOME_LABELS,
    UNKNOWN,
    compare_with_before,
    count_people,
    describe_away,
    describe_not_watched,
    format_moment,
    format_share,
    is_still_plugged_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unplugd.html_report.report_view import ReportView
    from unplugd.review.figures import Report
    from unplugd.review.model import Period

MAX_OPEN_PERIODS: Final = 6
"""Maximum number of open periods listed."""

MAX_HELD_BACK: Final = 5
"""Maximum number of programs named that held reminders back, those that did longest."""


def render_summary(view: ReportView) -> str:
    """Return the summary as HTML."""
    report = view.report
    total = report.total
    if not report.periods and not report.watched:
        return f'<p class="kind">{UNKNOWN}</p>'
    if not report.periods:
        sentence = "Nothing was plugged in during this time, so nothing was left plugged in."
        return (
            f'<p class="kind">{sentence}</p><p>{_describe_watching(report)}</p>{_render_comparison(report)}'
        )
    share = format_share(total)
    plugged = render_duration(total.plugged_for, "less than a second")
    plugged_in = (
        f"That is {share} of the {plugged} that it was plugged in"
        if share
        else f"It was plugged in for {plugged}"
    )
    open_periods = [period for period in report.periods if period.end == "open"][:MAX_OPEN_PERIODS]
    still = "".join(f'<p class="still">{_describe_open_period(view, period)}</p>' for period in open_periods)
    return (
        f'<p class="hero"><span id="hero">Left plugged in, unused</span> <strong id="hero-figure">'
        f"{render_duration(total.unused_for, 'no time at all')}</strong></p>"
        f"{svg.draw_bar(total.unused_for, total.used_for, total.plugged_for, 'hero hero-figure')}"
        f'<ul class="legend"><li>{svg.draw_sample("idle")} unused: high bar</li><li>{svg.draw_sample("use")} in use: low bar'
        "</li></ul>"
        f"<p>{plugged_in}; for {render_duration(total.used_for, 'no time')} upload software was using it.</p>"
        f"{_render_comparison(report)}{still}"
        f'<dl class="figures">{render_pairs(_list_facts(report))}</dl>{_render_outcomes(report)}'
        f"<p>{_describe_watching(report)}</p>"
    )


def _describe_open_period(view: ReportView, period: Period) -> str:
    device = f"{escape_name(period.name, 'USB device')} on {escape_name(period.host, 'this computer')}"
    if is_still_plugged_in(period, view.report.until):
        return f"<b>Still plugged in</b> when the report ends: {device}, since {_render_moment(view, period.began)}."
    return f"<b>Last seen plugged in</b>: {device}, {_render_moment(view, period.ended)}; no data since then."


def _render_moment(view: ReportView, seconds: float) -> str:
    shown = format_moment(seconds, view.report, view.zone)
    return render_time(days.to_local(seconds, view.zone), shown)


def _render_comparison(report: Report) -> str:
    if report.before is None:
        return ""
    sentence = compare_with_before(report)
    return f'<p class="compared">{sentence[0].upper()}{sentence[1:]}.</p>'


def _list_facts(report: Report) -> Iterable[tuple[str, str]]:
    """Yield the names and values of the facts as HTML."""
    total, before = report.total, report.before

    def make_fact(name: str, now: str, then: str | None, note: str = "") -> tuple[str, str]:
        notes = [text for text in (note, f"before: {then}" if then is not None else "") if text]
        return name, now + "".join(f" <small>{text}</small>" for text in notes)

    yield make_fact(
        "Times plugged in", render_count(total.periods), render_count(before.periods) if before else None
    )
    yield make_fact(
        "Plugged in, total",
        render_duration(total.plugged_for),
        render_duration(before.plugged_for) if before else None,
    )
    began_here = total.uses or total.used_for < 1
    yield make_fact(
        "Used by upload software",
        render_duration(total.used_for),
        render_duration(before.used_for) if before else None,
        pluralize(total.uses, "use", "uses") if began_here else "started earlier",
    )
    yield make_fact(
        "Longest time left unused",
        render_duration(total.longest_unused),
        render_duration(before.longest_unused) if before else None,
        f"longest time plugged in: {render_duration(total.longest)}",
    )
    yield make_fact(
        "From the first reminder to unplugging",
        _render_reaction(total.reaction),
        _render_reaction(before.reaction) if before else None,
        "median" if total.reaction is not None else "never unplugged after a reminder",
    )
    if total.over_half_an_hour:
        after_three_hours = pluralize(total.over_three_hours, "time", "times")
        yield make_fact(
            "Not unplugged within half an hour of the first reminder",
            pluralize(total.over_half_an_hour, "time", "times"),
            render_count(before.over_half_an_hour) if before else None,
            f"not within three hours: {after_three_hours}" if total.over_three_hours else "",
        )
    yield make_fact(
        "Reminders",
        render_count(total.reminders),
        render_count(before.reminders) if before else None,
        f"to {render_count(people)} people" if (people := count_people(report)) > 1 else "",
    )
    if total.snoozes:
        yield make_fact(
            "Snoozed",
            pluralize(total.snoozes, "time", "times"),
            None,
            f"{render_duration(total.snoozed_for)} in total",
        )
    for program, times, seconds in report.held_back[:MAX_HELD_BACK]:
        yield make_fact(
            f"Reminders held back by {escape_name(program, 'an unknown program')}, which was running",
            render_duration(seconds, "less than a second"),
            None,
            pluralize(times, "time", "times"),
        )
    if away := describe_away(total.away_for):
        in_all = render_duration(sum(total.away_for.values()))
        yield make_fact("Away while it was plugged in", in_all, None, "; ".join(away))
    if total.strangers:
        yield make_fact(
            "Held open by a program unknown to unplugd", pluralize(total.strangers, "time", "times"), None
        )


def _render_reaction(seconds: float | None) -> str:
    return "not known" if seconds is None else render_duration(seconds, "at once")


def _render_outcomes(report: Report) -> str:
    counts = report.total.outcomes
    if not any(counts.values()):
        return ""
    outcomes = [*OUTCOME_LABELS, *(outcome for outcome in counts if outcome not in OUTCOME_LABELS)]
    items = "".join(
        f'<li data-outcome="{escape_text(outcome, "")}">{svg.draw_sample(outcome if outcome in OUTCOME_LABELS else "")} '
        f"{OUTCOME_LABELS.get(outcome) or escape_text(outcome)} <b>{render_count(counts[outcome])}</b></li>"
        for outcome in outcomes
        if counts.get(outcome)
    )
    return f'<h3>Outcomes of the reminders</h3><ul class="outcomes">{items}</ul>'


def _describe_watching(report: Report) -> str:
    if report.not_watched_for < MIN_NOT_WATCHED_SECONDS:
        return "unplugd was running all the time."
    return describe_not_watched(report, render_duration(report.not_watched_for))
