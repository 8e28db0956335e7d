"""Finds out which computer wrote the lines of a boot. Pure.

A computer is known by its name and its `station`. Lines of older versions have no station, and two computers may have
the same name. So boots are put together, as one computer, if they have the same name and the same station, or if one
journal has one after the other, unless they have different stations and overlap in time. The same boot is of one
computer if the name is the same (the machine id may have been made anew) or the station is.

Boots without a station also belong to the first computer of their name, unless they overlap with one of its boots on
the wall clock by more than a minute: no computer has two boots at a time. A boot is dated from its last event, whose
clock is most likely to be right.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import count, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from unplugd.journal.files import strip_rotation
from unplugd.journal.station import HOST_SUBSTITUTE
from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from unplugd.journal.segment import Segment

    Boot = tuple[str, str]
    """The names of a computer and of a boot, as the lines have them."""
    Interval = tuple[float, float]
    """Begin and end of a boot on the wall clock, in Unix seconds."""

Thing = TypeVar("Thing")
OVERLAP_SECONDS: Final = 60.0
"""Seconds by which two boots of a computer may seem to overlap, because its clock was set."""
MAX_SAME_NAMES: Final = 16
"""Maximum number of computers with the same name that are told apart."""


class Computers(NamedTuple):
    """The name of the computer of each boot, and how many computers have the name of another one."""

    names: dict[Boot, str]
    same_names: int


def find_computers(segments: Sequence[Segment]) -> Computers:
    """Return the computers that wrote these segments."""
    intervals = _date_boots(segments)
    related = Related()
    stations: dict[Boot, set[str]] = {}
    same_boots: dict[tuple[str, str], Boot] = {}
    for segment in segments:
        for boot, station in segment.stations:
            here = segment.host, boot
            stations.setdefault(here, set()).add(station)
            related.join(here, ("", segment.host, station))
            # Two users' daemons may know the computer by different names.
            related.join(here, same_boots.setdefault((boot, station), here))
    for sequence in _list_sequences(segments, intervals):
        reached = -math.inf
        for here, after in pairwise(sequence):
            reached = max(reached, intervals[here][1])
            one, other = stations.get(here), stations.get(after)
            is_later = intervals[after][0] > reached - OVERLAP_SECONDS
            if is_later or not (one and other and one.isdisjoint(other)):
                related.join(here, after)
    return _name_computers(related.list_groups(intervals), intervals, stations)


class Related:
    """Things that belong together, directly or by way of others."""

    def __init__(self) -> None:
        self._parents: dict[object, object] = {}

    def _find(self, thing: object) -> object:
        parents = self._parents
        while (parent := parents.setdefault(thing, thing)) != thing:
            parents[thing] = parents[parent]
            thing = parent
        return thing

    def join(self, one: object, other: object) -> None:
        """Put two together, with all that belongs to them."""
        self._parents[self._find(one)] = self._find(other)

    def list_groups(self, things: Iterable[Thing]) -> list[list[Thing]]:
        """Return those that belong together."""
        groups: dict[object, list[Thing]] = {}
        for thing in things:
            groups.setdefault(self._find(thing), []).append(thing)
        return list(groups.values())


class _Busy:
    """The times at which a computer was on."""

    def __init__(self) -> None:
        self._spans: list[Interval] = []
        """In order, without overlaps."""

    def add(self, interval: Interval) -> None:
        """Add a boot."""
        begin, end = interval
        spans = self._spans
        first = bisect_left(spans, interval)
        if first and spans[first - 1][1] >= begin:
            first -= 1
        after = first
        while after < len(spans) and spans[after][0] <= end:
            begin, end = min(begin, spans[after][0]), max(end, spans[after][1])
            after += 1
        spans[first:after] = [(begin, end)]

    def overlaps(self, interval: Interval) -> bool:
        """Return whether another boot was running then."""
        begin, end = interval
        before = bisect_left(self._spans, (end - OVERLAP_SECONDS, -math.inf))
        return bool(before) and self._spans[before - 1][1] > begin + OVERLAP_SECONDS


def _date_boots(segments: Iterable[Segment]) -> dict[Boot, Interval]:
    """Return when each boot was, NaN if unknown."""
    first: dict[Boot, tuple[float, float]] = {}
    latest: dict[Boot, tuple[float, str]] = {}
    for segment in segments:
        for boot, begin in segment.boots.items():
            here = segment.host, boot
            first[here] = min(first.get(here, begin), begin)
            latest[here] = max(latest.get(here, segment.latest[boot]), segment.latest[boot])
    return {here: date_boot(begin, latest[here]) for here, begin in first.items()}


def date_boot(first: tuple[float, float], latest: tuple[float, str]) -> Interval:
    """Return when a boot was, NaN if unknown, from the lowest and the highest position in it, each with its time."""
    (at, wall), (last_at, time) = first, latest
    ended = parse_timestamp(time)
    # Without an uptime, only the wall clock is left.
    return (wall if at < 0 else ended - (last_at - at)), ended


def _list_sequences(segments: Iterable[Segment], intervals: dict[Boot, Interval]) -> Iterator[list[Boot]]:
    """Yield the boots of each journal and host name in which one boot follows another."""
    journals: dict[tuple[object, str], dict[Boot, None] | None] = {}
    by_source: dict[tuple[object, str], list[Segment]] = {}
    for segment in segments:
        by_source.setdefault((segment.source, segment.host), []).append(segment)

    def begins(parts: list[Segment]) -> tuple[bool, float]:
        began = min(intervals[part.host, boot][0] for part in parts for boot in part.boots)
        return math.isnan(began), began

    # The files of a journal are in order of time, however they are named.
    for parts in sorted(by_source.values(), key=begins):
        host = parts[0].host
        journal = strip_rotation(parts[0].source.name), host
        boots = journals.setdefault(journal, {})
        parts.sort(key=lambda part: part.begin)
        here = [boot for part in parts for boot in part.boots]
        changes = sum(boot != after for boot, after in pairwise(here)) + 1
        apart = all(part.end <= after.begin for part, after in pairwise(parts))
        if boots is None or not apart or changes != len(set(here)) or parts[0].source.alternating:
            # Lines of several computers, or in no order.
            journals[journal] = None
        else:
            boots.update(dict.fromkeys((host, boot) for boot in here))
    for boots in journals.values():
        if boots:
            yield list(boots)


def _name_computers(
    groups: Iterable[list[Boot]], intervals: dict[Boot, Interval], stations: dict[Boot, set[str]]
) -> Computers:
    by_host: dict[str, list[list[Boot]]] = {}
    for boots in groups:
        # The daemon of another user may know the computer by its real name.
        host = min((host for host, _ in boots), key=lambda host: (host.startswith(HOST_SUBSTITUTE), host))
        by_host.setdefault(host, []).append(boots)
    names: dict[Boot, str] = {}
    same_names = 0
    for host, of_host in by_host.items():
        computers = of_host if len(of_host) == 1 else _tell_apart(of_host, intervals, stations)
        numbers = (number for number in count(2) if f"{host} ({number})" not in by_host)
        for boots in computers:
            name = host if boots is computers[0] else f"{host} ({next(numbers)})"
            names.update(dict.fromkeys(boots, name))
        same_names += len(computers) - 1
    return Computers(names, same_names)


def _tell_apart(
    groups: Iterable[list[Boot]], intervals: dict[Boot, Interval], stations: dict[Boot, set[str]]
) -> list[list[Boot]]:
    """Return the boots of each computer of a name, the oldest computer first."""

    def has_station(boots: list[Boot]) -> bool:
        return any(boot in stations for boot in boots)

    def find_begin(boots: list[Boot]) -> float:
        return min((intervals[boot][0] for boot in boots if _is_known(intervals[boot])), default=math.inf)

    computers: list[tuple[list[Boot], _Busy]] = []
    for boots in sorted(groups, key=lambda boots: (not has_station(boots), find_begin(boots), min(boots))):
        known = [intervals[boot] for boot in boots if _is_known(intervals[boot])]
        candidates = () if has_station(boots) else computers
        own = next((one for one in candidates if not any(map(one[1].overlaps, known))), None)
        if own is None and len(computers) < MAX_SAME_NAMES:
            own = [], _Busy()
            computers.append(own)
        mine, busy = own or computers[0]
        mine += boots
        for interval in known:
            busy.add(interval)
    return sorted((boots for boots, _ in computers), key=find_begin)


def _is_known(interval: Interval) -> bool:
    return not any(map(math.isnan, interval))
