"""The languages that the person has chosen in the settings of Windows, and the region for times and numbers."""

from __future__ import annotations

from ctypes import byref, create_unicode_buffer, wintypes, wstring_at
from typing import TYPE_CHECKING, Final

from unplugd.win32 import kernel32, library

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCALE_CHARACTERS: Final = 85
"""LOCALE_NAME_MAX_LENGTH."""


def read_locale() -> Mapping[str, str]:
    """Return them as locale variables; OSError if Windows does not tell."""
    functions = kernel32.load()
    count, size = wintypes.ULONG(), wintypes.ULONG()
    name = "GetUserPreferredUILanguages"
    ask = functions.GetUserPreferredUILanguages
    library.check(ask(kernel32.LANGUAGE_NAMES, byref(count), None, byref(size)), name)
    buffer = create_unicode_buffer(size.value)
    library.check(ask(kernel32.LANGUAGE_NAMES, byref(count), buffer, byref(size)), name)
    # Texts that end with a zero each, and another zero.
    languages = wstring_at(buffer, size.value).strip("\0").split("\0")
    region = create_unicode_buffer(LOCALE_CHARACTERS)
    has_region = functions.GetUserDefaultLocaleName(region, LOCALE_CHARACTERS)
    found = {"LANG": languages[0], "LANGUAGE": ":".join(languages)}
    return {**found, "LC_TIME": region.value} if has_region else found
