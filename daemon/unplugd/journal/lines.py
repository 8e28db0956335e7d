"""The lines of a file, in chunks: from the beginning or from the end, with bounded memory whatever is in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from unplugd.journal.files import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

CHUNK_BYTES: Final = 60_000
"""Bytes read at once: small enough for the processor's own memory, and for the longest line that is let through."""
BOM: Final = b"\xef\xbb\xbf"


def read_forwards(descriptor: int, begin: int, end: int, notes: Counter[str]) -> Iterator[tuple[int, bytes]]:
    """Yield whole lines between two offsets, as offsets and chunks that end with a line end; too long ones are counted."""
    position = _skip_mark(descriptor, begin)
    rest = b""
    skipping = False
    while position < end:
        more = os.pread(descriptor, min(CHUNK_BYTES, end - position), position)
        if not more:
            # It has become shorter since it was found.
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
    """Yield the same chunks, the last one first; inside a chunk the lines stay in their order."""
    begin = _skip_mark(descriptor, begin)
    position = end
    rest = b""
    skipping = False
    while position > begin:
        size = min(CHUNK_BYTES, position - begin)
        position -= size
        more = os.pread(descriptor, size, position)
        if len(more) < size:
            notes["cut_file"] += 1
        if skipping:
            more, ended, _ = more.rpartition(b"\n")
            more += ended
            skipping = not ended
        chunk = more + rest
        # Where the first line begins is seen only with what stands before it.
        first = (chunk.find(b"\n") + 1 or len(chunk)) if position > begin else 0
        rest, whole = chunk[:first], chunk[first:]
        if whole:
            yield whole if whole.endswith(b"\n") else whole + b"\n"
        if len(rest) > MAX_LINE_BYTES + 1:
            notes["too_long"] += 1
            rest, skipping = b"", True


def _skip_mark(descriptor: int, begin: int) -> int:
    """Return where the text begins: after the mark that some editors put at the beginning of a file."""
    return len(BOM) if begin == 0 and os.pread(descriptor, len(BOM), 0) == BOM else begin
