"""Reads CoreFoundation's values, which belong to whatever they were found in."""

from __future__ import annotations

import errno
from ctypes import byref, c_int64, create_string_buffer
from typing import TYPE_CHECKING, Final

from unplugd.platforms.macos.frameworks import SINT64, UTF8

if TYPE_CHECKING:
    from contextlib import ExitStack
    from ctypes import CDLL

MAX_TEXT_BYTES: Final = 1024
"""Maximum length of a text in bytes; a USB string has at most 378."""


class Values:
    """Reads texts, numbers and truth values with the library `core`."""

    def __init__(self, core: CDLL) -> None:
        self._core = core
        self._text_type = core.CFStringGetTypeID()
        self._number_type = core.CFNumberGetTypeID()
        self._truth_type = core.CFBooleanGetTypeID()
        self._dictionary_type = core.CFDictionaryGetTypeID()

    def read(self, value: int) -> str | int | None:
        """Return a value, None if it is of another kind or too long."""
        kind = self._core.CFGetTypeID(value)
        if kind == self._text_type:
            text = create_string_buffer(MAX_TEXT_BYTES)
            fits = self._core.CFStringGetCString(value, text, MAX_TEXT_BYTES, UTF8)
            return text.value.decode(errors="replace") if fits else None
        if kind == self._number_type:
            number = c_int64()
            whole = self._core.CFNumberGetValue(value, SINT64, byref(number))
            return number.value if whole else None
        if kind == self._truth_type:
            return bool(self._core.CFBooleanGetValue(value))
        return None

    def read_entry(self, dictionary: int, key: int) -> str | int | None:
        """Return the value of a key, None if this is no dictionary or has no such key."""
        if self._core.CFGetTypeID(dictionary) != self._dictionary_type:
            return None
        # This value is owned by the dictionary and must not be released.
        value = self._core.CFDictionaryGetValue(dictionary, key)
        return self.read(value) if value else None


def make_key(core: CDLL, name: str, owned: ExitStack) -> int:
    """Return the name as a text, which is released with `owned`; OSError without memory."""
    key: int | None = core.CFStringCreateWithCString(None, name.encode(), UTF8)
    if not key:
        raise OSError(errno.ENOMEM, "CFStringCreateWithCString failed")
    owned.callback(core.CFRelease, key)
    return key
