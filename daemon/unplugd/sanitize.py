"""Sanitizes untrusted strings (from devices, processes, journal files) before they are shown. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 60
"""Default limit for names, in characters: longer than any real product name, short enough for one line."""


def one_line(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Return `text` as one line of at most `limit` characters, without control, formatting or unassigned characters."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        # Fast path for nearly every name: there may be millions in a journal.
        return " ".join(text.split())
    # Truncate first, so that a name of megabytes costs no time. Formatting characters (Cf) can reverse text on screen.
    kept = "".join(
        " " if character.isspace() else character
        for character in text[: limit * 4]
        if character.isspace() or not unicodedata.category(character).startswith("C")
    )
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escape_markup(text: str) -> str:
    """Return `text` escaped for notification servers that parse markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
