"""Replaces the home folder, which contains the user's name, with `~` in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd_service.home import look_up_home

if TYPE_CHECKING:
    from pathlib import Path


def shorten(path: Path) -> str:
    """Return the path for a message, with `~` for the home folder."""
    home = look_up_home()
    return f"~/{path.relative_to(home)}" if home and path.is_relative_to(home) else str(path)


def hide_home(text: str) -> str:
    """Return the text with `~` for the home folder."""
    home = str(look_up_home() or "")
    return text.replace(f"{home}/", "~/") if len(home) > 1 else text
