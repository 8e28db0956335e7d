"""Lists what is to be translated, from the code, and brings each translation up to date."""

from __future__ import annotations

import ast
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from tools.catalogues import FOLDER, ROOT, TEMPLATE
from unplugd.languages.language import ENGLISH, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PLACES: Final = ("durations.py", "html_report", "notify", "review")
"""Where, below daemon/unplugd, there is text that is translated."""
CALLS: Final = {
    "translate": (0,),
    "translate_in": (0, 1),
    "count": (1, 2),
    "mark": (0,),
    "mark_in": (0, 1),
    "mark_count": (0, 1),
}
"""The functions whose arguments are translated, with the places of these arguments."""
WITH_CONTEXT: Final = frozenset({"translate_in", "mark_in"})
"""Those whose first such argument is a context."""
COMMENT: Final = "Translators:"
"""Begins a comment in the code that is for translators."""
MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""In place of the time, so that the same text gives the same file."""

HEADER: Final = """\
# {name} translations for unplugd.
# This file is distributed under the same license as the unplugd project.
#
# See "Translations" in CONTRIBUTING.md. As long as "fuzzy" stands below, this is a draft, which is not built.
#
# Terms (what stays as it is: unplugd, CareLink USB, Contour Next Link 2.4, MiniMed, CareLink Uploader, Tidepool Uploader):
#   device =
#   plugged in =
#   to unplug =
#   to disconnect =
#   in use / unused =
#   upload, upload software =
#   reminder =
#   to snooze =
#   meter =
#   journal =
"""
"""Above a new translation."""


def update_catalogues() -> None:
    """Write the template and each translation anew."""
    template = make_template()
    TEMPLATE.write_bytes(format_catalogue(template))
    for tag in LANGUAGES:
        if tag != ENGLISH.tag:
            path = FOLDER / f"{tag}.po"
            path.write_bytes(format_catalogue(update(path, template)))


def make_template() -> Catalog:
    """Return everything that is to be translated."""
    template = Catalog(
        project="unplugd",
        version="",
        copyright_holder="The unplugd developers",
        msgid_bugs_address="see CONTRIBUTING.md",
        creation_date=MADE,
        fuzzy=False,
        charset="utf-8",
    )
    for path in list_sources():
        name = path.relative_to(ROOT).as_posix()
        for context, message, comments in list_messages(path.read_text(encoding="utf-8")):
            template.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return template


def list_messages(source: str) -> Iterator[tuple[str | None, str | tuple[str, str], list[str]]]:
    """Yield what is translated in a module, in order: the context, the text or those for one and several, the comments.

    Babel's own extractor does not see calls inside f-strings before Python 3.12.
    """
    lines = source.splitlines()
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        arguments = [call.args[at] for at in CALLS.get(name, ()) if at < len(call.args)]
        texts = [str(argument.value) for argument in arguments if isinstance(argument, ast.Constant)]
        if not texts or len(texts) != len(CALLS[name]):
            # The text was marked where it stands.
            continue
        comments = find_comment(lines, call.lineno) or find_comment(lines, arguments[0].lineno)
        if len(texts) == 1:
            yield None, texts[0], comments
        elif name in WITH_CONTEXT:
            yield texts[0], texts[1], comments
        else:
            yield None, (texts[0], texts[1]), comments


def find_comment(lines: Sequence[str], line: int) -> list[str]:
    """Return the comment for translators right above a line, which is counted from 1."""
    first = line - 1
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    comment = [text.strip().removeprefix("#").strip() for text in lines[first : line - 1]]
    if not comment or not comment[0].startswith(COMMENT):
        return []
    return [comment[0].removeprefix(COMMENT).strip(), *comment[1:]]


def list_sources() -> Sequence[Path]:
    """Return the modules that have text to translate."""
    package = FOLDER.parent
    found = [package / place for place in PLACES]
    return [path for place in found for path in ([place] if place.is_file() else sorted(place.rglob("*.py")))]


def read_catalogue(path: Path) -> Catalog:
    """Return a translation."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def update(path: Path, template: Catalog) -> Catalog:
    """Return the translation in a file, or an empty draft, with the messages of the template."""
    if path.exists():
        catalogue = read_catalogue(path)
        # Without guesses: a sentence that has changed is translated again.
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
    else:
        catalogue = Catalog(
            locale=path.stem,
            header_comment=HEADER.format(name=Locale.parse(path.stem).get_language_name("en")),
            project="unplugd",
            version="",
            copyright_holder="The unplugd developers",
            msgid_bugs_address="see CONTRIBUTING.md",
            revision_date=MADE,
            last_translator="The unplugd developers",
            language_team=path.stem,
            charset="utf-8",
        )
        catalogue.update(template)
    catalogue.creation_date = MADE
    return catalogue


def format_catalogue(catalogue: Catalog) -> bytes:
    """Return a catalogue as a file."""
    content = io.BytesIO()
    write_po(content, catalogue, width=110, include_lineno=False, ignore_obsolete=True)
    return content.getvalue()
