"""Renders a report as a self-contained HTML page: no network, no scripts. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.html_report import overview, svg, tables, timeline
from unplugd.html_report.document import (
    TITLE,
    Section,
    render_covered,
    render_document,
    render_footer,
    render_frame,
    render_names,
    render_notes,
)
from unplugd.html_report.markup import escape_text, render_pairs
from unplugd.html_report.report_view import ReportView
from unplugd.languages.language import ENGLISH
from unplugd.review import days
from unplugd.review.wording import OUTCOME_LABELS, describe_covered

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.figures import Report

MAX_NOTICE_CHARACTERS: Final = 1000
"""Maximum length of a reason, or of a hint, on a page without a report; either may contain a path."""
LONG_SECTION_ROWS: Final = 14
"""A section with more rows than this starts on a new sheet when printed."""


def render_page(
    report: Report,
    *,
    made: float,
    title: str = "",
    zone: tzinfo | None = None,
    language: Language = ENGLISH,
) -> str:
    """Return the page, created at `made` (Unix seconds); `zone` is needed if the report's `zone` is not a zone name."""
    zone = zone or days.find_zone(report.zone)
    view = ReportView(report, zone, language)
    translate = language.translate
    title = title or translate(TITLE)
    sections = [Section("summary", translate("Summary"), overview.render_summary(view))]
    if report.periods:
        timelines = _render_legend(view) + timeline.render_days(view)
        sections += [
            Section("totals", translate("Weeks and months"), tables.render_totals(view)),
            Section("places", translate("Computers and devices"), tables.render_places(view)),
            Section("days", translate("Day by day"), timelines, len(view.days) > LONG_SECTION_ROWS),
            Section(
                "times",
                translate("Every time it was plugged in"),
                tables.render_periods(view),
                len(report.periods) > LONG_SECTION_ROWS,
            ),
        ]
    sections.append(Section("notes", translate("Notes on the journal"), render_notes(report.notes, language)))
    covered = describe_covered(report, zone, language)
    footer = render_footer(made, zone, lambda time: _describe_creation(time, view), language)
    return render_frame(title, covered, _render_subject(view, covered), sections, footer, language)


def render_notice(what: str, hint: str, language: Language = ENGLISH) -> str:
    """Return a page that says why there is no report, and what can be done."""
    title = language.translate("There is no report")
    # Translators: Above the name of the page, beside that of the program.
    brand = language.translate("unplugd · review of the journal")
    shown = escape(sanitize.one_line(what, MAX_NOTICE_CHARACTERS))
    command = f"<kbd>{escape(sanitize.one_line(hint, MAX_NOTICE_CHARACTERS))}</kbd>"
    return render_document(
        title,
        f'<header><p class="brand">{brand}</p><h1>{escape(title)}</h1></header>'
        # Translators: {error} is an English text.
        f"<main><p>{language.translate('The reason: {error}.', error=shown)}</p>"
        f"<p>{language.translate('What helps: {command}', command=command)}</p></main>",
        language,
    )


def _render_subject(view: ReportView, covered: str) -> str:
    language = view.language
    devices = list(dict.fromkeys(view.name_device(name, id_) for name, id_, _ in view.report.devices))
    facts = [
        render_covered(covered, view.report.zone, language),
        (
            language.count(len(view.hosts) or 1, "Computer", "Computers"),
            render_names(view.hosts, view.no_name, language)
            or language.translate_in("computers", "none known"),
        ),
    ]
    if devices:
        facts.append(
            (language.count(len(devices), "Device", "Devices"), render_names(devices, view.no_name, language))
        )
    return render_pairs(facts)


def _render_legend(view: ReportView) -> str:
    report, language = view.report, view.language
    outcomes = {reminder.outcome for period in report.periods for reminder in period.reminders}
    labels: list[tuple[str, str]] = [
        ("idle", language.translate("plugged in, unused: high bar")),
        ("use", language.translate("in use by upload software: low bar")),
        ("off", language.translate("unplugd was not running")),
    ]
    if any(period.snoozes for period in report.periods):
        # Translators: In the legend of the pictures: the time for which reminders were snoozed.
        labels.append(("nap", language.translate_in("legend", "snoozed")))
    for outcome, label in OUTCOME_LABELS.items():
        if outcome in outcomes:
            shown = language.translate_in(*label)
            # Translators: In the legend: what became of a reminder.
            labels.append((outcome, language.translate("reminder: {outcome}", outcome=shown)))
    items = "".join(f"<li>{svg.draw_sample(kind)} {label}</li>" for kind, label in labels)
    return f'<ul class="legend" aria-label="{escape(language.translate("Legend"))}">{items}</ul>'


def _describe_creation(time: str, view: ReportView) -> str:
    return view.language.translate(
        # Translators: {time} is a date and time, {zone} a time zone such as "Europe/Berlin".
        "Created {time} ({zone}) from the journal on this computer. The page is self-contained: it loads nothing and "
        "sends nothing.",
        time=time,
        zone=escape_text(view.report.zone),
    )
