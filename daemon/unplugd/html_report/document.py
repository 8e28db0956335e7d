"""The frame of every page: its head with the policy, its header with the links to the sections, and its footer. Pure."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.html_report import svg
from unplugd.html_report.markup import escape_name, escape_sentence, escape_text, join_words, render_time
from unplugd.html_report.style import make_style
from unplugd.languages.language import mark
from unplugd.review import days, notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import tzinfo

    from unplugd.languages.language import Language

TITLE: Final = mark("Was it left plugged in?")
# Translators: A sentence of Medtronic's notice. Use its official wording in your language, if it is public; else translate
# it, and add in parentheses that it is unplugd's own translation.
SENTENCE: Final = mark(
    "Disconnect the USB device from your computer when you are not using it to download pump data."
)
"""From the notice of 20 September 2022, verbatim."""
MAX_NAMED: Final = 6
"""Maximum number of computers, and of devices, named in the header."""
LONG: Final = ' class="much"'
"""The attribute of a section that starts on a new sheet when printed."""


class Section(NamedTuple):
    """A section: its id, its heading, and what it holds as HTML; `is_long`: it starts on a new sheet when printed."""

    key: str
    name: str
    content: str
    is_long: bool = False


def render_frame(
    title: str, covered: str, subject: str, sections: Iterable[Section], footer: str, language: Language
) -> str:
    """Return a whole page; `title` and `covered` are plain text, `subject` and `footer` HTML. Empty sections are left out."""
    shown = [section for section in sections if section.content]
    links = "".join(f'<li><a href="#{section.key}">{section.name}</a></li>' for section in shown)
    body = "".join(
        f'<section{LONG if section.is_long else ""} aria-labelledby="{section.key}">'
        f'<h2 id="{section.key}" tabindex="-1">{section.name}</h2>{section.content}</section>'
        for section in shown
    )
    return render_document(
        f"{title} {covered}",
        f'<a class="skip" href="#main">{language.translate("Skip to the report")}</a>{svg.DEFINITIONS}'
        f'<header><p class="brand">{language.translate("unplugd · review of the journal")}</p><h1>{escape(title)}</h1>'
        f'<dl class="subject">{subject}</dl>'
        f'<nav aria-label="{escape(language.translate("Sections of this page"))}"><ul>{links}</ul></nav></header>'
        f'<main id="main" tabindex="-1">{body}</main><footer>{footer}</footer>',
        language,
    )


def render_document(title: str, body: str, language: Language) -> str:
    """Return a whole page; `body` is HTML, `title` plain text."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language.tag}"><head>{_render_head(title, language)}</head>'
        f"<body>{body}</body></html>\n"
    )


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


def render_names(names: Sequence[str], no_name: str, language: Language, limit: int = MAX_NAMED) -> str:
    """Return the first of some names, `limit` at most, and how many are left out; "" if there are none."""
    if not names:
        return ""
    shown = join_words((escape_name(name, no_name) for name in names[:limit]), language)
    more = len(names) - limit
    if more <= 0:
        return shown
    # Translators: A list of names, and how many are left out.
    return language.count(more, "{names} and {count} more", "{names} and {count} more", names=shown)


def render_covered(covered: str, zone: str, language: Language) -> tuple[str, str]:
    """Return the fact of the header that says which days the report covers."""
    return (
        # Translators: The days that the report covers.
        language.translate_in("heading of the report", "Time"),
        f"{covered} <small>({escape_text(zone)})</small>",
    )


def render_footer(
    made: float, zone: tzinfo, describe_creation: Callable[[str], str], language: Language
) -> str:
    """Return the footer; `describe_creation` says when and from what the page was created, given the time."""
    formats = language.formats
    time = days.to_local(made, zone)
    shown = formats.join_moment(formats.format_full(time.date()), formats.format_clock(time))
    about = language.translate(
        "unplugd watches for the USB parts of a MiniMed 600 insulin-pump system and reminds people to unplug them when "
        "no upload is using them. It follows one sentence of Medtronic\N{RIGHT SINGLE QUOTATION MARK}s notice of 20 September 2022, which the FDA "
        "also published:"
    )
    created = describe_creation(render_time(time, shown))
    return f"<p>{about}</p><blockquote><p>{language.translate(SENTENCE)}</p></blockquote><p>{created}</p>"


def render_notes(counts: Mapping[str, int], language: Language) -> str:
    """Return what was unusual in the journals; "" if nothing was."""
    items = [f"<li>{escape_sentence(sentence)}</li>" for sentence in notes.describe_notes(counts, language)]
    return f"<ul>{''.join(items)}</ul>" if items else ""
