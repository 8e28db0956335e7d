"""Wraps text to the width of the terminal, including characters that are two columns wide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_COLUMNS: Final = 110
"""Maximum width used, since longer lines are harder to read."""
MIN_COLUMNS_FOR_TWO: Final = 60
"""Minimum width for showing a value next to its label rather than below it."""
LABEL_COLUMNS: Final = 26
INDENT_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """The width of the terminal in columns, and how many rows a table may have."""

    width: int = 80
    rows: int = 14

    @property
    def line_columns(self) -> int:
        """The width of a line in columns."""
        return min(self.width, MAX_COLUMNS)

    @property
    def is_wide(self) -> bool:
        """Whether a value fits next to its label."""
        return self.width >= MIN_COLUMNS_FOR_TWO

    @property
    def value_columns(self) -> int:
        """The width of a line of a value in columns."""
        return self.line_columns - (LABEL_COLUMNS if self.is_wide else INDENT_COLUMNS)

    def wrap(self, text: str, style: str = "") -> Iterator[Text]:
        """Yield the lines of a text."""
        for line in wrap(text, self.line_columns):
            yield Text(line, style)

    def label(self, label: str, value: str, more: str = "", style: str = "") -> Iterator[Text]:
        """Yield the lines of a value with its label; `style` applies to the value, but not to `more` after it."""
        bold = "bold" if style else ""
        indent = " " * (LABEL_COLUMNS if self.is_wide else INDENT_COLUMNS)
        if label and not self.is_wide:
            yield Text(f"  {label}", bold)
        first, *rest = wrap(value + more, self.value_columns)
        line = Text(f"  {label:{LABEL_COLUMNS - 2}}" if self.is_wide else indent, bold)
        line.append(first[: len(value)], style)
        line.append(first[len(value) :])
        yield line
        yield from (Text(indent + part, bold) for part in rest)


def wrap(text: str, columns: int) -> list[str]:
    """Return the lines of a text, measured in columns, not in characters as by textwrap."""
    # Keep a number and its unit together.
    first, *words = re.findall(" *(?:[0-9]+ )?[^ ]+", text) or [""]
    lines = [shorten(first, columns)]
    for word in words:
        if cell_len(lines[-1] + word) <= columns:
            lines[-1] += word
        else:
            lines.append(shorten(f"  {word.lstrip()}", columns))
    return lines


def shorten(text: str, columns: int) -> str:
    """Return the text, truncated to fit into `columns`."""
    return text if cell_len(text) <= columns else set_cell_size(text, max(columns, 2) - 1).rstrip() + "…"
