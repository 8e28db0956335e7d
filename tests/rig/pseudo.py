"""A language in which each text is the English one in brackets: what is outside them was never translated."""

from __future__ import annotations

import json
from gettext import NullTranslations
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from tools.catalogues.extract import format_catalogue, make_template
from unplugd.languages.formats import Formats
from unplugd.languages.language import FOLDER, Language

if TYPE_CHECKING:
    from pathlib import Path


def bracket(text: str) -> str:
    """Return the text in brackets."""
    return f"⟦{text}⟧"


class Brackets(NullTranslations):
    """Puts each text into brackets, and notes it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[tuple[str | None, str]] = set()
        """What was to be translated: the context, and the text (of several, that for one)."""

    def gettext(self, message: str) -> str:
        """Return a text in brackets."""
        self.asked.add((None, message))
        return bracket(message)

    def pgettext(self, context: str, message: str) -> str:
        """Return a text with a context in brackets."""
        self.asked.add((context, message))
        return bracket(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return a text with a number in brackets."""
        self.asked.add((None, msgid1))
        return bracket(msgid1 if n == 1 else msgid2)


def load_formats(name: str) -> Formats:
    """Return the formats of a language."""
    return Formats(**json.loads((FOLDER / f"formats/{name}.json").read_text(encoding="utf-8")))


def make_pseudo() -> tuple[Language, Brackets]:
    """Return the language, which writes dates as Japanese does: without a Latin letter."""
    brackets = Brackets()
    return Language("ja", load_formats("ja"), brackets), brackets


def write_pseudo(folder: Path, tag: str) -> None:
    """Write the language as the compiled translation for a tag."""
    with (folder / f"{tag}.mo").open("wb") as file:
        write_mo(file, make_catalogue(tag))


def write_pseudo_source(folder: Path, tag: str, *, fuzzy: bool) -> None:
    """Write the language as the translation for a tag; a `fuzzy` one is a draft."""
    catalogue = make_catalogue(tag)
    catalogue.fuzzy = fuzzy
    (folder / f"{tag}.po").write_bytes(format_catalogue(catalogue))


def make_catalogue(tag: str) -> Catalog:
    """Return the translation of everything; the last form of the numbers is that of several."""
    catalogue = Catalog(locale=tag)
    catalogue.update(make_template())
    for message in catalogue:
        if isinstance(message.id, str) and message.id:
            message.string = bracket(message.id)
        elif message.id:
            one, several = map(bracket, message.id)
            forms = (one, *[several] * (catalogue.num_plurals - 1))
            message.string = forms if catalogue.num_plurals > 1 else (several,)
    return catalogue
