"""Reads the events of one computer in order, following a plan.

A group with one segment is read chunk by chunk. The segments of a larger group are merged line by line, one boot after
another.

Even within a file, lines are only nearly in order: some events are written up to `SLACK_SECONDS` after later ones. So
`put_in_order` holds back the events of the last minute of a boot until it has seen what follows, and only sorts if the
positions are out of order; most chunks pass through unchanged. Events with the same time have a defined order
(`find_order`), and a duplicate line is read once. A line that is even later stays where it is and is counted as
`disordered`.
"""

from __future__ import annotations

import heapq
import math
import os
from bisect import bisect_left
from collections import Counter
from itertools import chain, compress, count, groupby
from operator import ge, itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.journal import lines, sources
from unplugd.journal.event import decode
from unplugd.journal.plan import SLACK_SECONDS, rank_boots
from unplugd.journal.position import find_order, find_position, find_positions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from unplugd.journal.event import JournalEvent
    from unplugd.journal.packs import Group
    from unplugd.journal.segment import Segment
    from unplugd.journal.sources import Source

    Pair = tuple[JournalEvent, bytes]
    Key = tuple[float, tuple[int, str, float], bytes]

MAX_MERGED_SEGMENTS: Final = 64
"""Maximum number of segments merged while reading; if there are more, their events are sorted in memory."""
MAX_HELD_EVENTS: Final = 4096
"""Maximum number of events held back in case earlier ones follow."""
BATCH_EVENTS: Final = 256


class Batch(NamedTuple):
    """Some events in order, and exactly their lines as bytes."""

    events: list[JournalEvent]
    chunk: bytes

    @property
    def lines(self) -> list[bytes]:
        """The line of each event, without its newline."""
        found = self.chunk.split(b"\n")
        found.pop()
        return found

    @classmethod
    def from_pairs(cls, pairs: Iterable[Pair]) -> Batch:
        """Return a batch of these events and lines."""
        pairs = list(pairs)
        return cls([event for event, _ in pairs], b"".join([line + b"\n" for _, line in pairs]))


class Merger:
    """Reads what a plan says; `notes` counts what is unusual, `report_error` gets what cannot be read.

    After each chunk, `report_progress` gets its number of bytes.
    """

    def __init__(
        self,
        notes: Counter[str],
        report_error: Callable[[str], None],
        report_progress: Callable[[int], None] | None = None,
    ) -> None:
        self._notes = notes
        self._report_error = report_error
        self._report_progress = report_progress
        self._unreadable: set[Path] = set()

    def read(self, groups: Iterable[Group]) -> Iterator[Batch]:
        """Yield the events of one computer in order."""
        return put_in_order((batch for group in groups for batch in self._read_group(group)), self._notes)

    def read_backwards(self, groups: Sequence[Group]) -> Iterator[Batch]:
        """Yield the batches of one computer, last one first; within a batch, the lines are in file order."""
        for group in reversed(groups):
            if len(group) == 1:
                yield from self._read_segment(group[0], backwards=True)
            else:
                yield from reversed(list(self._read_group(group)))

    def _read_group(self, group: Group) -> Iterator[Batch]:
        if len(group) == 1:
            yield from self._read_segment(group[0])
            return
        ranks = rank_boots(group)
        # Overlapping segments are always exact, and each has one boot.
        by_boot: dict[str, Group] = {}
        for segment in group:
            by_boot.setdefault(segment.last[0], []).append(segment)
        for boot in sorted(by_boot, key=ranks.__getitem__):
            parts = [map(_add_key, self._read_pairs(segment)) for segment in by_boot[boot]]
            merged: Iterable[tuple[Key, Pair]]
            if len(parts) <= MAX_MERGED_SEGMENTS:
                merged = heapq.merge(*parts, key=itemgetter(0))
            else:
                merged = sorted(chain.from_iterable(parts), key=itemgetter(0))
            waiting: list[Pair] = []
            for _, pair in merged:
                waiting.append(pair)
                if len(waiting) == BATCH_EVENTS:
                    yield Batch.from_pairs(waiting)
                    waiting = []
            if waiting:
                yield Batch.from_pairs(waiting)

    def _read_pairs(self, segment: Segment) -> Iterator[Pair]:
        # Duplicates are counted once all segments are merged.
        for batch in put_in_order(self._read_segment(segment), Counter(), keep_duplicates=True):
            yield from zip(batch.events, batch.lines, strict=True)

    def _read_segment(self, segment: Segment, *, backwards: bool = False) -> Iterator[Batch]:
        # In an exact segment, the scan has already counted what is unusual.
        notes = Counter[str]() if segment.exact else self._notes
        try:
            descriptor = segment.source.open()
        except OSError as error:
            self._fail(segment.source, error)
            return
        try:
            chunks: Iterable[bytes]
            if backwards:
                chunks = lines.read_backwards(descriptor, segment.begin, segment.end, notes)
            else:
                located = lines.read_forwards(descriptor, segment.begin, segment.end, notes)
                chunks = map(itemgetter(1), located)
            if segment.size <= lines.CHUNK_BYTES:
                # Read it all and close the file: there may be more segments than files that can be open.
                chunks = list(chunks)
            for chunk in chunks:
                batch = Batch(*decode(chunk, notes))
                if self._report_progress:
                    self._report_progress(len(chunk))
                if not segment.alone:
                    pairs = zip(batch.events, batch.lines, strict=True)
                    here = segment.host, segment.last[0]
                    batch = Batch.from_pairs(pair for pair in pairs if (pair[0].host, pair[0].boot) == here)
                elif not segment.exact:
                    hosts = [event.host for event in batch.events]
                    notes["misplaced"] += len(hosts) - hosts.count(segment.host)
                _name_writers(segment, batch.events)
                if batch.events:
                    yield batch
        except OSError as error:
            self._fail(segment.source, error)
        finally:
            os.close(descriptor)

    def _fail(self, source: Source, error: OSError) -> None:
        if source.name in self._unreadable:
            return
        self._unreadable.add(source.name)
        self._notes["unreadable_file"] += 1
        self._report_error(f"unplugd: {sources.describe_unreadable(source.name, error)}")


