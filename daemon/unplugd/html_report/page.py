"""Renders a report as a self-contained HTML page: no network, no scripts. Pure."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.html_report import overview, svg, tables, timeline
from unplugd.html_report.markup import escape_name, escape_text, render_pairs, render_time
from unplugd.html_report.report_view import ReportView
from unplugd.review import days, notes
from unplugd.review.wording import OUTCOME_LABELS, describe_covered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from unplugd.review.figures import Report

TITLE: Final = "Was it left plugged in?"
SENTENCE: Final = (
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


def render_page(report: Report, *, made: float, title: str = TITLE, zone: tzinfo | None = None) -> str:
    """Return the page, created at `made` (Unix seconds); `zone` is needed if the report's `zone` is not a zone name."""
    zone = zone or days.find_zone(report.zone)
    view = ReportView(report, zone)
    sections = [("summary", "Summary", overview.render_summary(view))]
    if report.periods:
        sections += [
            ("totals", "Weeks and months", tables.render_totals(view)),
            ("places", "Computers and devices", tables.render_places(view)),
            ("days", "Day by day", _render_legend(report) + timeline.render_days(view)),
            ("times", "Every time it was plugged in", tables.render_periods(view)),
        ]
    sections.append(("notes", "Notes on the journal", _render_notes(report)))
    sections = [section for section in sections if section[2]]
    links = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name, _ in sections)
    body = "".join(
        f'<section{_mark_long(key, view)} aria-labelledby="{key}"><h2 id="{key}" tabindex="-1">{name}</h2>{content}</section>'
        for key, name, content in sections
    )
    covered = describe_covered(report, zone)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{_render_head(f"{title} {covered}")}</head><body>'
        f'<a class="skip" href="#main">Skip to the report</a>{svg.DEFINITIONS}'
        f'<header><p class="brand">unplugd · review of the journal</p><h1>{escape(title)}</h1>'
        f"{_render_subject(view, covered)}"
        f'<nav aria-label="Sections of this page"><ul>{links}</ul></nav></header>'
        f'<main id="main" tabindex="-1">{body}</main>'
        f"<footer>{_render_footer(made, report, zone)}</footer></body></html>\n"
    )


def render_notice(what: str, hint: str) -> str:
    """Return a page that says why there is no report, and what can be done."""
    title = "There is no report"
    shown = escape(sanitize.one_line(what, MAX_NOTICE_CHARACTERS))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{_render_head(title)}</head><body>'
        f'<header><p class="brand">unplugd · review of the journal</p><h1>{title}</h1></header>'
        f"<main><p>The reason: {shown}.</p>"
        f"<p>What helps: <kbd>{escape(sanitize.one_line(hint, MAX_NOTICE_CHARACTERS))}</kbd></p></main></body></html>\n"
    )


def _mark_long(key: str, view: ReportView) -> str:
    """Return the class attribute of a section that starts on a new sheet when printed, "" for others."""
    rows = {"days": len(view.days), "times": len(view.report.periods)}
    return ' class="much"' if rows.get(key, 0) > LONG_SECTION_ROWS else ""


@cache
def _load_style() -> str:
    return files("unplugd.html_report").joinpath("page.css").read_text(encoding="utf-8").strip()


def _render_head(title: str) -> str:
    style = _load_style()
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
    devices = list(dict.fromkeys(view.name_device(name, id_) for name, id_, _ in view.report.devices))
    facts = [
        ("Time", f"{covered} <small>({escape_text(view.report.zone)})</small>"),
        (f"Computer{'s' * (len(view.hosts) != 1)}", _render_names(view.hosts) or "none known"),
    ]
    if devices:
        facts.append((f"Device{'s' * (len(devices) != 1)}", _render_names(devices)))
    return f'<dl class="subject">{render_pairs(facts)}</dl>'


def _render_names(names: Sequence[str]) -> str:
    shown = ", ".join(map(escape_name, names[:MAX_NAMED]))
    return f"{shown} and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else shown


def _render_legend(report: Report) -> str:
    outcomes = {reminder.outcome for period in report.periods for reminder in period.reminders}
    labels: Sequence[tuple[str, str]] = [
        ("idle", "plugged in, unused: high bar"),
        ("use", "in use by upload software: low bar"),
        ("off", "unplugd was not running"),
        *([("nap", "snoozed")] if any(period.snoozes for period in report.periods) else []),
        *(
            (outcome, f"reminder: {label}")
            for outcome, label in OUTCOME_LABELS.items()
            if outcome in outcomes
        ),
    ]
    items = "".join(f"<li>{svg.draw_sample(kind)} {label}</li>" for kind, label in labels)
    return f'<ul class="legend" aria-label="Legend">{items}</ul>'


def _render_notes(report: Report) -> str:
    items = [
        f"<li>{escape(sanitize.one_line(sentence, MAX_NOTE_CHARACTERS))}</li>"
        for sentence in notes.describe_notes(report.notes)
    ]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _render_footer(made: float, report: Report, zone: tzinfo) -> str:
    time = days.to_local(made, zone)
    return (
        "<p>unplugd watches for the USB parts of a MiniMed 600 insulin-pump system and reminds people to unplug them when "
        "no upload is using them. It follows one sentence of Medtronic&rsquo;s notice of 20 September 2022, which the FDA also "
        f"published:</p><blockquote><p>{SENTENCE}</p></blockquote>"
        f"<p>Created {render_time(time, f'{days.format_full(time.date())}, {days.format_clock(time)}')} ({escape_text(report.zone)}) from the journal on "
        "this computer. The page is self-contained: it loads nothing and sends nothing.</p>"
    )
