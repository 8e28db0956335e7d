"""The forms in which events are shown: sentences for people, JSON Lines and a table for programs."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any, Final, Protocol

from unplugd import sanitize
from unplugd.cli.log_text import Story
from unplugd.journal import event
from unplugd.rules import events

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
    *("address", "continued", "unseen", "schema"),
)
"""Spreadsheets go by the place of a column: these stay where they are, and a new field comes after them."""
_FIELDS: Final = tuple(name for kind in events.NAMES for name in events.get_field_names(kind))
COLUMNS: Final = tuple(dict.fromkeys((*_FIRST_COLUMNS, *_FIELDS)))
"""The columns of the table, always all of them: every field that this version writes."""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With one of these at its beginning a spreadsheet would compute a cell instead of showing it."""
MAX_CELL_CHARACTERS: Final = 1000


class Format(Protocol):
    """A form; `shown` is how many events were."""

    shown: int

    def show(self, batch: Batch) -> None:
        """Show some events."""

    def end(self) -> None:
        """Show what stands at the end."""


def make_format(name: str, output: Output, hosts: Collection[str]) -> Format:
    """Return the form of this name; with more than one computer in `hosts` each line says which."""
    if name == "jsonl":
        return JsonLines(output)
    if name == "csv":
        return Table(output)
    return Story(output, hosts)


class JsonLines:
    """The events as they are; letters beyond ASCII as numbers, so that nothing in them is obeyed by a terminal."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.shown = 0

    def show(self, batch: Batch) -> None:
        """Write a line for each event."""
        events, chunk = batch
        self.shown += len(events)
        if chunk.isascii() and b"\x7f" not in chunk and chunk.count(b"}\n{") == len(events) - 1:
            self._output.write_raw(chunk)
            return
        for one, line in zip(events, batch.lines, strict=True):
            self._output.write(f"{event.format_value(event.get_fields(one, line))}\n")

    def end(self) -> None:
        """Nothing."""


class Table:
    """A table after RFC 4180, times in UTC; lists with spaces between. No cell is a formula."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.shown = 0
        self._write([COLUMNS])

    def show(self, batch: Batch) -> None:
        """Write a row for each event."""
        self.shown += len(batch.events)
        rows = (event.get_fields(one, line) for one, line in zip(batch.events, batch.lines, strict=True))
        self._write([format_cell(fields.get(column)) for column in COLUMNS] for fields in rows)

    def end(self) -> None:
        """Nothing."""

    def _write(self, rows: Iterable[Collection[str]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        self._output.write(text.getvalue())


def format_cell(value: Any) -> str:
    """Return a value as a cell of a table."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if isinstance(value, int | float):
        return f"{value}"[:MAX_CELL_CHARACTERS]
    if isinstance(value, list):
        value = " ".join(str(one) for one in value)
    text = sanitize.one_line(str(value), MAX_CELL_CHARACTERS)
    return f"'{text}" if text.startswith(FORMULA) else text
