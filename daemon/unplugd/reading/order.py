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
from dataclasses import dataclass, replace
from itertools import chain, compress, count, groupby, islice
from operator import attrgetter, ge, itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd import moment
from unplugd.reading import event, kinds, lines, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from unplugd.reading.event import Event
    from unplugd.reading.sources import Source

    _Key = tuple[float, tuple[int, str, float], bytes]

SLACK: Final = 60.0
"""Seconds by which a line may come late: what happened is written down after what it was found to mean."""
EXACT: Final = 1_000_000
"""Bytes of a file up to which all of it is looked at before it is read."""
EVERY: Final = 65_536
"""Bytes from one look to the next in a larger file."""
LOOK: Final = 4096
APART: Final = 4096
"""Bytes of other computers between two lines from which on they are not read through again for each."""
TOGETHER: Final = 64
"""Stretches merged while they are read; more of them are sorted in memory."""
MOST_HELD: Final = 4096
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


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of one host, in order, between two offsets of a file. `boots`: the lowest position in each, and its time.

    Not `exact`: known by a few of its lines only, to the end of the file, and of no other host as far as these show.
    """

    source: Source
    host: str
    begin: int
    end: int
    boots: dict[str, tuple[float, float]]
    last: tuple[str, float]
    met: dict[str, int]
    """Where each boot was first met: at its first line, or where not `exact` by a look, mostly less than `EVERY` behind it."""
    exact: bool
    alone: bool = True
    """Whether no line of another host lies between the two offsets."""


class Reader:
    """Reads sources: what is unusual is counted in `notes` once, what cannot be read told by `tell`."""

    def __init__(
        self, notes: Counter[str], tell: Callable[[str], None], progress: Callable[[int], None] | None = None
    ) -> None:
        self._notes = notes
        self._tell = tell
        self._progress = progress

    def plan(self, found: Sequence[Source]) -> dict[str, list[list[Stretch]]]:
        """Return what each host's events are read from: groups that follow one another; the parts of one overlap."""
        known = {source: self._survey(source) for source in found}
        while True:
            by_host: dict[str, list[Stretch]] = {}
            for stretch in chain.from_iterable(known.values()):
                by_host.setdefault(stretch.host, []).append(stretch)
            plan: dict[str, list[list[Stretch]]] = {}
            rough: set[Source] = set()
            for host in sorted(by_host):
                ranks = _ranks(by_host[host])
                plan[host] = _groups(by_host[host], ranks)
                rough.update(
                    one.source
                    for group in plan[host]
                    for one in group
                    if not one.exact and (len(group) > 1 or not _ascending(one, ranks))
                )
            if not rough:
                return plan
            known.update((source, self._scan(source)) for source in rough)

    def read(self, groups: list[list[Stretch]]) -> Iterator[Batch]:
        """Yield the events of one host in their order."""
        return settled((batch for group in groups for batch in self._group(group)), self._notes)

    def read_back(self, groups: list[list[Stretch]]) -> Iterator[Batch]:
        """Yield the same events, the last ones first; inside a batch in their order."""
        for group in reversed(groups):
            if len(group) == 1:
                yield from self._stretch(group[0], back=True)
            else:
                yield from reversed(list(self._group(group)))

    # --- looking

    def _survey(self, source: Source) -> list[Stretch]:
        try:
            coarse = self._look_at(source) if source.size > max(EXACT, LOOK) else None
        except OSError as error:
            self._failed(source, error)
            return []
        return [coarse] if coarse else self._scan(source)

    def _look_at(self, source: Source) -> Stretch | None:
        """Return the whole file as one stretch if the lines that are looked at are in order, else None."""
        descriptor = source.open()
        try:
            looks: list[tuple[int, Event]] = []
            for offset in range(0, source.size - LOOK, EVERY):
                looks += ((offset, one) for one in islice(_look(descriptor, offset), 1))
            # Of the end the very last one: what follows begins after it.
            end = source.size - LOOK
            looks += [(end, one) for one in _look(descriptor, end)][-1:]
        finally:
            os.close(descriptor)
        boots: dict[str, tuple[float, float]] = {}
        met: dict[str, int] = {}
        last = ("", -math.inf)
        for offset, one in looks:
            at = _position(one)
            new = one.boot not in boots
            if one.host != looks[0][1].host or (one.boot != last[0] and not new):
                return None
            if new:
                boots[one.boot] = (at, moment.seconds(one.time))
                met[one.boot] = offset
            elif at < last[1] - SLACK:
                return None
            last = (one.boot, at if new else max(at, last[1]))
        if not looks:
            return None
        return Stretch(source, looks[0][1].host, 0, source.size, boots, last, met, exact=False)

    def _scan(self, source: Source) -> list[Stretch]:
        """Return the stretches of a file after a look at every line."""
        done: list[Stretch] = []
        current: dict[str, Stretch] = {}
        try:
            for offset, end, one in located(source, 0, source.size, self._notes):
                at = _position(one)
                running = current.get(one.host)
                if (
                    running is None
                    or running.last[0] != one.boot
                    or at < running.last[1] - SLACK
                    or offset > running.end + APART
                ):
                    if running:
                        done.append(running)
                    first = {one.boot: (at, moment.seconds(one.time))}
                    current[one.host] = Stretch(
                        source, one.host, offset, end, first, (one.boot, at), {one.boot: offset}, exact=True
                    )
                    continue
                boots = running.boots
                if at < boots[one.boot][0]:
                    boots[one.boot] = (at, moment.seconds(one.time))
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

    def _group(self, group: list[Stretch]) -> Iterator[Batch]:
        if len(group) == 1:
            yield from self._stretch(group[0])
            return
        ranks = _ranks(group)
        by_boot: dict[str, list[Stretch]] = {}
        for one in group:
            by_boot.setdefault(one.last[0], []).append(one)
        for boot in sorted(by_boot, key=ranks.__getitem__):
            parts = [map(_keyed, self._pairs(one)) for one in by_boot[boot]]
            merged: Iterable[tuple[_Key, tuple[Event, bytes]]]
            if len(parts) <= TOGETHER:
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

    def _pairs(self, stretch: Stretch) -> Iterator[tuple[Event, bytes]]:
        # A line that is there twice is counted where all come together.
        for batch in settled(self._stretch(stretch), Counter(), doubles=True):
            yield from zip(batch.events, batch.lines, strict=True)

    def _stretch(self, stretch: Stretch, *, back: bool = False) -> Iterator[Batch]:
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
                chunks = lines.backwards(descriptor, stretch.begin, stretch.end, notes)
            else:
                chunks = map(itemgetter(1), lines.forwards(descriptor, stretch.begin, stretch.end, notes))
            if stretch.end - stretch.begin <= lines.CHUNK:
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
        self._tell(f"unplugd: {sources.unreadable(source.path, error)}")


