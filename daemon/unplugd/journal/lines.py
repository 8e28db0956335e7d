"""Reads whole lines in chunks, forwards or backwards, in bounded memory whatever the file contains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd import regular_file
from unplugd.journal.files import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

CHUNK_BYTES: Final = 60_000
"""Bytes read at a time; small enough for the processor's cache."""
BOM: Final = b"\xef\xbb\xbf"


def read_forwards(descriptor: int, begin: int, end: int, notes: Counter[str]) -> Iterator[tuple[int, bytes]]:
    """Yield chunks of whole lines between two offsets, each with its offset; lines that are too long are skipped."""
    position = _skip_bom(descriptor, begin)
    rest = b""
    skipping = False
    while position < end:
        more = regular_file.read_at(descriptor, min(CHUNK_BYTES, end - position), position)
        if not more:
            # The file has been truncated since it was found.
            notes["cut_file"] += 1
            break
        position += len(more)
        if skipping:
            _, ended, more = more.partition(b"\n")
            skipping = not ended
        if whole := more.rfind(b"\n") + 1:
            yield position - len(more) - len(rest), rest + more[:whole]
            rest = more[whole:]
        else:
            rest += more
        if len(rest) > MAX_LINE_BYTES:
            notes["too_long"] += 1
            rest, skipping = b"", True
    if rest:
        yield position - len(rest), rest + b"\n"


def read_backwards(descriptor: int, begin: int, end: int, notes: Counter[str]) -> Iterator[bytes]:
    """Yield chunks of whole lines, last chunk first; within a chunk, the lines are in file order."""
    begin = _skip_bom(descriptor, begin)
    position = end
    rest = b""
    skipping = False
    while position > begin:
        size = min(CHUNK_BYTES, position - begin)
        position -= size
        more = regular_file.read_at(descriptor, size, position)
        if len(more) < size:
            notes["cut_file"] += 1
        if skipping:
            more, ended, _ = more.rpartition(b"\n")
            more += ended
            skipping = not ended
        chunk = more + rest
        # Where the first line begins is only known from the data before it.
        first = (chunk.find(b"\n") + 1 or len(chunk)) if position > begin else 0
        rest, whole = chunk[:first], chunk[first:]
        if whole:
            yield whole if whole.endswith(b"\n") else whole + b"\n"
        if len(rest) > MAX_LINE_BYTES + 1:
            notes["too_long"] += 1
            rest, skipping = b"", True


def _skip_bom(descriptor: int, begin: int) -> int:
    """Return where the text begins, after the byte order mark that some editors write."""
    return len(BOM) if begin == 0 and regular_file.read_at(descriptor, len(BOM), 0) == BOM else begin


def are_objects(written: Iterable[bytes]) -> bool:
    """Return whether each line begins and ends like an object.

    If there are as many objects as such lines, each has one; else a line with two could make up for one without any.
    """
    return {line[:1] + line[-1:] for line in written} <= {b"{}"}
