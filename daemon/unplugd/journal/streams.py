"""Reads any number of journals as one: a stream of events per computer, in order and without duplicates, then merged.

`notes` counts what is unusual: lines that are `torn`, `foreign` (not unplugd's), `too_long` or `doubled` (duplicates,
read once), that have an `odd_value`, an `unknown_event` or an `other_schema` (another version), that are `disordered`
or `misplaced` (read where they are); and files: `unreadable_file`, `cut_file` (truncated while being read) and
`same_file` (given twice).
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections import deque
from itertools import accumulate, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from unplugd.journal.extent import skip_before
from unplugd.journal.merge import BATCH_EVENTS, Batch, Merger, put_in_order
from unplugd.journal.plan import Planner
from unplugd.journal.timestamps import format_timestamp, is_fixed_form, parse_timestamp

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Sequence

    from unplugd.journal.event import JournalEvent
    from unplugd.journal.sources import Source


MAX_COMPUTERS: Final = 64
"""Maximum number of computers for merging by batches; with more, the streams are merged event by event."""


def ignore_error(_message: str) -> None:
    """Ignore an error."""


def read_merged(
    sources: Sequence[Source],
    notes: Counter[str],
    report_error: Callable[[str], None] = ignore_error,
    since: float = -math.inf,
) -> tuple[list[str], Iterator[Batch]]:
    """Return the computers, and all their events ordered by the wall clock; boots that are over before `since` are skipped."""
    plan = skip_before(Planner(notes, report_error).plan(sources), since)
    merger = Merger(notes, report_error)
    return list(plan), _merge([merger.read(groups) for groups in plan.values()])


def read_last(
    sources: Sequence[Source],
    notes: Counter[str],
    report_error: Callable[[str], None],
    select: Callable[[Batch], Batch],
    most: int,
    since: float = -math.inf,
) -> tuple[list[str], Iterator[Batch]]:
    """Return the computers, and the last `most` events that `select` keeps, reading from the end.

    Boots that are over before `since` are skipped.
    """
    plan = skip_before(Planner(notes, report_error).plan(sources), since)
    merger = Merger(notes, report_error)
    streams: list[Iterator[Batch]] = []
    for groups in plan.values() if most else ():
        taken: list[Batch] = []
        found = 0
        for batch in merger.read_backwards(groups):
            # Read one batch more than needed: its last events may belong after the first ones of the next batch.
            enough = found >= most
            selected = select(batch)
            found += len(selected.events)
            if selected.events:
                taken.append(selected)
            if enough:
                break
        streams.append(put_in_order(reversed(taken), notes))
    ends: deque[tuple[JournalEvent, bytes]] = deque(maxlen=most)
    for batch in _merge(streams):
        ends.extend(zip(batch.events, batch.lines, strict=True))
    return list(plan), iter([Batch.from_pairs(ends)] if ends else [])


def _merge(streams: list[Iterator[Batch]]) -> Iterator[Batch]:
    if len(streams) == 1:
        return streams[0]
    return _merge_batches(streams) if len(streams) <= MAX_COMPUTERS else _merge_events(streams)


class _Stream:
    """The events of one computer with the times used for merging, which never decrease even if the clock does."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._reached = ""
        self.times: list[str] = []
        self.events: list[JournalEvent] = []
        self.lines: list[bytes] = []

    def fill(self) -> bool:
        """Read the next batch if none is left; return whether there are events."""
        while not self.times:
            batch = next(self._batches, None)
            if batch is None:
                return False
            times = [event.time for event in batch.events]
            if not all(map(is_fixed_form, times)) or times[0] < self._reached or times != sorted(times):
                times = list(accumulate(map(_normalize, times), max, initial=self._reached))[1:]
            self._reached = times[-1]
            self.times, self.events, self.lines = times, batch.events, batch.lines
        return True

    def take(self, until: str) -> tuple[list[str], list[JournalEvent], list[bytes]]:
        """Remove and return the events up to the time `until`."""
        cut = bisect_right(self.times, until)
        taken = self.times[:cut], self.events[:cut], self.lines[:cut]
        self.times, self.events, self.lines = self.times[cut:], self.events[cut:], self.lines[cut:]
        return taken


def _merge_batches(batches: list[Iterator[Batch]]) -> Iterator[Batch]:
    """Merge by batches: each time, all events up to the earliest end of the current batches."""
    streams = [stream for stream in map(_Stream, batches) if stream.fill()]
    while streams:
        until = min(stream.times[-1] for stream in streams)
        times: list[str] = []
        events: list[JournalEvent] = []
        lines: list[bytes] = []
        for stream in streams:
            more_times, more_events, more_lines = stream.take(until)
            times += more_times
            events += more_events
            lines += more_lines
        order = sorted(range(len(times)), key=times.__getitem__)
        yield Batch([events[at] for at in order], b"\n".join([lines[at] for at in order]) + b"\n")
        streams = [stream for stream in streams if stream.fill()]


def _merge_events(batches: list[Iterator[Batch]]) -> Iterator[Batch]:
    """Merge event by event: with very many computers, checking all of them for each batch would take too long."""
    merged = heapq.merge(*map(_pair_with_times, batches), key=itemgetter(0))
    while pairs := [pair for _, pair in islice(merged, BATCH_EVENTS)]:
        yield Batch.from_pairs(pairs)


def _pair_with_times(batches: Iterator[Batch]) -> Iterator[tuple[str, tuple[JournalEvent, bytes]]]:
    stream = _Stream(batches)
    while stream.fill():
        yield from zip(stream.times, zip(stream.events, stream.lines, strict=True), strict=True)
        stream.times = []


def _normalize(time: str) -> str:
    if is_fixed_form(time):
        return time
    try:
        return format_timestamp(parse_timestamp(time))
    except (ValueError, OverflowError, OSError):
        return ""
