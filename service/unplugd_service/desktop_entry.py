"""Renders unplugd's desktop entry, by which desktops know its name and icon and let the person set its notifications.

Opening it shows the review. Pure.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from unplugd_service import stamp
from unplugd_service.errors import Failure

if TYPE_CHECKING:
    from unplugd_service.program import Program

FILE: Final = "unplugd.desktop"
REVIEW: Final = ("report", "--open")
"""What opening it runs; it must be harmless, since some desktops do that at a click on a notification."""
_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def render_entry(command: tuple[str, ...]) -> str:
    """Return the entry, where `command` starts the daemon. Failure if its path cannot be written there."""
    words = (*command[:-1], *REVIEW)
    if not all(word.isprintable() for word in words):
        raise Failure(
            "the path of unplugd contains characters that desktop entries cannot have",
            "install it in another folder",
        )
    template = files("unplugd_service").joinpath(FILE).read_text(encoding="utf-8")
    return template.replace("@EXEC@", " ".join(map(_quote, words))).replace(
        "@TRY_EXEC@", words[0].replace("\\", r"\\")
    )


def render_own_entry(program: Program) -> str:
    """Return the entry that starts `program`, marked as written by `service install`."""
    entry = render_entry(program.command)
    return f"# {stamp.format_line(entry, program.version)}\n{entry}"


def _quote(word: str) -> str:
    """Return a word as Exec= has it: quoted first, then escaped like every string in the file."""
    word = word.replace("%", "%%")
    if _PLAIN.fullmatch(word):
        return word
    quoted = re.sub(r'(["`$\\])', r"\\\1", word)
    return f'"{quoted}"'.replace("\\", r"\\")
