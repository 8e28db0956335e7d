"""Finds mistakes in the translations: what is missing, or not as the English text is built."""

from __future__ import annotations

import re
from collections import Counter
from string import Formatter
from typing import TYPE_CHECKING, Final

from babel.messages.plurals import get_plural

from tools.catalogues import FOLDER, TEMPLATE
from tools.catalogues.extract import format_catalogue, make_template, read_catalogue
from unplugd.languages.language import ENGLISH, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from babel.messages.catalog import Catalog, Message

TAG: Final = re.compile(r"</?[a-z][^>]*>")
"""HTML, which the translation has to keep."""
SHOWN: Final = 60
"""How many characters of a message are shown."""


def find_mistakes() -> Iterator[str]:
    """Yield each mistake."""
    template = make_template()
    if not TEMPLATE.exists() or TEMPLATE.read_bytes() != format_catalogue(template):
        yield f"{TEMPLATE.name} is not what the code says: run make catalogues"
    for tag in LANGUAGES:
        if tag != ENGLISH.tag:
            path = FOLDER / f"{tag}.po"
            if not path.exists():
                yield f"{path.name} is missing: run make catalogues"
                continue
            catalogue = read_catalogue(path)
            for mistake in check_catalogue(catalogue, template):
                yield f"{path.name}: {mistake}"
    known = {f"{tag}.po" for tag in LANGUAGES}
    yield from (
        f"{path.name} is of no known language" for path in FOLDER.glob("*.po") if path.name not in known
    )


def list_drafts() -> list[str]:
    """Return the names of the drafts, which may be incomplete."""
    paths = sorted(FOLDER.glob("*.po"))
    return [path.name for path in paths if read_catalogue(path).fuzzy]


def check_catalogue(catalogue: Catalog, template: Catalog) -> Iterator[str]:
    """Yield each mistake in a translation; in a draft, messages may be missing."""
    wanted = {(message.context, message.id) for message in template if message.id}
    found = {(message.context, message.id): message for message in catalogue if message.id}
    if catalogue.obsolete:
        yield "has obsolete messages"
    if wanted != found.keys():
        yield "has not the messages of the code: run make catalogues"
    if catalogue.locale is not None and catalogue.num_plurals != get_plural(catalogue.locale).num_plurals:
        yield "has not the plural forms of the language"
    for message in found.values():
        mistake = _find_mistake(message, catalogue)
        if mistake:
            yield f'"{_list_texts(message.id)[0][:SHOWN]}": {mistake}'


def _find_mistake(message: Message, catalogue: Catalog) -> str | None:
    originals, translations = _list_texts(message.id), _list_texts(message.string)
    if message.fuzzy:
        return "is fuzzy"
    if not any(translations) and catalogue.fuzzy:
        return None
    if not all(translations):
        return "is not translated"
    if message.pluralizable and len(translations) != catalogue.num_plurals:
        return f"needs {catalogue.num_plurals} forms"
    for number, translation in enumerate(translations):
        # The first form may leave out the number, where there are others: it is that of one thing.
        allowed = originals if number == 0 and catalogue.num_plurals > 1 else originals[-1:]
        found = [_compare(original, translation) for original in allowed]
        if all(found):
            return found[-1]
    return None


def _compare(original: str, translation: str) -> str | None:
    """Return how a translation is built in another way than the text it translates, None if it is not."""
    try:
        names = _list_names(translation)
    except ValueError:
        return "has a single brace"
    if names != _list_names(original):
        return f"has not the placeholders {', '.join(sorted(_list_names(original))) or '(none)'}"
    if Counter(TAG.findall(translation)) != Counter(TAG.findall(original)):
        return "has not the same HTML"
    if re.search(r"[<>&]", TAG.sub("", translation)):
        return "has <, > or & that would be HTML"
    if translation != translation.strip() or "\n" in translation:
        return "begins or ends with a space, or has several lines"
    if _has_end(translation) != _has_end(original):
        return "ends with a full stop, and the original does not, or the other way round"
    return None


def _has_end(text: str) -> bool:
    return text.endswith((".", "。"))


def _list_names(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _list_texts(texts: str | Sequence[str] | None) -> list[str]:
    return [texts or ""] if isinstance(texts, str) or texts is None else list(texts)
