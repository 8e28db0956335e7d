"""`unplugd export`: the stretches for which devices were used, or plugged in unused, for other programs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from unplugd.cli.csv_table import CsvTable
from unplugd.cli.log import say_notes
from unplugd.cli.pager import open_output
from unplugd.cli.report_journal import Journal, check_interval, is_running
from unplugd.cli.terminal import say
from unplugd.cli.timespan import parse_range
from unplugd.errors import Failure
from unplugd.journal.host import find_host_name
from unplugd.review import parallel
from unplugd.review.figures_builder import to_milliseconds
from unplugd.review.stretches import ALWAYS, Stretch, list_stretches

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from unplugd.cli.pager import Output
    from unplugd.paths import Paths

COLUMNS: Final = (
    *("computer", "device", "id", "name", "began", "ended", "state", "seconds", "program", "reminders"),
    "plugged_in_since",
)
"""Spreadsheets refer to columns by position, so these stay where they are and new ones come after them."""
BATCH_ROWS: Final = 256


def export(arguments: argparse.Namespace, where: Paths) -> int:
    """Print a row for each stretch."""
    if arguments.bom and arguments.format != "csv":
        raise Failure("--bom is only for tables", "unplugd export --format csv --bom > stretches.csv")
    now = time.time()
    since, until = parse_range(arguments, now)
    check_interval(since, now)
    # Ask before reading the journal, so that an event that is written in between is read.
    running = not arguments.file and is_running(where)
    journal = Journal(arguments.file, where.journal)
    journal.skip_before(since, now if until is None else until)
    low = ALWAYS[0] if since is None else to_milliseconds(since)
    high = ALWAYS[1] if until is None else to_milliseconds(until)
    with open_output(page=True) as output:
        stretches = _list_all(journal, low, high, now if running else None)
        count = write_stretches(output, stretches, arguments.format, bom=arguments.bom)
    if not count:
        say("Nothing was plugged in.")
    say_notes(+journal.notes)
    return 0


def _list_all(journal: Journal, low: int, high: int, until: float | None) -> Iterator[Stretch]:
    """Yield the stretches from `low` to `high` (Unix milliseconds), one computer after another; `until` is as there."""
    for host, groups in journal.plan.items():
        review = parallel.review_plan({host: groups}, journal.notes, say, None, until, find_host_name())
        journal.notes.update(review.notes)
        yield from list_stretches(review.periods, low, high)


def write_stretches(output: Output, stretches: Iterator[Stretch], form: str, *, bom: bool = False) -> int:
    """Write a row for each stretch, as `csv` or `jsonl`; return how many there were."""
    rows = map(_make_row, stretches)
    table = CsvTable(output, COLUMNS, bom=bom) if form == "csv" else None
    count = 0
    while batch := list(islice(rows, BATCH_ROWS)):
        count += len(batch)
        if table:
            table.write(batch)
        else:
            _write_objects(output, batch)
    return count


def _write_objects(output: Output, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write a JSON object for each row, in ASCII, so that it contains no escape sequences for a terminal."""
    for row in rows:
        output.write(f"{json.dumps(dict(zip(COLUMNS, row, strict=True)))}\n")


def _make_row(stretch: Stretch) -> tuple[Any, ...]:
    """Return the values of the columns."""
    return (
        *(stretch.computer, stretch.device, stretch.id, stretch.name),
        *(_format_time(stretch.began), _format_time(stretch.ended)),
        *("used" if stretch.used else "unused", (stretch.ended - stretch.began) / 1000),
        *(stretch.program, stretch.reminders, _format_time(stretch.plugged_in_since)),
    )


def _format_time(milliseconds: int) -> str:
    """Return a time in UTC as RFC 3339 with milliseconds, which can be sorted as text."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"
