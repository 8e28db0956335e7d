"""Keeps the segments of many computers small until they are needed.

What a plan knows of a year of daily boots takes a megabyte as objects, and 30 kB packed. So only the segments of one
computer at a time are unpacked.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from unplugd.journal.computers import Related
from unplugd.journal.files import strip_rotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from unplugd.journal.segment import Segment

    Group = list[Segment]

FASTEST: Final = 1
"""The level of compression."""


class Pack(NamedTuple):
    """The segments of one computer name in a file."""

    host: str
    stations: frozenset[str]
    """The stations on their lines."""
    content: bytes

    def unpack(self) -> list[Segment]:
        """Return the segments."""
        segments: list[Segment] = _unpack(self.content)
        return segments


class Groups(Sequence["Group"]):
    """The groups of one computer, in reading order; they are unpacked each time that they are looked at."""

    __slots__ = ("_content", "_count", "hosts", "journals", "size")

    def __init__(self, groups: Sequence[Group]) -> None:
        segments = list(chain.from_iterable(groups))
        self._content = _pack(groups)
        self._count = len(groups)
        self.size = sum(segment.size for segment in segments)
        """The number of bytes to read."""
        self.hosts = frozenset(segment.host for segment in segments)
        """The names on the lines."""
        self.journals: frozenset[Path] = frozenset(
            strip_rotation(segment.source.name) for segment in segments
        )
        """The journals that it is in."""

    def __iter__(self) -> Iterator[Group]:
        return iter(self._unpack())

    def __reversed__(self) -> Iterator[Group]:
        return reversed(self._unpack())

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> list[Group]: ...
    def __getitem__(self, index: int | slice) -> Group | list[Group]:
        return self._unpack()[index]

    def _unpack(self) -> list[Group]:
        groups: list[Group] = _unpack(self._content)
        return groups


def pack_by_host(segments: Iterable[Segment]) -> list[Pack]:
    """Return the segments of a file, packed by the name of the computer."""
    by_host: dict[str, list[Segment]] = {}
    for segment in segments:
        by_host.setdefault(segment.host, []).append(segment)
    return [
        Pack(
            host,
            frozenset(station for segment in of_host for _, station in segment.stations),
            _pack(of_host),
        )
        for host, of_host in by_host.items()
    ]


def list_related(packs: Sequence[Pack]) -> list[list[Pack]]:
    """Return the packs by what may be one computer: of the same name, or of a station that has several names."""
    related = Related()
    for pack in packs:
        for station in pack.stations:
            related.join(_find_name(pack), ("", station))
    by_name: dict[str, list[Pack]] = {}
    for pack in packs:
        by_name.setdefault(_find_name(pack), []).append(pack)
    return [
        list(chain.from_iterable(map(by_name.__getitem__, names))) for names in related.list_groups(by_name)
    ]


def _find_name(pack: Pack) -> str:
    """Return the name without the number that `find_computers` may put after one."""
    return pack.host.partition(" (")[0]


def _pack(thing: object) -> bytes:
    return zlib.compress(pickle.dumps(thing, pickle.HIGHEST_PROTOCOL), FASTEST)


def _unpack(content: bytes) -> Any:
    return pickle.loads(zlib.decompress(content))  # noqa: S301 - only what was packed here
