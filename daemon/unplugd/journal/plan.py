"""Which parts of which files hold the events of one computer, and in which order they are read."""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.journal import event, kinds, lines
from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unplugd.journal.event import Event
    from unplugd.journal.sources import Source

    _Key = tuple[float, tuple[int, str, float], bytes]


SLACK_SECONDS: Final = 60.0
"""Seconds by which a line may come late: what happened is written down after what it was found to mean."""
SCAN_ALL_BYTES: Final = 1_000_000
"""Bytes of a file up to which all of it is looked at before it is read."""
SAMPLE_EVERY_BYTES: Final = 65_536
"""Bytes from one look to the next in a larger file."""
SAMPLE_BYTES: Final = 4096
APART_BYTES: Final = 4096
"""Bytes of other computers between two lines from which on they are not read through again for each."""


@dataclass(frozen=True, slots=True)
class Segment:
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


def read_located(
    source: Source, begin: int, end: int, notes: Counter[str]
) -> Iterator[tuple[int, int, Event]]:
    """Yield the events between two offsets of a file, each with those of its line."""
    descriptor = source.open()
    try:
        for start, chunk in lines.read_forwards(descriptor, begin, end, notes):
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


def _sample(descriptor: int, offset: int) -> Iterator[Event]:
    """Yield the events on the few lines after an offset."""
    raw = os.pread(descriptor, SAMPLE_BYTES, offset).split(b"\n")
    for line in raw if offset == 0 else raw[1:]:
        one = event.parse_line(line, Counter()) if line.endswith((b"}", b"}\r")) else None
        if one:
            yield one


def find_position(one: Event) -> float:
    """Return where an event stands in its boot; by the wall clock where it says no boot."""
    if one.boot:
        return one.uptime
    at = parse_timestamp(one.time)
    return -1.0 if math.isnan(at) else at


def find_place(one: Event) -> tuple[int, str, float]:
    """Return the order of an event among those of the same moment."""
    return kinds.sort_key(one.event, one.device, one.outcome)


def rank_boots(stretches: Iterable[Segment]) -> dict[str, int]:
    """Return the place of each boot among the others: by the time of its first event."""
    first: dict[str, tuple[float, float]] = {}
    for stretch in stretches:
        for boot, begin in stretch.boots.items():
            first[boot] = min(first.get(boot, begin), begin)

    def key(boot: str) -> tuple[float, str]:
        at = first[boot][1]
        return (math.inf if math.isnan(at) else at, boot)

    return {boot: rank for rank, boot in enumerate(sorted(first, key=key))}


def _is_ascending(stretch: Segment, ranks: dict[str, int]) -> bool:
    order = [ranks[boot] for boot in stretch.boots]
    return order == sorted(order)


def _group_segments(stretches: list[Segment], ranks: dict[str, int]) -> list[list[Segment]]:
    def begins(one: Segment) -> tuple[int, float]:
        boot = min(one.boots, key=ranks.__getitem__)
        return ranks[boot], one.boots[boot][0]

    def ends(one: Segment) -> tuple[int, float]:
        boot = max(one.boots, key=ranks.__getitem__)
        return ranks[boot], one.last[1] if boot == one.last[0] else math.inf

    groups: list[list[Segment]] = []
    reached = (-1, 0.0)
    for one in sorted(stretches, key=lambda one: (begins(one), ends(one))):
        rank, at = begins(one)
        if groups and (rank, at) < (reached[0], reached[1] - SLACK_SECONDS):
            groups[-1].append(one)
        else:
            groups.append([one])
        reached = max(reached, ends(one))
    return groups
