"""Replaces the home folder, which contains the user's name, with `~` in messages."""

from __future__ import annotations

import contextlib
from pathlib import Path


def shorten(path: Path) -> str:
    """Return the path for a message, with `~` for the home folder."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home())}"
    return str(path)


def hide_home(text: str) -> str:
    """Return the text with `~` for the home folder."""
    with contextlib.suppress(RuntimeError):
        home = str(Path.home())
        return text.replace(f"{home}/", "~/") if len(home) > 1 else text
    return text
