"""Tables as CSV that are safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import math
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from unplugd.cli.pager import Output

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets treat a cell that starts with one of these as a formula."""
MAX_CELL_CHARACTERS: Final = 1000


class CsvTable:
    """A table as defined by RFC 4180; lists are separated by spaces, and no cell is a formula.

    With `bom`, it is UTF-8 in any locale, and begins with a byte order mark: without one, Excel takes it for text in the
    old character set of Windows. Other programs would take the mark for a part of the first column's name.
    """

    def __init__(self, output: Output, columns: Collection[str], *, bom: bool = False) -> None:
        self._output = output
        self._is_utf8 = bom
        if bom:
            output.write_raw(codecs.BOM_UTF8)
        self.write([columns])

    def write(self, rows: Iterable[Iterable[Any]]) -> None:
        """Write rows of values."""
        text = io.StringIO()
        csv.writer(text).writerows(map(_format_cell, row) for row in rows)
        if self._is_utf8:
            self._output.write_raw(text.getvalue().encode(errors="backslashreplace"))
        else:
            self._output.write(text.getvalue())


def _format_cell(value: Any) -> str:
    """Return a value as a cell that is not a formula, has no control characters and is not too long."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if isinstance(value, int | float):
        return f"{value}"[:MAX_CELL_CHARACTERS]
    if isinstance(value, list):
        value = " ".join(map(str, value))
    text = sanitize.one_line(str(value), MAX_CELL_CHARACTERS)
    return f"'{text}" if text.startswith(FORMULA) else text
