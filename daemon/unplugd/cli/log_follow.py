"""Journals that are being written: each new event once, through rotations and whatever else happens to the files."""

from __future__ import annotations

import os
import select
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from unplugd.cli.terminal import say
from unplugd.journal import event, sources
from unplugd.journal.files import MAX_LINE_BYTES, list_files
from unplugd.journal.merge import Batch

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from unplugd.journal.sources import Source

POLL_MILLISECONDS: Final = 250
"""Milliseconds from one look at the files to the next."""


@dataclass
class _Tail:
    """One journal, with the descriptor of the file that it was when last read, and how far that was."""

    path: Path
    descriptor: int | None = None
    position: int = 0
    rest: bytes = b""
    skipping: bool = False
    troubled: bool = False


class Follower:
    """Journals opened at this moment: `until_now` limits what is read of them, `batches` yields what comes after."""

    def __init__(self, files: Sequence[Path], notes: Counter[str]) -> None:
        self._notes = notes
        self._tails = [_Tail(path) for path in files]
        for tail in self._tails:
            self._open(tail)
            if tail.descriptor is not None:
                tail.position = _whole_lines(tail.descriptor)

    def until_now(self, found: Sequence[Source]) -> list[Source]:
        """Return the files to be read before: those followed to where they were, and none that came after."""
        known = {}
        newer: set[tuple[int, int]] = set()
        for tail in self._tails:
            identity = None
            if tail.descriptor is not None:
                status = os.fstat(tail.descriptor)
                identity = (status.st_dev, status.st_ino)
                known[identity] = tail.position
            came = _after(tail.path, identity) if identity else [tail.path]
            newer.update(one for _, one in _identities(came))
        return [
            replace(source, size=known.get(source.identity, source.size))
            for source in found
            if source.identity not in newer or source.identity in known
        ]

    def batches(self) -> Iterator[Batch]:
        """Yield what comes, for ever."""
        poll = select.poll()
        # Nothing is asked for: what is told is that the reader is gone.
        poll.register(sys.stdout.fileno(), 0)
        while True:
            for tail in self._tails:
                for chunk in self._read(tail):
                    batch = Batch(*event.decode(chunk, self._notes))
                    if batch.events:
                        yield batch
            for _, happened in poll.poll(POLL_MILLISECONDS):
                if happened & (select.POLLERR | select.POLLHUP):
                    raise BrokenPipeError
                poll.unregister(sys.stdout.fileno())

    def _read(self, tail: _Tail) -> Iterator[bytes]:
        if tail.descriptor is None and not self._open(tail):
            return
        while tail.descriptor is not None:
            yield from self._more(tail)
            status = os.fstat(tail.descriptor)
            newer = _after(tail.path, (status.st_dev, status.st_ino))
            if not newer:
                return
            # It was rotated. What was written to it before that is all there now.
            yield from self._more(tail)
            if tail.rest:
                yield tail.rest + b"\n"
            os.close(tail.descriptor)
            tail.descriptor, tail.rest, tail.skipping = None, b"", False
            if not self._open(tail, newer[0]):
                return

    def _more(self, tail: _Tail) -> Iterator[bytes]:
        assert tail.descriptor is not None  # noqa: S101 - for the type checker
        if os.fstat(tail.descriptor).st_size < tail.position:
            say(f"unplugd: {tail.path.name} was cut; it is read from its beginning")
            tail.position, tail.rest, tail.skipping = 0, b"", False
        while more := os.pread(tail.descriptor, 60_000, tail.position):
            tail.position += len(more)
            if tail.skipping:
                _, ended, more = more.partition(b"\n")
                tail.skipping = not ended
            chunk = tail.rest + more
            whole = chunk.rfind(b"\n") + 1
            tail.rest = chunk[whole:]
            if len(tail.rest) > MAX_LINE_BYTES:
                self._notes["too_long"] += 1
                tail.rest, tail.skipping = b"", True
            if whole:
                yield chunk[:whole]

    def _open(self, tail: _Tail, path: Path | None = None) -> bool:
        try:
            tail.descriptor = sources.open_file(path or tail.path)
        except FileNotFoundError:
            # It will come.
            return False
        except OSError as error:
            if not tail.troubled:
                say(f"unplugd: {sources.describe_unreadable(tail.path, error)}")
            tail.troubled = True
            return False
        tail.position = 0
        tail.troubled = False
        return True


def _after(path: Path, identity: tuple[int, int]) -> list[Path]:
    """Return the journal's files that came after the one with this identity, oldest first; the present one if it is gone."""
    found = _identities(list_files(path))
    for _ in range(5):
        before, found = found, _identities(list_files(path))
        if before == found:
            break
    known = [one for _, one in found]
    if identity in known:
        return [file for file, _ in found[known.index(identity) + 1 :]]
    # Somebody removed it or put another in its place; what is older has been read.
    return [file for file, _ in found if file == path]


def _identities(files: Sequence[Path]) -> list[tuple[Path, tuple[int, int]]]:
    found = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((file, (status.st_dev, status.st_ino)))
    return found


def _whole_lines(descriptor: int) -> int:
    """Return how far a file consists of whole lines."""
    position = os.fstat(descriptor).st_size
    while position:
        begin = max(0, position - 4096)
        found = os.pread(descriptor, position - begin, begin).rfind(b"\n") + 1
        if found:
            return begin + found
        position = begin
    return 0
