"""The file that stderr is redirected to where the service has no other log: by launchd, or here on Windows."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

from unplugd import private_folder, regular_file

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

MAX_BYTES: Final = 1_000_000
"""Maximum size of the file in bytes; as much again is kept in FILE.1."""


def redirect(path: Path) -> None:
    """Have what is written to stderr appended to `path`; errors are ignored, since nobody would see them."""
    with contextlib.suppress(OSError):
        private_folder.make(path.parent)
        descriptor = regular_file.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        # Not closed before the end of the process.
        sys.stderr = os.fdopen(
            descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", newline="\n"
        )


def trim(path: Path, stream: TextIO | None = None, limit: int = MAX_BYTES) -> bool:
    """Truncate `path` if `stream` (stderr) writes to it and it is longer than `limit` bytes; return whether it was.

    Its end is kept as FILE.1. Errors are ignored. This is cheap enough to be called after each line.
    """
    stream = stream or sys.stderr
    try:
        descriptor = stream.fileno() if stream else -1
        status = os.fstat(descriptor)
        # If stderr writes to any other file, leave it alone: it is not ours.
        if status.st_size <= limit or not os.path.samestat(status, path.lstat()):
            return False
        _keep_end(path, limit)
        # Truncate in place, since the process that started us has the file open as well.
        os.ftruncate(descriptor, 0)
        # Without O_APPEND, the next line would be written at the old offset, after a hole.
        os.lseek(descriptor, 0, os.SEEK_SET)
    except (OSError, ValueError):
        return False
    return True


def _keep_end(path: Path, limit: int) -> None:
    """Write the last `limit` bytes, starting at a whole line, to FILE.1."""
    with os.fdopen(regular_file.open_file(path), "rb") as file:
        file.seek(-limit, os.SEEK_END)
        end = file.read(limit)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        # O_EXCL: do not follow a link that someone has put there.
        descriptor = regular_file.open_file(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "wb") as file:
            file.write(end[end.find(b"\n") + 1 :])
        fresh.replace(path.with_name(f"{path.name}.1"))
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
