"""Prints a report as text that fits the terminal's width and encoding."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final

from unplugd.cli.report_text import make_lines, make_screen
from unplugd.cli.terminal import make_console
from unplugd.cli.text_layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text

    from unplugd.review.figures import Report

REPLACEMENTS: Final = {"█": "#", "░": "-", "\N{EN DASH}": "-", "…": ".", "\u202f": " "}
"""Replacements for characters that the terminal's encoding lacks."""
DEFAULT_COLUMNS: Final = 80
MAX_ROWS: Final = 31
SHELL_LINES: Final = 2
"""Lines taken by the command above the report and the next prompt below it."""


def print_report(report: Report) -> None:
    """Print the report; on a terminal, with as many rows as fit on the screen."""
    if sys.stdout.isatty():
        screen = shutil.get_terminal_size()
        lines = make_screen(report, Layout(screen.columns, MAX_ROWS), screen.lines - SHELL_LINES)
    else:
        lines = list(make_lines(report, Layout(DEFAULT_COLUMNS, MAX_ROWS)))
    print_lines(lines)


def print_lines(lines: Iterable[Text]) -> None:
    """Print the lines of a report, without characters that the terminal's encoding lacks."""
    console = make_console()
    replacements = _choose_replacements(sys.stdout.encoding or "ascii")
    for line in lines:
        line.plain = line.plain.translate(replacements)
        line.rstrip()
        console.print(line, soft_wrap=True)


def _choose_replacements(encoding: str) -> dict[int, str]:
    missing = {}
    for character, replacement in REPLACEMENTS.items():
        try:
            character.encode(encoding)
        except UnicodeEncodeError:
            missing[ord(character)] = replacement
    return missing
