"""The order of events that are spread over files: boots by their first event, inside a boot by the clock that is never set.

A look at a few lines of each file tells which ones follow one another: those are read through. Only where files overlap,
or are out of order in themselves, are they read twice and merged line by line.
"""

from __future__ import annotations

import heapq
import math
import os
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from itertools import chain, compress, count, groupby, islice
from operator import attrgetter, ge, itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.journal import event, lines, sources
from unplugd.journal.plan import (
    APART_BYTES,
    SAMPLE_BYTES,
    SAMPLE_EVERY_BYTES,
    SCAN_ALL_BYTES,
    SLACK_SECONDS,
    Segment,
    _group_segments,
    _is_ascending,
    _sample,
    find_place,
    find_position,
    rank_boots,
    read_located,
)
from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from unplugd.journal.event import Event
    from unplugd.journal.sources import Source

    _Key = tuple[float, tuple[int, str, float], bytes]

MAX_MERGED: Final = 64
"""Stretches merged while they are read; more of them are sorted in memory."""
MAX_HELD_EVENTS: Final = 4096
"""Events held back at most until it is sure that none comes before them."""
_BOOT: Final = attrgetter("boot")
_UPTIME: Final = attrgetter("uptime")


class Batch(NamedTuple):
    """Some events in their order, and the bytes of exactly their lines."""

    events: list[Event]
    chunk: bytes

    @property
    def lines(self) -> list[bytes]:
        """One line for each event, without its end."""
        found = self.chunk.split(b"\n")
        found.pop()
        return found

    @classmethod
    def of(cls, pairs: Iterable[tuple[Event, bytes]]) -> Batch:
        """Return a batch of these events and lines."""
        pairs = list(pairs)
        return cls([one for one, _ in pairs], b"".join([line + b"\n" for _, line in pairs]))


