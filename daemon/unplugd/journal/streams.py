"""Any number of journals, read as what they tell together: one stream of events a computer, each event once, in order.

`notes` counts what was unusual: `torn` and `foreign` lines, `too_long` ones, `doubled` ones (there twice, told once),
`odd_value` (a line of which something makes no sense), `unknown_event` and `other_schema` (of another version), `disordered`
and `misplaced` (told where they stand), `cut_file` (became shorter while it was read), `same_file` (given twice),
`unreadable_file`.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import deque
from itertools import accumulate, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from unplugd.journal.merge import Batch, Reader, put_in_order
from unplugd.journal.timestamps import format_timestamp, is_fixed_form, parse_timestamp

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Sequence

    from unplugd.journal.event import Event
    from unplugd.journal.sources import Source


MAX_COMPUTERS: Final = 64
"""Computers up to which whole batches are taken from all of them at once."""


def count_nothing(_line: str) -> None:
    """Tell nobody."""


def read_merged(
    sources: Sequence[Source], notes: Counter[str], tell: Callable[[str], None] = count_nothing
) -> tuple[list[str], Iterator[Batch]]:
    """Return the computers, and the events of all of them by the wall clock, with their lines."""
    reader = Reader(notes, tell)
    plan = reader.plan(sources)
    return list(plan), _together([reader.read(groups) for groups in plan.values()])


def read_last(
    sources: Sequence[Source],
    notes: Counter[str],
    tell: Callable[[str], None],
    wanted: Callable[[Batch], Batch],
    most: int,
) -> tuple[list[str], Iterator[Batch]]:
    """Return the same for the last events that are wanted, read from the end."""
    reader = Reader(notes, tell)
    plan = reader.plan(sources)
    streams: list[Iterator[Batch]] = []
    for groups in plan.values() if most else ():
        taken: list[Batch] = []
        found = 0
        for batch in reader.read_back(groups):
            # One batch more than needed: its end can belong after the beginning of the next one.
            enough = found >= most
            some = wanted(batch)
            found += len(some.events)
            if some.events:
                taken.append(some)
            if enough:
                break
        streams.append(put_in_order(reversed(taken), notes))
    ends: deque[tuple[Event, bytes]] = deque(maxlen=most)
    for batch in _together(streams):
        ends.extend(zip(batch.events, batch.lines, strict=True))
    return list(plan), iter([Batch.of(ends)] if ends else [])


def _together(streams: list[Iterator[Batch]]) -> Iterator[Batch]:
    if len(streams) == 1:
        return streams[0]
    return _by_time(streams) if len(streams) <= MAX_COMPUTERS else _one_by_one(streams)


class _Stream:
    """The events of one computer, and when each is told: never before the one before it, whatever its clock says."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._reached = ""
        self.times: list[str] = []
        self.events: list[Event] = []
        self.lines: list[bytes] = []

    def fill(self) -> bool:
        """Read on where nothing waits, and return whether there is anything."""
        while not self.times:
            batch = next(self._batches, None)
            if batch is None:
                return False
            times = [one.time for one in batch.events]
            if not all(map(is_fixed_form, times)) or times[0] < self._reached or times != sorted(times):
                times = list(accumulate(map(_sortable, times), max, initial=self._reached))[1:]
            self._reached = times[-1]
            self.times, self.events, self.lines = times, batch.events, batch.lines
        return True

    def take(self, until: str) -> tuple[list[str], list[Event], list[bytes]]:
        """Return what is told until then."""
        cut = bisect_right(self.times, until)
        taken = self.times[:cut], self.events[:cut], self.lines[:cut]
        self.times, self.events, self.lines = self.times[cut:], self.events[cut:], self.lines[cut:]
        return taken


def _one_by_one(batches: list[Iterator[Batch]]) -> Iterator[Batch]:
    """Do the same for very many computers, where looking at all of them for each batch would take for ever."""
    merged = heapq.merge(*map(_told, batches), key=itemgetter(0))
    while pairs := [pair for _, pair in islice(merged, 256)]:
        yield Batch.of(pairs)


def _told(batches: Iterator[Batch]) -> Iterator[tuple[str, tuple[Event, bytes]]]:
    stream = _Stream(batches)
    while stream.fill():
        yield from zip(stream.times, zip(stream.events, stream.lines, strict=True), strict=True)
        stream.times = []


def _by_time(batches: list[Iterator[Batch]]) -> Iterator[Batch]:
    streams = [stream for stream in map(_Stream, batches) if stream.fill()]
    while streams:
        # As far as all of them are known.
        until = min(stream.times[-1] for stream in streams)
        times: list[str] = []
        events: list[Event] = []
        lines: list[bytes] = []
        for stream in streams:
            some_times, some_events, some_lines = stream.take(until)
            times += some_times
            events += some_events
            lines += some_lines
        order = sorted(range(len(times)), key=times.__getitem__)
        yield Batch([events[at] for at in order], b"\n".join([lines[at] for at in order]) + b"\n")
        streams = [stream for stream in streams if stream.fill()]


def _sortable(time: str) -> str:
    if is_fixed_form(time):
        return time
    try:
        return format_timestamp(parse_timestamp(time))
    except (ValueError, OverflowError, OSError):
        return ""
