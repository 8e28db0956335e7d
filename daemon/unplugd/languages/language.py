"""A language: its translations (gettext), and its formats. English needs no file, and loads nothing."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd.languages.formats import ENGLISH_FORMATS, Formats

if TYPE_CHECKING:
    from gettext import NullTranslations

FOLDER: Final = Path(__file__).parent
LANGUAGES: Final = ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "sv")
"""The tags of the languages."""


class Language:
    """A language; `translations` is None for English, in which the sentences are written."""

    def __init__(self, tag: str, formats: Formats, translations: NullTranslations | None = None) -> None:
        self.tag = tag
        """Its tag in HTML, such as "de"."""
        self.formats = formats
        self._translations = translations

    def translate(self, text: str, /, **values: str) -> str:
        """Return the text in this language, with each `{name}` replaced by its value."""
        translated = self._translations.gettext(text) if self._translations else text
        return _fill(translated, text, values)

    def translate_in(self, context: str, text: str, /, **values: str) -> str:
        """Return a text that has another translation elsewhere; `context` says where this one is shown."""
        translated = self._translations.pgettext(context, text) if self._translations else text
        return _fill(translated, text, values)

    def count(self, number: int, one: str, several: str, /, **values: str) -> str:
        """Return the sentence for a number of things, `{count}` being that number unless `values` has another."""
        original = one if number == 1 else several
        translated = self._translations.ngettext(one, several, number) if self._translations else original
        return _fill(translated, original, {"count": self.formats.group_digits(number), **values})


ENGLISH: Final = Language("en", ENGLISH_FORMATS)


def mark(text: str) -> str:
    """Return the text: this marks what is translated elsewhere, for the tool that lists what is to be translated."""
    return text


def mark_in(context: str, text: str) -> tuple[str, str]:
    """Return the arguments of `translate_in`, which is called elsewhere."""
    return context, text


def mark_count(one: str, several: str) -> tuple[str, str]:
    """Return the arguments of `count`, which is called elsewhere."""
    return one, several


def load_language(tag: str, region: str = "", folder: Path = FOLDER) -> Language | None:
    """Return a language, with the formats of a region ("US") if they differ; None if there is no such translation."""
    if tag not in LANGUAGES:
        return None
    formats = _load_formats(folder, f"{tag}_{region}") or _load_formats(folder, tag)
    if tag == ENGLISH.tag:
        return Language(tag, formats) if formats else ENGLISH
    import gettext

    try:
        with (folder / f"{tag}.mo").open("rb") as file:
            return Language(tag, formats or ENGLISH_FORMATS, gettext.GNUTranslations(file))
    except (OSError, ValueError, LookupError, struct.error):
        # It is a draft, which is not built, or the file is damaged.
        return None


def _load_formats(folder: Path, name: str) -> Formats | None:
    try:
        with (folder / "formats" / f"{name}.json").open(encoding="utf-8") as file:
            return Formats(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None


def _fill(text: str, original: str, values: dict[str, Any]) -> str:
    if not values:
        return text
    try:
        return text.format_map(values)
    except (LookupError, ValueError, AttributeError, TypeError):
        # A mistake in a translation must not cost a reminder.
        return original.format_map(values)
