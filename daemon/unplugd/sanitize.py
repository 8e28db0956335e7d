"""Strings from outside (a device, a process, a journal file): made harmless for the place where they go."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 60
"""Characters kept of a foreign name: longer than any real product name, short enough for one line."""


def one_line(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Return `text` on one line without control, formatting or unassigned characters, at most `limit` long."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        # As nearly every one is: a table has millions of them.
        return " ".join(text.split())
    # Cut first: a name of megabytes must not cost time. Formatting characters (Cf) turn text around on screen.
    kept = "".join(
        " " if character.isspace() else character
        for character in text[: limit * 4]
        if character.isspace() or not unicodedata.category(character).startswith("C")
    )
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escape_markup(text: str) -> str:
    """Return `text` so that a notification server that parses markup shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
