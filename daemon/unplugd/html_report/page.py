"""Renders a report as a self-contained HTML page: no network, no scripts. Pure."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.html_report import overview, svg, tables, timeline
from unplugd.html_report.markup import escape_name, escape_text, join_words, render_pairs, render_time
from unplugd.html_report.report_view import ReportView
from unplugd.html_report.style import make_style
from unplugd.languages.language import ENGLISH, mark
from unplugd.review import days, notes
from unplugd.review.wording import OUTCOME_LABELS, describe_covered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.figures import Report

TITLE: Final = mark("Was it left plugged in?")
# Translators: A sentence of Medtronic's notice. Use its official wording in your language, if it is public; else translate
# it, and add in parentheses that it is unplugd's own translation.
SENTENCE: Final = mark(
    "Disconnect the USB device from your computer when you are not using it to download pump data."
)
"""From the notice of 20 September 2022, verbatim."""
MAX_NAMED: Final = 6
"""Maximum number of computers, and of devices, named in the header."""
MAX_NOTE_CHARACTERS: Final = 200
"""Maximum length of a note; our own sentences are shorter, but the key of an unknown note can have any length."""
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
    sections = [("summary", translate("Summary"), overview.render_summary(view))]
    if report.periods:
        sections += [
            ("totals", translate("Weeks and months"), tables.render_totals(view)),
            ("places", translate("Computers and devices"), tables.render_places(view)),
            ("days", translate("Day by day"), _render_legend(view) + timeline.render_days(view)),
            ("times", translate("Every time it was plugged in"), tables.render_periods(view)),
        ]
    sections.append(("notes", translate("Notes on the journal"), _render_notes(view)))
    sections = [section for section in sections if section[2]]
    links = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name, _ in sections)
    body = "".join(
        f'<section{_mark_long(key, view)} aria-labelledby="{key}"><h2 id="{key}" tabindex="-1">{name}</h2>{content}</section>'
        for key, name, content in sections
    )
    covered = describe_covered(report, zone, language)
    return _render_document(
        f"{title} {covered}",
        f'<a class="skip" href="#main">{translate("Skip to the report")}</a>{svg.DEFINITIONS}'
        f'<header><p class="brand">{translate("unplugd · review of the journal")}</p><h1>{escape(title)}</h1>'
        f"{_render_subject(view, covered)}"
        f'<nav aria-label="{escape(translate("Sections of this page"))}"><ul>{links}</ul></nav></header>'
        f'<main id="main" tabindex="-1">{body}</main>'
        f"<footer>{_render_footer(made, view)}</footer>",
        language,
    )


def render_notice(what: str, hint: str, language: Language = ENGLISH) -> str:
    """Return a page that says why there is no report, and what can be done."""
    title = language.translate("There is no report")
    # Translators: Above the name of the page, beside that of the program.
    brand = language.translate("unplugd · review of the journal")
    shown = escape(sanitize.one_line(what, MAX_NOTICE_CHARACTERS))
    command = f"<kbd>{escape(sanitize.one_line(hint, MAX_NOTICE_CHARACTERS))}</kbd>"
    return _render_document(
        title,
        f'<header><p class="brand">{brand}</p><h1>{escape(title)}</h1></header>'
        # Translators: {error} is an English text.
        f"<main><p>{language.translate('The reason: {error}.', error=shown)}</p>"
        f"<p>{language.translate('What helps: {command}', command=command)}</p></main>",
        language,
    )


def _render_document(title: str, body: str, language: Language) -> str:
    """Return a whole page; `body` is HTML, `title` plain text."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language.tag}"><head>{_render_head(title, language)}</head>'
        f"<body>{body}</body></html>\n"
    )


def _mark_long(key: str, view: ReportView) -> str:
    """Return the class attribute of a section that starts on a new sheet when printed, "" for others."""
    rows = {"days": len(view.days), "times": len(view.report.periods)}
    return ' class="much"' if rows.get(key, 0) > LONG_SECTION_ROWS else ""


def _render_head(title: str, language: Language) -> str:
    style = make_style(language)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="referrer" content="no-referrer"><meta name="generator" content="unplugd">'
        f'<meta name="format-detection" content="telephone=no"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )


def _render_subject(view: ReportView, covered: str) -> str:
    language = view.language
    devices = list(dict.fromkeys(view.name_device(name, id_) for name, id_, _ in view.report.devices))
    facts = [
        (
            # Translators: The days that the report covers.
            language.translate_in("heading of the report", "Time"),
            f"{covered} <small>({escape_text(view.report.zone)})</small>",
        ),
        (
            language.count(len(view.hosts) or 1, "Computer", "Computers"),
            _render_names(view, view.hosts) or language.translate_in("computers", "none known"),
        ),
    ]
    if devices:
        facts.append((language.count(len(devices), "Device", "Devices"), _render_names(view, devices)))
    return f'<dl class="subject">{render_pairs(facts)}</dl>'


def _render_names(view: ReportView, names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = join_words((escape_name(name, view.no_name) for name in names[:MAX_NAMED]), view.language)
    more = len(names) - MAX_NAMED
    if more <= 0:
        return shown
    # Translators: A list of names, and how many are left out.
    return view.language.count(more, "{names} and {count} more", "{names} and {count} more", names=shown)


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


def _render_notes(view: ReportView) -> str:
    items = [
        f"<li>{escape(sanitize.one_line(sentence, MAX_NOTE_CHARACTERS))}</li>"
        for sentence in notes.describe_notes(view.report.notes, view.language)
    ]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _render_footer(made: float, view: ReportView) -> str:
    language, formats = view.language, view.language.formats
    time = days.to_local(made, view.zone)
    shown = formats.join_moment(formats.format_full(time.date()), formats.format_clock(time))
    about = language.translate(
        "unplugd watches for the USB parts of a MiniMed 600 insulin-pump system and reminds people to unplug them when "
        "no upload is using them. It follows one sentence of Medtronic\N{RIGHT SINGLE QUOTATION MARK}s notice of 20 September 2022, which the FDA "
        "also published:"
    )
    created = language.translate(
        # Translators: {time} is a date and time, {zone} a time zone such as "Europe/Berlin".
        "Created {time} ({zone}) from the journal on this computer. The page is self-contained: it loads nothing and "
        "sends nothing.",
        time=render_time(time, shown),
        zone=escape_text(view.report.zone),
    )
    return f"<p>{about}</p><blockquote><p>{language.translate(SENTENCE)}</p></blockquote><p>{created}</p>"
