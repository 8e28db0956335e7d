"""Splits files in which the lines of several computers, or of several boots of one, alternate.

Each gets a temporary file with its lines, in their order, and is then read like a journal of its own. The rotated files
of one journal are split together. It takes one pass, a few megabytes of memory, and as much disk as the files have.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from unplugd.journal import lines, spool
from unplugd.journal.event import parse_line
from unplugd.journal.files import MAX_LINE_BYTES, strip_rotation
from unplugd.journal.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from unplugd.journal.event import JournalEvent

MAX_PARTS: Final = 10_000
"""Maximum number of temporary files for one journal; if there are more computers, some of them share one."""
MAX_WAITING_BYTES: Final = 4_000_000
"""Maximum number of bytes in memory, with few parts."""
BYTES_A_PART: Final = 4096
"""Bytes in memory for each part, with many parts, so that each write is worth opening its file."""


class _Owner(msgspec.Struct, gc=False):
    """Whose line it is. Lines for which this fails are decoded one by one."""

    time: str
    event: str
    host: str = ""
    boot: str = ""


_LINES: Final = msgspec.json.Decoder(_Owner)


class _Parts:
    """The temporary files of one journal."""

    def __init__(self, folder: Path, journal: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._journal = journal
        self._numbers: dict[Hashable, int] = {}
        self._waiting: list[list[bytes]] = []
        self._waiting_bytes = 0

    def add(self, names: Iterable[Hashable], written: Sequence[bytes]) -> None:
        """Add lines, each to the part of its name."""
        numbers, waiting = self._numbers, self._waiting
        for name, line in zip(names, written, strict=True):
            number = numbers.get(name)
            if number is None:
                number = numbers[name] = len(numbers) % MAX_PARTS
                if number == len(waiting):
                    waiting.append([])
            waiting[number].append(line)
        self._waiting_bytes += sum(map(len, written))
        if self._waiting_bytes > max(MAX_WAITING_BYTES, BYTES_A_PART * len(waiting)):
            self._write()

    def finish(self, *, alternating: bool) -> Iterator[Source]:
        """Yield the parts, in the order of their first lines."""
        self._write()
        for number in range(len(self._waiting)):
            path = self._find_path(number)
            status = path.stat()
            place = path, status.st_dev, status.st_ino, status.st_size
            yield Source(*place, given=self._journal, alternating=alternating)

    def _write(self) -> None:
        for number, part in enumerate(self._waiting):
            if part:
                spool.append(self._find_path(number), b"\n".join(part) + b"\n")
                part.clear()
        self._waiting_bytes = 0

    def _find_path(self, number: int) -> Path:
        return self._folder / f"{number}.jsonl"


def split_by_host(sources: Sequence[Source], notes: Counter[str]) -> list[Source]:
    """Return the lines of each computer name, with a file for each; NoRoomError, or OSError if a source is unreadable.

    The sources of a journal must be in order of time. What is not an event is left out, and counted in `notes`.
    """
    return _split(sources, lambda owner: owner.host, notes, alternating=False)


def split_by_boot(sources: Sequence[Source], notes: Counter[str]) -> list[Source]:
    """Return the lines of each boot of each computer name, as `split_by_host` does."""
    return _split(sources, lambda owner: (owner.host, owner.boot), notes, alternating=True)


def _split(
    sources: Sequence[Source],
    find_name: Callable[[_Owner | JournalEvent], Hashable],
    notes: Counter[str],
    *,
    alternating: bool,
) -> list[Source]:
    counted = Counter[str]()
    folder = spool.make_folder()
    journals: dict[Path, _Parts] = {}
    try:
        spool.check_room(Path(folder.name), sum(source.size for source in sources))
        for source in sources:
            journal = strip_rotation(source.name)
            if journal not in journals:
                journals[journal] = _Parts(Path(folder.name) / str(len(journals)), journal)
            for owners, written in _read(source, counted):
                journals[journal].add(map(find_name, owners), written)
        found = [part for parts in journals.values() for part in parts.finish(alternating=alternating)]
    except OSError:
        folder.cleanup()
        raise
    for source in sources:
        if source.given:
            # It was split before.
            source.path.unlink()
    notes.update(counted)
    return found


def _read(
    source: Source, notes: Counter[str]
) -> Iterator[tuple[Sequence[_Owner | JournalEvent], list[bytes]]]:
    """Yield the lines of a file, and whose they are."""
    descriptor = source.open()
    try:
        for _, chunk in lines.read_forwards(descriptor, 0, source.size, notes):
            written = chunk.split(b"\n")
            written.pop()
            owners = _decode(chunk, written)
            yield (owners, written) if owners is not None else _parse_lines(written, notes)
    finally:
        os.close(descriptor)


def _decode(chunk: bytes, written: list[bytes]) -> list[_Owner] | None:
    """Return whose the lines are; None if one may not be an event."""
    try:
        owners = _LINES.decode_lines(chunk)
    except (ValueError, RecursionError):
        return None
    is_short = len(chunk) <= MAX_LINE_BYTES or max(map(len, written)) <= MAX_LINE_BYTES
    return owners if is_short and len(owners) == len(written) else None


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
