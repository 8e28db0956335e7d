"""The journal as CSV for spreadsheets. Loaded only for that format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.cli.csv_table import CsvTable
from unplugd.journal import event
from unplugd.rules.events import NAMES, get_field_names

if TYPE_CHECKING:
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


class Csv:
    """The table of events; times are in UTC. `bom` is as in `CsvTable`."""

    def __init__(self, output: Output, *, bom: bool = False) -> None:
        self._table = CsvTable(output, COLUMNS, bom=bom)
        self.count = 0

    def write(self, batch: Batch) -> None:
        """Write a row for each event."""
        self.count += len(batch.events)
        rows = (
            event.get_fields(stored, line) for stored, line in zip(batch.events, batch.lines, strict=True)
        )
        self._table.write([fields.get(column) for column in COLUMNS] for fields in rows)