class Reader:
    """Reads sources: what is unusual is counted in `notes` once, what cannot be read told by `tell`."""

    def __init__(
        self, notes: Counter[str], tell: Callable[[str], None], progress: Callable[[int], None] | None = None
    ) -> None:
        self._notes = notes
        self._tell = tell
        self._progress = progress

    def plan(self, found: Sequence[Source]) -> dict[str, list[list[Segment]]]:
        """Return what each host's events are read from: groups that follow one another; the parts of one overlap."""
        known = {source: self._survey(source) for source in found}
        while True:
            by_host: dict[str, list[Segment]] = {}
            for stretch in chain.from_iterable(known.values()):
                by_host.setdefault(stretch.host, []).append(stretch)
            plan: dict[str, list[list[Segment]]] = {}
            rough: set[Source] = set()
            for host in sorted(by_host):
                ranks = rank_boots(by_host[host])
                plan[host] = _group_segments(by_host[host], ranks)
                rough.update(
                    one.source
                    for group in plan[host]
                    for one in group
                    if not one.exact and (len(group) > 1 or not _is_ascending(one, ranks))
                )
            if not rough:
                return plan
            known.update((source, self._scan(source)) for source in rough)

    def read(self, groups: list[list[Segment]]) -> Iterator[Batch]:
        """Yield the events of one host in their order."""
        return put_in_order((batch for group in groups for batch in self._group(group)), self._notes)

    def read_back(self, groups: list[list[Segment]]) -> Iterator[Batch]:
        """Yield the same events, the last ones first; inside a batch in their order."""
        for group in reversed(groups):
            if len(group) == 1:
                yield from self._stretch(group[0], back=True)
            else:
                yield from reversed(list(self._group(group)))

    # --- looking

    def _survey(self, source: Source) -> list[Segment]:
        try:
            coarse = self._look_at(source) if source.size > max(SCAN_ALL_BYTES, SAMPLE_BYTES) else None
        except OSError as error:
            self._failed(source, error)
            return []
        return [coarse] if coarse else self._scan(source)

    def _look_at(self, source: Source) -> Segment | None:
        """Return the whole file as one stretch if the lines that are looked at are in order, else None."""
        descriptor = source.open()
        try:
            looks: list[tuple[int, Event]] = []
            for offset in range(0, source.size - SAMPLE_BYTES, SAMPLE_EVERY_BYTES):
                looks += ((offset, one) for one in islice(_sample(descriptor, offset), 1))
            # Of the end the very last one: what follows begins after it.
            end = source.size - SAMPLE_BYTES
            looks += [(end, one) for one in _sample(descriptor, end)][-1:]
        finally:
            os.close(descriptor)
        boots: dict[str, tuple[float, float]] = {}
        met: dict[str, int] = {}
        last = ("", -math.inf)
        for offset, one in looks:
            at = find_position(one)
            new = one.boot not in boots
            if one.host != looks[0][1].host or (one.boot != last[0] and not new):
                return None
            if new:
                boots[one.boot] = (at, parse_timestamp(one.time))
                met[one.boot] = offset
            elif at < last[1] - SLACK_SECONDS:
                return None
            last = (one.boot, at if new else max(at, last[1]))
        if not looks:
            return None
        return Segment(source, looks[0][1].host, 0, source.size, boots, last, met, exact=False)

    def _scan(self, source: Source) -> list[Segment]:
        """Return the stretches of a file after a look at every line."""
        done: list[Segment] = []
        current: dict[str, Segment] = {}
        try:
            for offset, end, one in read_located(source, 0, source.size, self._notes):
                at = find_position(one)
                running = current.get(one.host)
                if (
                    running is None
                    or running.last[0] != one.boot
                    or at < running.last[1] - SLACK_SECONDS
                    or offset > running.end + APART_BYTES
                ):
                    if running:
                        done.append(running)
                    first = {one.boot: (at, parse_timestamp(one.time))}
                    current[one.host] = Segment(
                        source, one.host, offset, end, first, (one.boot, at), {one.boot: offset}, exact=True
                    )
                    continue
                boots = running.boots
                if at < boots[one.boot][0]:
                    boots[one.boot] = (at, parse_timestamp(one.time))
                # Set in place: one object for each line would be most of the cost.
                object.__setattr__(running, "end", end)
                object.__setattr__(running, "last", (one.boot, max(at, running.last[1])))
        except OSError as error:
            self._failed(source, error)
        done.extend(current.values())
        if len(current) > 1:
            return [replace(one, alone=False) for one in done]
        return done

    # --- reading

    def _group(self, group: list[Segment]) -> Iterator[Batch]:
        if len(group) == 1:
            yield from self._stretch(group[0])
            return
        ranks = rank_boots(group)
        by_boot: dict[str, list[Segment]] = {}
        for one in group:
            by_boot.setdefault(one.last[0], []).append(one)
        for boot in sorted(by_boot, key=ranks.__getitem__):
            parts = [map(_keyed, self._pairs(one)) for one in by_boot[boot]]
            merged: Iterable[tuple[_Key, tuple[Event, bytes]]]
            if len(parts) <= MAX_MERGED:
                merged = heapq.merge(*parts, key=itemgetter(0))
            else:
                merged = sorted(chain.from_iterable(parts), key=itemgetter(0))
            waiting: list[tuple[Event, bytes]] = []
            for _, pair in merged:
                waiting.append(pair)
                if len(waiting) == 256:
                    yield Batch.of(waiting)
                    waiting = []
            if waiting:
                yield Batch.of(waiting)

    def _pairs(self, stretch: Segment) -> Iterator[tuple[Event, bytes]]:
        # A line that is there twice is counted where all come together.
        for batch in put_in_order(self._stretch(stretch), Counter(), doubles=True):
            yield from zip(batch.events, batch.lines, strict=True)

    def _stretch(self, stretch: Segment, *, back: bool = False) -> Iterator[Batch]:
        # What is unusual in a file that was looked at line by line has been counted then.
        notes = Counter[str]() if stretch.exact else self._notes
        try:
            descriptor = stretch.source.open()
        except OSError as error:
            self._failed(stretch.source, error)
            return
        try:
            chunks: Iterable[bytes]
            if back:
                chunks = lines.read_backwards(descriptor, stretch.begin, stretch.end, notes)
            else:
                chunks = map(
                    itemgetter(1), lines.read_forwards(descriptor, stretch.begin, stretch.end, notes)
                )
            if stretch.end - stretch.begin <= lines.CHUNK_BYTES:
                # Not left open: there can be more of these than files may be open.
                chunks = list(chunks)
            for chunk in chunks:
                events, own = event.decode(chunk, notes)
                if self._progress:
                    self._progress(len(chunk))
                batch = Batch(events, own)
                if not stretch.alone:
                    pairs = zip(events, batch.lines, strict=True)
                    batch = Batch.of((one, line) for one, line in pairs if one.host == stretch.host)
                elif not stretch.exact:
                    notes["misplaced"] += len(events) - [one.host for one in events].count(stretch.host)
                if batch.events:
                    yield batch
        except OSError as error:
            self._failed(stretch.source, error)
        finally:
            os.close(descriptor)

    def _failed(self, source: Source, error: OSError) -> None:
        self._notes["unreadable_file"] += 1
        self._tell(f"unplugd: {sources.describe_unreadable(source.path, error)}")


