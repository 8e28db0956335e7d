"""Splits files in which the lines of several computers, or of several boots of one, alternate, and sorts lines.

Each computer gets a temporary file with its lines, in their order, which is then read like a journal of its own; if its
boots alternate, each boot does. Lines in no order, as newest first, are sorted, some megabytes at a time. The rotated
files of one journal are split together. It takes one pass, a few megabytes of memory, and as much disk as the files have.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from unplugd.journal import lines, spool
from unplugd.journal.event import JournalEvent, parse_line
from unplugd.journal.files import MAX_LINE_BYTES, strip_rotation
from unplugd.journal.position import find_order, find_position
from unplugd.journal.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

MAX_PARTS: Final = 10_000
"""Maximum number of temporary files for one journal; if there are more computers, some of them share one."""
MAX_WAITING_BYTES: Final = 4_000_000
"""Maximum number of bytes in memory, with few parts."""
BYTES_A_PART: Final = 4096
"""Bytes in memory for each part, with many parts, so that each write is worth opening its file."""


class _Owner(msgspec.Struct, gc=False):
    """Whose line it is."""

    time: str
    event: str
    host: str = ""
    boot: str = ""


_OWNERS: Final = msgspec.json.Decoder(_Owner)
_EVENTS: Final = msgspec.json.Decoder(JournalEvent)
BY_HOST, BY_BOOT, SORTED = 1, 2, 3
"""The levels of the parts."""


class _Parts:
    """The temporary files of one journal, each with the lines of one name."""

    def __init__(self, folder: Path, journal: Path, find_name: Callable[[_Owner], Hashable]) -> None:
        folder.mkdir()
        self._folder = folder
        self._journal = journal
        self._find_name = find_name
        self._numbers: dict[Hashable, int] = {}
        self._waiting: list[list[bytes]] = []
        self._waiting_bytes = 0

    def add(self, owners: Sequence[_Owner], written: Sequence[bytes]) -> None:
        """Add lines, each to the part of its owner's name."""
        numbers, waiting = self._numbers, self._waiting
        for name, line in zip(map(self._find_name, owners), written, strict=True):
            number = numbers.get(name)
            if number is None:
                number = numbers[name] = len(numbers) % MAX_PARTS
                if number == len(waiting):
                    waiting.append([])
            waiting[number].append(line)
        self._waiting_bytes += sum(map(len, written))
        if self._waiting_bytes > max(MAX_WAITING_BYTES, BYTES_A_PART * len(waiting)):
            self._write()

    def finish(self, level: int) -> Iterator[Source]:
        """Yield the parts, in the order of their first lines."""
        self._write()
        for number in range(len(self._waiting)):
            yield _make_source(self._find_path(number), self._journal, level, alternating=level == BY_BOOT)

    def _write(self) -> None:
        for number, part in enumerate(self._waiting):
            if part:
                spool.append(self._find_path(number), b"\n".join(part) + b"\n")
                part.clear()
        self._waiting_bytes = 0

    def _find_path(self, number: int) -> Path:
        return self._folder / f"{number}.jsonl"


