"""`unplugd log --follow`: yields each new event of journals that are being written, exactly once.

When the journal is rotated, its file gets a new name, and a new file takes its place. A follower keeps the file open
that it reads, and identifies files by device and inode number. When newer files have appeared, it reads the rest of its
file and continues with the next one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from unplugd import regular_file
from unplugd.cli.stdout_reader import StdoutReader
from unplugd.cli.terminal import say
from unplugd.journal import event, sources
from unplugd.journal.files import MAX_LINE_BYTES, list_files
from unplugd.journal.merge import Batch

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from unplugd.journal.sources import Source

POLL_SECONDS: Final = 0.25
"""Seconds between checks for new lines."""
READ_BYTES: Final = 60_000
SEEK_BYTES: Final = 4096


@dataclass
class _Tail:
    """A journal, the open file that is being read, and the position in it."""

    path: Path
    descriptor: int | None = None
    position: int = 0
    rest: bytes = b""
    """The beginning of an incomplete line."""
    skipping: bool = False
    """Whether the line at `position` is being skipped because it is too long."""
    unreadable: bool = False
    """Whether the file could not be opened, which is reported once."""


class Follower:
    """Follows journals from the moment it is created.

    `limit` limits the files to what was there at that moment; `follow` yields what comes later.
    """

    def __init__(self, files: Sequence[Path], notes: Counter[str]) -> None:
        self._notes = notes
        self._tails = [_Tail(path) for path in files]
        for tail in self._tails:
            self._open(tail)
            if tail.descriptor is not None:
                tail.position = _find_end_of_lines(tail.descriptor)

    def limit(self, found: Sequence[Source]) -> list[Source]:
        """Return the files without what `follow` will yield, which is newer files and the ends of the followed ones."""
        known = {}
        newer: set[tuple[int, int]] = set()
        for tail in self._tails:
            identity = None
            if tail.descriptor is not None:
                status = os.fstat(tail.descriptor)
                identity = (status.st_dev, status.st_ino)
                known[identity] = tail.position
            appeared = _list_newer(tail.path, identity) if identity else [tail.path]
            newer.update(identity for _, identity in _list_identities(appeared))
        return [
            replace(source, size=known.get(source.identity, source.size))
            for source in found
            if source.identity not in newer or source.identity in known
        ]

    def follow(self) -> Iterator[Batch]:
        """Yield new events as they arrive, forever; BrokenPipeError if the reader of stdout is gone."""
        reader = StdoutReader()
        while True:
            for tail in self._tails:
                for chunk in self._read(tail):
                    batch = Batch(*event.decode(chunk, self._notes))
                    if batch.events:
                        yield batch
            reader.wait(POLL_SECONDS)

    def _read(self, tail: _Tail) -> Iterator[bytes]:
        """Yield the complete lines that have been added to a journal."""
        if tail.descriptor is None:
            self._open(tail)
        while tail.descriptor is not None:
            yield from self._read_lines(tail, tail.descriptor)
            status = os.fstat(tail.descriptor)
            newer = _list_newer(tail.path, (status.st_dev, status.st_ino))
            if not newer:
                return
            # The file was rotated, so nothing more will be written to it: read what is left.
            yield from self._read_lines(tail, tail.descriptor)
            if tail.rest:
                yield tail.rest + b"\n"
            os.close(tail.descriptor)
            tail.descriptor, tail.rest, tail.skipping = None, b"", False
            self._open(tail, newer[0])

    def _read_lines(self, tail: _Tail, descriptor: int) -> Iterator[bytes]:
        if os.fstat(descriptor).st_size < tail.position:
            say(f"unplugd: {tail.path.name} was truncated; reading it from the start")
            tail.position, tail.rest, tail.skipping = 0, b"", False
        while more := regular_file.read_at(descriptor, READ_BYTES, tail.position):
            tail.position += len(more)
            if tail.skipping:
                _, newline, more = more.partition(b"\n")
                tail.skipping = not newline
            chunk = tail.rest + more
            end = chunk.rfind(b"\n") + 1
            tail.rest = chunk[end:]
            if len(tail.rest) > MAX_LINE_BYTES:
                self._notes["too_long"] += 1
                tail.rest, tail.skipping = b"", True
            if end:
                yield chunk[:end]

    def _open(self, tail: _Tail, path: Path | None = None) -> None:
        """Open the journal or one of its rotated files; if it is unreadable, report that once."""
        try:
            tail.descriptor = regular_file.open_file(path or tail.path)
        except FileNotFoundError:
            # The daemon has not created it yet.
            return
        except OSError as error:
            if not tail.unreadable:
                say(f"unplugd: {sources.describe_unreadable(tail.path, error)}")
            tail.unreadable = True
            return
        tail.position = 0
        tail.unreadable = False


def _list_newer(path: Path, identity: tuple[int, int]) -> list[Path]:
    """Return the journal's files that are newer than the file with this identity, oldest first.

    If that file is gone, return only the current one.
    """
    if [found_identity for _, found_identity in _list_identities([path])] == [identity]:
        # Most looks end here, and there are four a second.
        return []
    found = _list_identities(list_files(path))
    # A rotation may happen while listing the files: list them again until nothing changes.
    for _ in range(5):
        before, found = found, _list_identities(list_files(path))
        if before == found:
            break
    identities = [found_identity for _, found_identity in found]
    if identity in identities:
        return [file for file, _ in found[identities.index(identity) + 1 :]]
    # The file was deleted or replaced. Older files have been read already.
    return [file for file, _ in found if file == path]


def _list_identities(files: Sequence[Path]) -> list[tuple[Path, tuple[int, int]]]:
    """Return the files that exist, with their device and inode numbers."""
    found = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((file, (status.st_dev, status.st_ino)))
    return found


def _find_end_of_lines(descriptor: int) -> int:
    """Return the position after the last complete line of a file."""
    position = os.fstat(descriptor).st_size
    while position:
        begin = max(0, position - SEEK_BYTES)
        found = regular_file.read_at(descriptor, position - begin, begin).rfind(b"\n") + 1
        if found:
            return begin + found
        position = begin
    return 0
