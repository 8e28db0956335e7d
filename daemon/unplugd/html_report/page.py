"""A report as one HTML page that needs nothing but itself: no network, no script. Pure."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.html_report import overview, svg, tables, timeline
from unplugd.html_report.markup import OUTCOME_LABELS, escape_name, escape_text, format_moment, format_pairs
from unplugd.html_report.report_view import ReportView
from unplugd.review import days, notes, wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from unplugd.review.figures import Report

TITLE: Final = "Was it left plugged in?"
SENTENCE: Final = (
    "Disconnect the USB device from your computer when you are not using it to download pump data."
)
"""Of the notice of 20 September 2022, word for word."""
MAX_NAMED: Final = 6
"""Computers that the head names."""
MAX_NOTE_CHARACTERS: Final = 200
"""Characters of a note."""
LONG_SECTION_ROWS: Final = 14
"""Rows with which a section begins on a sheet of its own."""


def render_page(report: Report, *, made: float, title: str = TITLE, zone: tzinfo | None = None) -> str:
    """Return the page, made at `made` (Unix seconds); `zone` is given where `report.zone` is no name of one."""
    zone = zone or days.find_zone(report.zone)
    book = ReportView(report, zone)
    sections = [("summary", "Summary", overview.render_summary(book))]
    if report.periods:
        sections += [
            ("totals", "Weeks and months", tables.render_totals(book)),
            ("places", "Computers and devices", tables.render_places(book)),
            ("days", "Day by day", _legend(report) + timeline.render_days(book)),
            ("times", "Every time it was plugged in", tables.render_periods(book)),
        ]
    sections.append(("notes", "What was met while reading the journal", _notes(report)))
    sections = [section for section in sections if section[2]]
    links = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name, _ in sections)
    body = "".join(
        f'<section{_is_long(key, book)} aria-labelledby="{key}"><h2 id="{key}" tabindex="-1">{name}</h2>{inside}</section>'
        for key, name, inside in sections
    )
    covered = wording.describe_covered(report, zone)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{_head(f"{title} {covered}")}</head><body>'
        f'<a class="skip" href="#main">Skip to the report</a>{svg.DEFINITIONS}'
        f'<header><p class="brand">unplugd · review of the journal</p><h1>{escape(title)}</h1>'
        f"{_subject(book, covered)}"
        f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav></header>'
        f'<main id="main" tabindex="-1">{body}</main>'
        f"<footer>{_foot(made, report, zone)}</footer></body></html>\n"
    )


def _is_long(key: str, book: ReportView) -> str:
    """Return the mark of a section that begins on a sheet of its own."""
    rows = {"days": len(book.days), "times": len(book.report.periods)}
    return ' class="much"' if rows.get(key, 0) > LONG_SECTION_ROWS else ""


@cache
def _style() -> str:
    return files("unplugd.html_report").joinpath("page.css").read_text(encoding="utf-8").strip()


def _head(title: str) -> str:
    style = _style()
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


def _subject(book: ReportView, covered: str) -> str:
    computers = ", ".join(escape_name(host) for host in book.hosts[:MAX_NAMED])
    if len(book.hosts) > MAX_NAMED:
        computers += f" and {len(book.hosts) - MAX_NAMED} more"
    devices = list(dict.fromkeys(book.device(name, id_) for name, id_, _ in book.report.devices))
    shown = ", ".join(f"<bdi>{escape_text(name)}</bdi>" for name in devices[:MAX_NAMED])
    rows = [
        ("Time", f"{covered} <small>({escape_text(book.report.zone)})</small>"),
        (f"Computer{'s' * (len(book.hosts) != 1)}", computers or "none known"),
    ]
    if shown:
        more = f" and {len(devices) - MAX_NAMED} more" if len(devices) > MAX_NAMED else ""
        rows.append((f"Device{'s' * (len(devices) != 1)}", shown + more))
    return f'<dl class="subject">{format_pairs(rows)}</dl>'


def _legend(report: Report) -> str:
    outcomes = {one.outcome for period in report.periods for one in period.reminders}
    rows: Sequence[tuple[str, str]] = [
        ("idle", "plugged in, unused: high bar"),
        ("use", "in use by upload software: low bar"),
        ("off", "unplugd was not running"),
        *([("nap", "snoozed")] if any(period.snoozes for period in report.periods) else []),
        *((outcome, f"reminder: {said}") for outcome, said in OUTCOME_LABELS.items() if outcome in outcomes),
    ]
    shown = "".join(f"<li>{svg.draw_sample(kind)} {said}</li>" for kind, said in rows)
    return f'<ul class="legend" aria-label="What the pictures show">{shown}</ul>'


def _notes(report: Report) -> str:
    # Sentences of our own are longer than names; a note without words is called by its key, which is foreign.
    rows = [
        f"<li>{escape(sanitize.one_line(sentence, MAX_NOTE_CHARACTERS))}</li>"
        for sentence in notes.describe_notes(report.notes)
    ]
    return f"<ul>{''.join(rows)}</ul>" if rows else ""


def _foot(made: float, report: Report, zone: tzinfo) -> str:
    time = days.to_local(made, zone)
    return (
        "<p>unplugd watches for the USB parts of a MiniMed 600 insulin-pump system and reminds people to unplug them when "
        "no upload uses them. It follows one sentence of Medtronic&rsquo;s notice of 20 September 2022, which the FDA published "
        f"as well:</p><blockquote><p>{SENTENCE}</p></blockquote>"
        f"<p>Made {format_moment(time, f'{days.format_full(time.date())}, {days.format_clock(time)}')} ({escape_text(report.zone)}) from the journal on "
        "this computer. The page holds all it shows: it loads nothing and sends nothing.</p>"
    )