class _Runs:
    """The temporary files of one journal, each with some of its lines, sorted by boot and position."""

    def __init__(self, folder: Path, journal: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._journal = journal
        self._ranks: dict[tuple[str, str], int] = {}
        self._latest: dict[str, int] = {}
        """The rank of the boot that was last seen, by computer."""
        self._alternating = False
        self._waiting: list[tuple[int, float, tuple[int, str, float], bytes]] = []
        self._waiting_bytes = 0
        self._paths: list[Path] = []

    def add(self, events: Sequence[JournalEvent], written: Sequence[bytes]) -> None:
        """Add lines."""
        for event, line in zip(events, written, strict=True):
            new = len(self._ranks)
            rank = self._ranks.setdefault((event.host, event.boot), new)
            self._alternating |= rank != new and rank != self._latest[event.host]
            self._latest[event.host] = rank
            self._waiting.append((rank, find_position(event), find_order(event), line))
        self._waiting_bytes += sum(map(len, written))
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._write()

    def finish(self, level: int) -> Iterator[Source]:
        """Yield the parts."""
        self._write()
        for path in self._paths:
            yield _make_source(path, self._journal, level, alternating=self._alternating)

    def _write(self) -> None:
        self._waiting.sort()
        self._paths.append(self._folder / f"{len(self._paths)}.jsonl")
        spool.append(self._paths[-1], b"".join([line + b"\n" for *_, line in self._waiting]))
        self._waiting.clear()
        self._waiting_bytes = 0


def _make_source(path: Path, journal: Path, level: int, *, alternating: bool) -> Source:
    status = path.stat()
    place = path, status.st_dev, status.st_ino, status.st_size
    return Source(*place, given=journal, level=level, alternating=alternating)


def split_by_host(sources: Sequence[Source], notes: Counter[str]) -> list[Source]:
    """Return the lines of each computer name, with a file for each; NoRoomError, or OSError if a source is unreadable.

    The sources of a journal must be in order of time. What is not an event is left out, and counted in `notes`.
    """
    return _split(sources, partial(_Parts, find_name=lambda owner: owner.host), _OWNERS, BY_HOST, notes)


def split_by_boot(sources: Sequence[Source], notes: Counter[str]) -> list[Source]:
    """Return the lines of each boot of each computer name, as `split_by_host` does."""

    def find_name(owner: _Owner) -> Hashable:
        return owner.host, owner.boot

    return _split(sources, partial(_Parts, find_name=find_name), _OWNERS, BY_BOOT, notes)


def sort_lines(sources: Sequence[Source], notes: Counter[str]) -> list[Source]:
    """Return all lines in files in which they are in order, as `split_by_host` does."""
    return _split(sources, _Runs, _EVENTS, SORTED, notes)


def _split(
    sources: Sequence[Source],
    make_parts: Callable[[Path, Path], _Parts | _Runs],
    decoder: msgspec.json.Decoder[Any],
    level: int,
    notes: Counter[str],
) -> list[Source]:
    counted = Counter[str]()
    folder = spool.make_folder()
    journals: dict[Path, _Parts | _Runs] = {}
    try:
        spool.check_room(Path(folder.name), sum(source.size for source in sources))
        for source in sources:
            journal = strip_rotation(source.name)
            if journal not in journals:
                journals[journal] = make_parts(Path(folder.name) / str(len(journals)), journal)
            for owners, written in _read(source, decoder, counted):
                journals[journal].add(owners, written)
        found = [part for parts in journals.values() for part in parts.finish(level)]
    except OSError:
        folder.cleanup()
        raise
    for source in sources:
        if source.level:
            source.path.unlink()
    notes.update(counted)
    return found


def _read(
    source: Source, decoder: msgspec.json.Decoder[Any], notes: Counter[str]
) -> Iterator[tuple[list[Any], list[bytes]]]:
    """Yield the lines of a file, and whose they are."""
    descriptor = source.open()
    try:
        for _, chunk in lines.read_forwards(descriptor, 0, source.size, notes):
            written = chunk.split(b"\n")
            written.pop()
            owners = _decode(decoder, chunk, written)
            yield (owners, written) if owners is not None else _parse_lines(written, notes)
    finally:
        os.close(descriptor)


def _decode(decoder: msgspec.json.Decoder[Any], chunk: bytes, written: list[bytes]) -> list[Any] | None:
    """Return whose the lines are; None if one may not be an event."""
    try:
        owners: list[Any] = decoder.decode_lines(chunk)
    except (ValueError, RecursionError):
        return None
    is_short = len(chunk) <= MAX_LINE_BYTES or max(map(len, written)) <= MAX_LINE_BYTES
    are_whole = len(owners) == len(written) and lines.are_objects(written)
    return owners if is_short and are_whole else None


def _parse_lines(written: list[bytes], notes: Counter[str]) -> tuple[list[JournalEvent], list[bytes]]:
    """Return the events, and their lines."""
    owners: list[JournalEvent] = []
    kept: list[bytes] = []
    for line in written:
        whole = line.strip(b"\0\r\t ")
        if not whole:
            notes["torn"] += b"\0" in line
            continue
        unusual = Counter[str]()
        event = parse_line(whole, unusual)
        if event is None:
            notes.update(unusual)
        else:
            # What is unusual in it is counted when it is read.
            owners.append(event)
            kept.append(line)
    return owners, kept
