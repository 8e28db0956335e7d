"""Journals: bytes → files → reading → review → report → every form."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from unittest import mock
from zoneinfo import ZoneInfo

import msgspec

from tests.fuzz.target import SEPARATOR, folder_for
from tests.rig import harmless
from tests.rig.inline import Inline
from tests.rig.reviewing import review_files
from unplugd.cli import log_formats, pager
from unplugd.cli.export import COLUMNS, write_stretches
from unplugd.cli.log import say_remarks
from unplugd.cli.log_filter import EventFilter
from unplugd.cli.parser import make_parser
from unplugd.cli.report_text import make_lines
from unplugd.cli.text_layout import Layout
from unplugd.html_report.page import render_page
from unplugd.journal import plan, sources, spool, streams
from unplugd.review.export import make_json
from unplugd.review.report_builder import build_report
from unplugd.review.share import anonymize
from unplugd.review.stretches import ALWAYS, list_stretches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from unplugd.journal.sources import Source
    from unplugd.review.model import Review

ZONES: Final = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia")
NOW: Final = 1.8e9
SMALL_BYTES: Final[dict[str, Any]] = {
    "SCAN_ALL_BYTES": 512,
    "SAMPLE_BYTES": 512,
    "SAMPLE_EVERY_BYTES": 1024,
    "MIN_MIXED": 2,
}
"""So small that files of a few lines are sampled, split and sorted."""
COPIED: Final = (*spool.MODULES, *spool.ENCODINGS, *spool.UNREADABLE)
_PARSER: Final = make_parser()


class Collected(pager.Output):
    """What would be printed; on a terminal of `width` columns where that is given."""

    def __init__(self, width: int | None) -> None:
        super().__init__(sys.stdout)
        self.width = width
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        """Keep it."""
        self.parts.append(text)

    def write_raw(self, chunk: bytes) -> None:
        """Keep it: it has to be ASCII."""
        self.parts.append(chunk.decode("ascii"))


def one_input(raw: bytes) -> None:
    """Run all of it: the last byte says how."""
    how = raw[-1] if raw else 0
    files = raw[:-1].split(SEPARATOR)[:4]
    folder = folder_for("journals")
    paths = []
    for number, content in enumerate(files):
        path = folder / f"{number}.jsonl"
        # What is compressed is unpacked before it is read, which Python's own modules do.
        path.write_bytes(b"\n" + content if content.startswith(COPIED) else content)
        paths.append(path)
    # Small files are scanned line by line, large ones are only sampled: here either, by chance.
    with contextlib.ExitStack() as patches:
        temporary = patches.enter_context(tempfile.TemporaryDirectory(dir=folder_for("temporary")))
        patches.enter_context(mock.patch.object(tempfile, "tempdir", temporary))
        if how & 1:
            patches.enter_context(mock.patch.multiple(plan, **SMALL_BYTES))
        read(paths, how)


def read(paths: Sequence[Path], how: int) -> None:
    """Read the files in all ways."""
    said: list[str] = []
    notes: Counter[str] = Counter()
    found = sources.find_sources(paths, folder_for("journals") / "none", Counter(), said.append)
    for form in ("text", "jsonl", "csv"):
        shown(found, form, how)
    until = NOW if how & 2 else None
    reviewed = review_files(found, notes, said.append, None, until)
    exported(reviewed, how)
    # The same in pieces.
    noted: Counter[str] = Counter()
    apart = review_files(found, noted, said.append, None, until, where=Inline())
    # Where a line is sorted that comes very late depends on what is read together with it.
    assert (apart, noted) == (reviewed, notes) or notes["disordered"]
    if how & 4:
        reviewed = anonymize(reviewed)
    report(reviewed, how)
    assert not said


def shown(found: list[Source], form: str, how: int) -> None:
    """Show the events in one form."""
    arguments = _PARSER.parse_args(["log", "--format", form, *(["--last", "20"] if how & 8 else [])])
    wanted = EventFilter(arguments)
    notes: Counter[str] = Counter()
    said: list[str] = []
    if how & 8:
        hosts, batches = streams.read_last(found, notes, said.append, wanted.select, 20)
    else:
        hosts, batches = streams.read_merged(found, notes, said.append)
    output = Collected(80 if how & 16 else None)
    shape = log_formats.make_format(form, output, hosts)
    for batch in batches:
        shape.write(batch if how & 8 else wanted.select(batch))
    with contextlib.redirect_stderr(io.StringIO()) as told:
        say_remarks(shape, wanted, notes)
    text = "".join(output.parts)
    harmless.on_terminal(told.getvalue())
    if form == "text":
        harmless.on_terminal(text)
    else:
        rows = harmless.as_table(text) if form == "csv" else harmless.as_json_lines(text)
        assert len(rows) == shape.count
    assert not said


def exported(reviewed: Review, how: int) -> None:
    """Export it in both formats, whole or in part."""
    output = Collected(None)
    low, high = ALWAYS if how & 4 else (1_790_000_000_000, 1_791_000_000_000)
    form = "csv" if how & 8 else "jsonl"
    hosts = sorted({period.host for period in reviewed.periods})
    stretches = chain.from_iterable(
        list_stretches([period for period in reviewed.periods if period.host == host], low, high)
        for host in hosts
    )
    count = write_stretches(output, stretches, form)
    text = "".join(output.parts)
    rows = harmless.as_table(text, COLUMNS) if form == "csv" else harmless.as_json_lines(text)
    assert len(rows) == count


def report(reviewed: Review, how: int) -> None:
    """Report it in every form, whole and in part."""
    zone = ZONES[how >> 5 & 3]
    whole = (None, None), (1.79e9, 1.791e9)
    for since, until in whole[:1] if how & 1 else whole:
        made = build_report(reviewed, since=since, until=until, zone=ZoneInfo(zone), name=zone)
        for width in (20, 80):
            harmless.on_terminal(
                "\n".join(line.plain for line in make_lines(made, Layout(width=width, rows=10)))
            )
        written = msgspec.json.format(json.dumps(make_json(made)), indent=2)
        harmless.adds_up(harmless.as_json(written))
        # Long ones seldom: they take long, and are made of the same parts.
        if len(made.days) < (40 if how % 13 else 4000):
            harmless.as_page(render_page(made, made=NOW, zone=ZoneInfo(zone)))
