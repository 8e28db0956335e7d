"""Replaces the home folder, which contains the user's name, with `~` in messages, and makes their paths printable."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service.home import look_up_home

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEGIN: Final = f"~{os.sep}"


def shorten(path: Path) -> str:
    """Return the path for a message, with `~` for the home folder, and bytes that are no text in hexadecimal."""
    return _escape(abbreviate(path))


def quote(path: Path) -> str:
    """Return the path as `shorten` does, quoted for a command that a person pastes into a shell."""
    shown = shorten(path)
    if os.sep == "\\":
        # Neither a quotation mark nor anything else that means something between two of them can be in a name.
        return f'"{shown}"' if re.search(r"[^\w\\:.~-]", shown) else shown
    home = "~/" if shown.startswith("~/") else ""
    return home + shlex.quote(shown.removeprefix(home))


def abbreviate(path: Path, environment: Mapping[str, str] = os.environ) -> str:
    """Return the path with `~` for the home folder; `expand` turns it back."""
    home = look_up_home(environment)
    return f"{_BEGIN}{path.relative_to(home)}" if home and path.is_relative_to(home) else str(path)


def expand(shown: str) -> Path:
    """Return the path that `abbreviate` has shortened."""
    home = look_up_home()
    return home / shown.removeprefix(_BEGIN) if home and shown.startswith(_BEGIN) else Path(shown)


def hide_home(text: str) -> str:
    """Return the text with `~` for the home folder, and bytes that are no text in hexadecimal."""
    home = str(look_up_home() or "")
    return _escape(text.replace(f"{home}{os.sep}", _BEGIN) if len(home) > 1 else text)


def _escape(text: str) -> str:
    # This is how Python keeps such bytes in text (PEP 383).
    return re.sub("[\udc80-\udcff]", lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text)