def _name_writers(segment: Segment, events: list[JournalEvent]) -> None:
    """Give events the name of their computer and their session, if their lines do not have them."""
    if segment.computer != segment.host:
        for event in events:
            event.host = segment.computer
    if segment.session:
        for event in events:
            event.session = event.session or segment.session


def put_in_order(
    batches: Iterable[Batch], notes: Counter[str], *, keep_duplicates: bool = False
) -> Iterator[Batch]:
    """Yield nearly ordered events in their exact order, and duplicate lines only once."""
    held = Batch([], b"")
    yielded_until = ("", -math.inf)
    batches = iter(batches)
    for batch in batches:
        if held.events and _follows(held.events[-1], batch.events):
            yielded_until = (held.events[-1].boot, held.events[-1].uptime)
            yield held
            held = batch
            continue
        now = _join(held, batch, batches) if held.events else batch
        boot = now.events[-1].boot
        positions = find_positions(now.events)
        # The places where an event is not later than the one before it.
        steps = list(compress(count(), map(ge, positions, positions[1:])))
        if steps or now.events[0].boot != boot:
            if not _is_in_order(
                now.events, steps if boot and now.events[0].boot else range(len(positions) - 1)
            ):
                now = _sort(now, notes, keep_duplicates=keep_duplicates)
            # Earlier boots are over.
            begin = len(now.events) - 1
            if now.events[0].boot == boot:
                begin = 0
            while begin and now.events[begin - 1].boot == boot:
                begin -= 1
            if begin:
                over, now = _cut(now, begin)
                first = over.events[0]
                notes["disordered"] += (
                    first.boot == yielded_until[0] and find_position(first) < yielded_until[1]
                )
                yield over
            positions = find_positions(now.events)
        notes["disordered"] += boot == yielded_until[0] and positions[0] < yielded_until[1]
        cut = max(bisect_left(positions, positions[-1] - SLACK_SECONDS), len(positions) - MAX_HELD_EVENTS)
        if cut:
            yielded_until = (boot, positions[cut - 1])
            ready, held = _cut(now, cut)
            yield ready
        else:
            held = now
    if held.events:
        yield held


def _join(held: Batch, batch: Batch, batches: Iterator[Batch]) -> Batch:
    """Return the events held back and the next ones, at least as many: each is then looked at twice, however many are held."""
    events, chunks = held.events + batch.events, [held.chunk, batch.chunk]
    while len(events) < 2 * len(held.events) and (more := next(batches, None)):
        events += more.events
        chunks.append(more.chunk)
    return Batch(events, b"".join(chunks))


def _follows(before: JournalEvent, events: list[JournalEvent]) -> bool:
    """Return whether `events` are in order and after `before`, and go so far that nothing can come before it."""
    positions = [event.uptime for event in events]
    return (
        bool(before.boot)
        and before.boot == events[0].boot == events[-1].boot
        and before.uptime < positions[0]
        and before.uptime <= positions[-1] - SLACK_SECONDS
        and _is_in_order(events, compress(count(), map(ge, positions, positions[1:])))
    )


def _is_in_order(events: list[JournalEvent], steps: Iterable[int]) -> bool:
    """Return whether the events at these steps are in order; False if only their lines can tell."""
    for before, after in (events[step : step + 2] for step in steps):
        if before.boot == after.boot:
            here, there = find_position(before), find_position(after)
            if here > there or (here == there and find_order(before) >= find_order(after)):
                return False
    return True


def _sort(batch: Batch, notes: Counter[str], *, keep_duplicates: bool) -> Batch:
    """Return the events of each boot in order."""
    pairs: list[Pair] = []
    for _, same in groupby(zip(batch.events, batch.lines, strict=True), key=lambda pair: pair[0].boot):
        before = None
        for key, pair in sorted(map(_add_key, same), key=itemgetter(0)):
            if key == before and not keep_duplicates and _is_same_session(pair[0], pairs[-1][0]):
                notes["doubled"] += 1
            else:
                pairs.append(pair)
            before = key
    return Batch.from_pairs(pairs)


def _is_same_session(one: JournalEvent, other: JournalEvent) -> bool:
    """Return whether two equal lines are one event; two daemons may write the same at the same time."""
    return one.session == other.session or not one.session or not other.session


def _add_key(pair: Pair) -> tuple[Key, Pair]:
    event, line = pair
    return (find_position(event), find_order(event), line), pair


def _cut(batch: Batch, at: int) -> tuple[Batch, Batch]:
    """Split a batch before the event with the index `at`."""
    events, chunk = batch
    offset = len(chunk)
    if len(events) - at > 16:
        offset = sum(map(len, batch.lines[:at])) + at
    else:
        for _ in range(len(events) - at):
            offset = chunk.rfind(b"\n", 0, offset - 1) + 1
    return Batch(events[:at], chunk[:offset]), Batch(events[at:], chunk[offset:])
