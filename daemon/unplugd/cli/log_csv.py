"""The journal as CSV for spreadsheets. Loaded only for that format."""

from __future__ import annotations

import codecs
import csv
import io
import math
from typing import TYPE_CHECKING, Any, Final

from unplugd import sanitize
from unplugd.journal import event
from unplugd.rules.events import NAMES, get_field_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from unplugd.cli.pager import Output
    from unplugd.journal.merge import Batch


_FIRST_COLUMNS: Final = (
    *(
        "time",
        "event",
        "host",
        "boot",
        "uptime",
        "device",
        "id",
        "name",
        "plugged_for",
        "idle_for",
        "used_for",
    ),
    *(
        "program",
        "evidence",
        "count",
        "urgency",
        "channel",
        "devices",
        "due",
        "outcome",
        "snoozed_for",
        "how",
    ),
    *("held_for", "doubtful_since", "slept_for", "error", "lost", "from", "until", "version", "reason"),
    *("address", "continued", "unseen", "schema", "station", "session"),
)
"""Spreadsheets refer to columns by position, so these stay where they are and new fields come after them."""
_FIELDS: Final = tuple(name for kind in NAMES for name in get_field_names(kind))
COLUMNS: Final = tuple(dict.fromkeys((*_FIRST_COLUMNS, *_FIELDS)))
"""The columns of the CSV table: every field that this version writes."""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets treat a cell that starts with one of these as a formula."""
MAX_CELL_CHARACTERS: Final = 1000


class Csv:
    """A table as defined by RFC 4180, with times in UTC and lists separated by spaces; no cell is a formula.

    With `bom`, it is UTF-8 in any locale, and begins with a byte order mark: without one, Excel takes it for text in the
    old character set of Windows. Other programs would take the mark for a part of the first column's name.
    """

    def __init__(self, output: Output, *, bom: bool = False) -> None:
        self._output = output
        self._is_utf8 = bom
        self.count = 0
        if bom:
            output.write_raw(codecs.BOM_UTF8)
        self._write_rows([COLUMNS])

    def write(self, batch: Batch) -> None:
        """Write a row for each event."""
        self.count += len(batch.events)
        rows = (
            event.get_fields(stored, line) for stored, line in zip(batch.events, batch.lines, strict=True)
        )
        self._write_rows([format_cell(fields.get(column)) for column in COLUMNS] for fields in rows)

    def _write_rows(self, rows: Iterable[Collection[str]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        if self._is_utf8:
            self._output.write_raw(text.getvalue().encode(errors="backslashreplace"))
        else:
            self._output.write(text.getvalue())


def format_cell(value: Any) -> str:
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