def located(source: Source, begin: int, end: int, notes: Counter[str]) -> Iterator[tuple[int, int, Event]]:
    """Yield the events between two offsets of a file, each with those of its line."""
    descriptor = source.open()
    try:
        for start, chunk in lines.forwards(descriptor, begin, end, notes):
            noted = Counter[str]()
            events, same = event.decode(chunk, noted)
            pieces = chunk.split(b"\n")
            pieces.pop()
            offset = start
            if len(same) == len(chunk) and len(pieces) == len(events):
                notes.update(noted)
                for piece, one in zip(pieces, events, strict=True):
                    yield offset, offset + len(piece) + 1, one
                    offset += len(piece) + 1
                continue
            for piece in pieces:
                for one in event.decode(piece + b"\n", notes)[0]:
                    yield offset, offset + len(piece) + 1, one
                offset += len(piece) + 1
    finally:
        os.close(descriptor)


def _look(descriptor: int, offset: int) -> Iterator[Event]:
    """Yield the events on the few lines after an offset."""
    raw = os.pread(descriptor, LOOK, offset).split(b"\n")
    for line in raw if offset == 0 else raw[1:]:
        one = event.of(line, Counter()) if line.endswith((b"}", b"}\r")) else None
        if one:
            yield one


def _position(one: Event) -> float:
    """Return where an event stands in its boot; by the wall clock where it says no boot."""
    if one.boot:
        return one.uptime
    at = moment.seconds(one.time)
    return -1.0 if math.isnan(at) else at


