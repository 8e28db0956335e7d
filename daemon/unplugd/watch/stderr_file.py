"""The file that stderr goes to, kept small: launchd never looks after it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

MAX_BYTES: Final = 1_000_000
"""Bytes that the file may have; as many again are kept beside it."""


def trim(path: Path, stream: TextIO | None = None, limit: int = MAX_BYTES) -> bool:
    """Empty the file `path` if `stream` (stderr) goes there and it is longer than `limit`; return whether.

    Its end is kept as FILE.1. What cannot be tidied is left alone. Quick enough to be called now and then.
    """
    stream = stream or sys.stderr
    try:
        descriptor = stream.fileno() if stream else -1
        about = os.fstat(descriptor)
        # Any other file that stderr goes to is not ours to shorten.
        if about.st_size <= limit or not os.path.samestat(about, path.lstat()):
            return False
        _keep_end(path, limit)
        # In place, since whoever started us holds it open, too.
        os.ftruncate(descriptor, 0)
        # Without O_APPEND the next line would go where the last one ended, behind a hole.
        os.lseek(descriptor, 0, os.SEEK_SET)
    except (OSError, ValueError):
        return False
    return True


def _keep_end(path: Path, limit: int) -> None:
    """Write the last `limit` bytes, from the beginning of a line, into FILE.1."""
    with path.open("rb") as file:
        file.seek(-limit, os.SEEK_END)
        end = file.read(limit)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        # Nobody else may read it, nor put a link in its place.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(end[end.find(b"\n") + 1 :])
        fresh.replace(path.with_name(f"{path.name}.1"))
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
