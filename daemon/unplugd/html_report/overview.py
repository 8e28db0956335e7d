"""The summary at the top of the page: the time left plugged in unused, in large figures, and related facts. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from unplugd.html_report import svg
from unplugd.html_report.markup import (
    UNNAMED,
    count_times,
    escape_name,
    escape_text,
    join_facts,
    render_count,
    render_duration,
    render_pairs,
    render_time,
)
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
    from collections.abc import Iterable, Mapping

    from unplugd.html_report.report_view import ReportView
    from unplugd.languages.language import Language
    from unplugd.review.figures import Figures
    from unplugd.review.model import Period

MAX_OPEN_PERIODS: Final = 6
"""Maximum number of open periods listed."""

MAX_HELD_BACK: Final = 5
"""Maximum number of programs named that held reminders back, those that did longest."""


def render_summary(view: ReportView) -> str:
    """Return the summary as HTML."""
    report, language = view.report, view.language
    total = report.total
    if not report.periods and not report.watched:
        return f'<p class="kind">{language.translate(UNKNOWN)}</p>'
    if not report.periods:
        sentence = language.translate(
            "Nothing was plugged in during this time, so nothing was left plugged in."
        )
        return f'<p class="kind">{sentence}</p><p>{_describe_watching(view)}</p>{_render_comparison(view)}'
    open_periods = [period for period in report.periods if period.end == "open"][:MAX_OPEN_PERIODS]
    still = "".join(f'<p class="still">{_describe_open_period(view, period)}</p>' for period in open_periods)
    # Translators: Above a large figure: how long a device was left plugged in unused.
    hero = language.translate("Left plugged in, unused")
    no_time = language.translate("no time at all")
    return (
        f'<p class="hero"><span id="hero">{hero}</span> <strong id="hero-figure">'
        f"{render_duration(total.unused_for, language, no_time)}</strong></p>"
        f"{svg.draw_bar(total.unused_for, total.used_for, total.plugged_for, 'hero hero-figure')}"
        f'<ul class="legend"><li>{svg.draw_sample("idle")} {language.translate("unused: high bar")}</li>'
        f"<li>{svg.draw_sample('use')} {language.translate('in use: low bar')}</li></ul>"
        f"<p>{describe_total(total, language)}</p>"
        f"{_render_comparison(view)}{still}"
        f'<dl class="figures">{render_pairs(_list_facts(view))}</dl>{render_outcomes(total.outcomes, language)}'
        f"<p>{_describe_watching(view)}</p>"
    )


def describe_total(total: Figures, language: Language) -> str:
    """Return the sentences about the time plugged in and the time used."""
    plugged = render_duration(total.plugged_for, language, language.translate("less than a second"))
    if share := format_share(total, language):
        sentence = language.translate(
            # Translators: {share} is a percentage, {plugged} a duration.
            "That is {share} of the {plugged} that it was plugged in.",
            share=share,
            plugged=plugged,
        )
    else:
        sentence = language.translate("It was plugged in for {plugged}.", plugged=plugged)
    if total.used_for < 1:
        return f"{sentence} {language.translate('No upload software was using it.')}"
    used = render_duration(total.used_for, language)
    use = language.translate("Upload software was using it for {used}.", used=used)
    return f"{sentence} {use}"


def _describe_open_period(view: ReportView, period: Period) -> str:
    language = view.language
    device = escape_name(period.name, language.translate("USB device"))
    computer = escape_name(period.host, language.translate("this computer"))
    if is_still_plugged_in(period, view.report.until):
        return language.translate(
            # Translators: {device} and {computer} are names, {time} is a date and time. Keep <b> and </b>.
            "<b>Still plugged in</b> when the report ends: {device} on {computer}, since {time}.",
            device=device,
            computer=computer,
            time=_render_moment(view, period.began),
        )
    return language.translate(
        "<b>Last seen plugged in</b>: {device} on {computer}, {time}; no data since then.",
        device=device,
        computer=computer,
        time=_render_moment(view, period.ended),
    )


def _render_moment(view: ReportView, seconds: float) -> str:
    shown = format_moment(seconds, view.report, view.zone, view.language)
    return render_time(days.to_local(seconds, view.zone), shown)


def _render_comparison(view: ReportView) -> str:
    sentence = compare_with_before(view.report, view.language)
    return f'<p class="compared">{sentence}</p>' if sentence else ""


def make_fact(
    language: Language, name: str, now: str, then: str | None = None, note: str = ""
) -> tuple[str, str]:
    """Return the name and the value of a fact as HTML, with a note and the figure of the time before."""
    # Translators: The figure of the time before, below that of this report.
    earlier = "" if then is None else language.translate("before: {figure}", figure=then)
    return name, now + "".join(f" <small>{text}</small>" for text in (note, earlier) if text)


def _list_facts(view: ReportView) -> Iterable[tuple[str, str]]:
    """Yield the names and values of the facts as HTML."""
    report, language = view.report, view.language
    total, before = report.total, report.before

    fact = partial(make_fact, language)
    yield fact(
        language.translate("Times plugged in"),
        render_count(total.periods, language),
        render_count(before.periods, language) if before else None,
    )
    yield fact(
        language.translate("Plugged in, total"),
        render_duration(total.plugged_for, language),
        render_duration(before.plugged_for, language) if before else None,
    )
    began_here = total.uses or total.used_for < 1
    yield fact(
        language.translate("Used by upload software"),
        render_duration(total.used_for, language),
        render_duration(before.used_for, language) if before else None,
        language.count(total.uses, "{count} use", "{count} uses")
        if began_here
        # Translators: The use began before the time that the report covers.
        else language.translate("started earlier"),
    )
    yield fact(
        language.translate("Longest time left unused"),
        render_duration(total.longest_unused, language),
        render_duration(before.longest_unused, language) if before else None,
        language.translate("longest time plugged in: {time}", time=render_duration(total.longest, language)),
    )
    yield fact(
        language.translate("From the first reminder to unplugging"),
        render_reaction(total.reaction, language),
        render_reaction(before.reaction, language) if before else None,
        # Translators: The middle value: half of the times are shorter, half are longer.
        language.translate("median")
        if total.reaction is not None
        else language.translate("never unplugged after a reminder"),
    )
    if total.over_half_an_hour:
        after_three_hours = count_times(total.over_three_hours, language)
        yield fact(
            language.translate("Not unplugged within half an hour of the first reminder"),
            count_times(total.over_half_an_hour, language),
            render_count(before.over_half_an_hour, language) if before else None,
            # Translators: {times} is "1 time" or "3 times".
            language.translate("not within three hours: {times}", times=after_three_hours)
            if total.over_three_hours
            else "",
        )
    people = count_people(report)
    yield fact(
        language.translate("Reminders"),
        render_count(total.reminders, language),
        render_count(before.reminders, language) if before else None,
        # Translators: To how many people the reminders were shown.
        language.count(people, "to {count} person", "to {count} people") if people > 1 else "",
    )
    if total.snoozes:
        snoozed = render_duration(total.snoozed_for, language)
        yield fact(
            language.translate("Snoozed"),
            count_times(total.snoozes, language),
            None,
            language.translate("{duration} in total", duration=snoozed),
        )
    for program, times, seconds in report.held_back[:MAX_HELD_BACK]:
        shown = escape_name(program, language.translate("an unknown program"))
        yield fact(
            language.translate("Reminders held back by {program}, which was running", program=shown),
            render_duration(seconds, language, language.translate("less than a second")),
            None,
            count_times(times, language),
        )
    if away := describe_away(total.away_for, language=language):
        in_all = render_duration(sum(total.away_for.values()), language)
        # Translators: Nobody was in front of the computer.
        label = language.translate("Away while it was plugged in")
        yield fact(label, in_all, None, join_facts(away, language))
    if total.strangers:
        yield fact(
            language.translate("Held open by a program unknown to unplugd"),
            count_times(total.strangers, language),
            None,
        )


def render_reaction(seconds: float | None, language: Language) -> str:
    """Return the time to unplugging as HTML; it may be unknown."""
    if seconds is None:
        return language.translate("not known")
    return render_duration(seconds, language, language.translate("at once"))


def render_outcomes(counts: Mapping[str, int], language: Language) -> str:
    """Return what became of the reminders, as a list; "" if there were none."""
    if not any(counts.values()):
        return ""
    outcomes = [*OUTCOME_LABELS, *(outcome for outcome in counts if outcome not in OUTCOME_LABELS)]
    items = "".join(
        f'<li data-outcome="{escape_text(outcome)}">{svg.draw_sample(outcome if outcome in OUTCOME_LABELS else "")} '
        f"{_name_outcome(outcome, language)} <b>{render_count(counts[outcome], language)}</b></li>"
        for outcome in outcomes
        if counts.get(outcome)
    )
    return f'<h3>{language.translate("Outcomes of the reminders")}</h3><ul class="outcomes">{items}</ul>'


def _name_outcome(outcome: str, language: Language) -> str:
    if outcome in OUTCOME_LABELS:
        return language.translate_in(*OUTCOME_LABELS[outcome])
    return escape_text(outcome, language.translate(UNNAMED))


def _describe_watching(view: ReportView) -> str:
    report, language = view.report, view.language
    if report.not_watched_for < MIN_NOT_WATCHED_SECONDS:
        return language.translate("unplugd was running all the time.")
    return describe_not_watched(report, render_duration(report.not_watched_for, language), language)