def _keyed(
    pair: tuple[Event, bytes],
) -> tuple[_Key, tuple[Event, bytes]]:
    one, line = pair
    return (find_position(one), find_place(one), line), pair


def put_in_order(batches: Iterable[Batch], notes: Counter[str], *, doubles: bool = False) -> Iterator[Batch]:
    """Yield events that are nearly in order in their exact order, lines that are there twice once (with `doubles`, twice)."""
    held = Batch([], b"")
    told = ("", -math.inf)
    for batch in batches:
        if held.events and _follows(held.events[-1], batch.events):
            told = (held.events[-1].boot, held.events[-1].uptime)
            yield held
            held = batch
            continue
        now = Batch(held.events + batch.events, held.chunk + batch.chunk) if held.events else batch
        boot = now.events[-1].boot
        positions = list(map(_UPTIME if boot else find_position, now.events))
        steps = list(compress(count(), map(ge, positions, positions[1:])))
        if steps or now.events[0].boot != boot:
            if not _is_in_order(
                now.events, steps if boot and now.events[0].boot else range(len(positions) - 1)
            ):
                now = _sort(now, notes, doubles=doubles)
            # Earlier boots are over.
            begin = len(now.events) - 1
            if now.events[0].boot == boot:
                begin = 0
            while begin and now.events[begin - 1].boot == boot:
                begin -= 1
            if begin:
                over, now = _cut(now, begin)
                first = over.events[0]
                notes["disordered"] += first.boot == told[0] and find_position(first) < told[1]
                yield over
            positions = list(map(_UPTIME if boot else find_position, now.events))
        notes["disordered"] += boot == told[0] and positions[0] < told[1]
        cut = max(bisect_left(positions, positions[-1] - SLACK_SECONDS), len(positions) - MAX_HELD_EVENTS)
        if cut:
            told = (boot, positions[cut - 1])
            ready, held = _cut(now, cut)
            yield ready
        else:
            held = now
    if held.events:
        yield held


def _follows(before: Event, events: list[Event]) -> bool:
    """Return whether these are in order, come after the one before, and reach so far that none before it is to come."""
    positions = [one.uptime for one in events]
    return (
        bool(before.boot)
        and before.boot == events[0].boot == events[-1].boot
        and before.uptime < positions[0]
        and before.uptime <= positions[-1] - SLACK_SECONDS
        and _is_in_order(events, compress(count(), map(ge, positions, positions[1:])))
    )


def _is_in_order(events: list[Event], steps: Iterable[int]) -> bool:
    """Return whether at these steps each is after the one before it, or of another boot; False where only lines tell."""
    for one, two in (events[step : step + 2] for step in steps):
        if one.boot == two.boot:
            before, after = find_position(one), find_position(two)
            if before > after or (before == after and find_place(one) >= find_place(two)):
                return False
    return True


def _sort(batch: Batch, notes: Counter[str], *, doubles: bool) -> Batch:
    """Return the events of each boot in their order."""
    pairs: list[tuple[Event, bytes]] = []
    for _, same in groupby(zip(batch.events, batch.lines, strict=True), key=lambda pair: pair[0].boot):
        before = None
        for key, pair in sorted(map(_keyed, same), key=itemgetter(0)):
            if key == before and not doubles:
                notes["doubled"] += 1
            else:
                pairs.append(pair)
            before = key
    return Batch.of(pairs)


def _cut(batch: Batch, at: int) -> tuple[Batch, Batch]:
    events, chunk = batch
    offset = len(chunk)
    if len(events) - at > 16:
        offset = sum(map(len, batch.lines[:at])) + at
    else:
        for _ in range(len(events) - at):
            offset = chunk.rfind(b"\n", 0, offset - 1) + 1
    return Batch(events[:at], chunk[:offset]), Batch(events[at:], chunk[offset:])
