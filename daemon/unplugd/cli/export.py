"""`unplugd export`: the stretches for which devices were used, or plugged in unused, for other programs."""

from __future__ import annotations

import json
import time
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from unplugd.cli.csv_table import CsvTable
from unplugd.cli.log import say_notes
from unplugd.cli.pager import open_output
from unplugd.cli.report_journal import Journal, check_interval, is_running
from unplugd.cli.terminal import say
from unplugd.cli.timespan import parse_range
from unplugd.errors import Failure
from unplugd.journal.extent import find_extent, skip_before
from unplugd.journal.host import find_host_name
from unplugd.local_time import to_datetime
from unplugd.review import parallel
from unplugd.review.figures_builder import to_milliseconds
from unplugd.review.stretches import ALWAYS, Stretch, list_stretches

if TYPE_CHECKING:
    import argparse
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from unplugd.cli.pager import Output
    from unplugd.journal.plan import Plan
    from unplugd.paths import Paths
    from unplugd.review.model import Review

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
    # Ask before reading the journal, so that an event that is written in between is read.
    running = not arguments.file and is_running(where)
    journal = Journal(arguments.file, where.journal)
    if not arguments.file and since is not None:
        check_interval(since, _find_end(journal.plan, now), "export")
    plan = journal.plan if since is None else skip_before(journal.plan, since)
    low = ALWAYS[0] if since is None else to_milliseconds(since)
    high = ALWAYS[1] if until is None else to_milliseconds(until)
    with open_output(page=True) as output:
        reviews = _review_computers(plan, journal.notes, now if running else None)
        stretches = (stretch for review in reviews for stretch in list_stretches(review.periods, low, high))
        count = write_stretches(output, stretches, arguments.format, bom=arguments.bom)
    if not count:
        say("Nothing was plugged in.")
    say_notes(+journal.notes)
    return 0


def _find_end(plan: Plan, now: float) -> float:
    """Return now, or the end of the journal if a clock was ahead, in Unix seconds."""
    extent = find_extent(plan)
    return max(now, extent[1]) if extent else now


def _review_computers(plan: Plan, notes: Counter[str], until: float | None) -> Iterator[Review]:
    """Yield the review of each computer in the order of their names as shown; `until` is as in `review_events`."""
    plans = parallel.split_by_name(plan)
    for name in sorted(plans):
        review = parallel.review_plan(plans[name], notes, say, None, until, find_host_name())
        notes.update(review.notes)
        yield review


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
    return f"{to_datetime(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"
