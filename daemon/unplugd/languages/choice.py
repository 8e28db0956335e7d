"""Chooses the language: the configured one, else that of the session's locale. Pure, apart from loading it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from unplugd.languages.language import ENGLISH, Language, load_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LOCALE: Final = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?([-_.@].*)?")
"""A locale: "de", "de_DE.UTF-8", "de_DE@euro", "zh-Hans-CN"."""
UNTRANSLATED: Final = frozenset({"C", "POSIX"})
"""The locales without a language; their encoding is left out."""


def choose_language(
    configured: str, environment: Mapping[str, str], read_locale: Callable[[], Mapping[str, str]]
) -> Language:
    """Return the language to use; "" as `configured` leaves it to the session.

    `read_locale` gives the system's variables, for an environment that names no locale.
    """
    if not _find_messages(environment):
        environment = {**environment, **read_locale()}
    # "Mon 2:05 PM" or "Mon 14:05" is for LC_TIME to say, as far as the language has both.
    for_times = environment.get("LC_ALL") or environment.get("LC_TIME") or environment.get("LANG") or ""
    names = [configured] if configured else _list_wanted(environment)
    for name in names:
        if _has_no_language(name):
            break
        tag, region = split_locale(name)
        own_region = region if configured else ""
        language = load_language(tag, own_region or split_locale(for_times)[1])
        if language:
            return language
    return ENGLISH


def split_locale(name: str) -> tuple[str, str]:
    """Return the language and the region of a locale ("de", "DE"), "" if it has none."""
    found = LOCALE.fullmatch(name)
    return (found[1], (found[2] or "").upper()) if found else ("", "")


def _list_wanted(environment: Mapping[str, str]) -> Iterable[str]:
    messages = _find_messages(environment)
    if not messages or _has_no_language(messages):
        return ()
    # LANGUAGE is a list of languages in order of preference, only used with a locale that has a language (gettext(3)).
    return [*environment.get("LANGUAGE", "").split(":"), messages]


def _has_no_language(name: str) -> bool:
    return name.partition(".")[0] in UNTRANSLATED


def _find_messages(environment: Mapping[str, str]) -> str:
    return environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