def _keyed(
    pair: tuple[Event, bytes],
) -> tuple[_Key, tuple[Event, bytes]]:
    one, line = pair
    return (_position(one), _place(one), line), pair


def _place(one: Event) -> tuple[int, str, float]:
    return kinds.place(one.event, one.device, one.outcome)


def _ranks(stretches: Iterable[Stretch]) -> dict[str, int]:
    """Return the place of each boot among the others: by the time of its first event."""
    first: dict[str, tuple[float, float]] = {}
    for stretch in stretches:
        for boot, begin in stretch.boots.items():
            first[boot] = min(first.get(boot, begin), begin)

    def key(boot: str) -> tuple[float, str]:
        at = first[boot][1]
        return (math.inf if math.isnan(at) else at, boot)

    return {boot: rank for rank, boot in enumerate(sorted(first, key=key))}


def _ascending(stretch: Stretch, ranks: dict[str, int]) -> bool:
    order = [ranks[boot] for boot in stretch.boots]
    return order == sorted(order)


def _groups(stretches: list[Stretch], ranks: dict[str, int]) -> list[list[Stretch]]:
    def begins(one: Stretch) -> tuple[int, float]:
        boot = min(one.boots, key=ranks.__getitem__)
        return ranks[boot], one.boots[boot][0]

    def ends(one: Stretch) -> tuple[int, float]:
        boot = max(one.boots, key=ranks.__getitem__)
        return ranks[boot], one.last[1] if boot == one.last[0] else math.inf

    groups: list[list[Stretch]] = []
    reached = (-1, 0.0)
    for one in sorted(stretches, key=lambda one: (begins(one), ends(one))):
        rank, at = begins(one)
        if groups and (rank, at) < (reached[0], reached[1] - SLACK):
            groups[-1].append(one)
        else:
            groups.append([one])
        reached = max(reached, ends(one))
    return groups


def settled(batches: Iterable[Batch], notes: Counter[str], *, doubles: bool = False) -> Iterator[Batch]:
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
        positions = list(map(_UPTIME if boot else _position, now.events))
        steps = list(compress(count(), map(ge, positions, positions[1:])))
        if steps or now.events[0].boot != boot:
            if not _in_order(now.events, steps if boot and now.events[0].boot else range(len(positions) - 1)):
                now = _sorted(now, notes, doubles=doubles)
            # Earlier boots are over.
            begin = len(now.events) - 1
            if now.events[0].boot == boot:
                begin = 0
            while begin and now.events[begin - 1].boot == boot:
                begin -= 1
            if begin:
                over, now = _cut(now, begin)
                first = over.events[0]
                notes["disordered"] += first.boot == told[0] and _position(first) < told[1]
                yield over
            positions = list(map(_UPTIME if boot else _position, now.events))
        notes["disordered"] += boot == told[0] and positions[0] < told[1]
        cut = max(bisect_left(positions, positions[-1] - SLACK), len(positions) - MOST_HELD)
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
        and before.uptime <= positions[-1] - SLACK
        and _in_order(events, compress(count(), map(ge, positions, positions[1:])))
    )


def _in_order(events: list[Event], steps: Iterable[int]) -> bool:
    """Return whether at these steps each is after the one before it, or of another boot; False where only lines tell."""
    for one, two in (events[step : step + 2] for step in steps):
        if one.boot == two.boot:
            before, after = _position(one), _position(two)
            if before > after or (before == after and _place(one) >= _place(two)):
                return False
    return True


def _sorted(batch: Batch, notes: Counter[str], *, doubles: bool) -> Batch:
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
