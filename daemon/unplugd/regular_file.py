"""Opens regular files only: no pipe makes unplugd wait, and no device or folder is taken for a file."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_FLAGS: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Even if a pipe takes the file's place just before it is opened, nobody waits for it."""


class NotAFileError(OSError):
    """Something else, such as a pipe, is in a file's place."""


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of a regular file; NotAFileError for anything else, another OSError if it cannot be opened.

    If it is created, only the user can read it.
    """
    # If it does not exist, opening it creates it or says so.
    with contextlib.suppress(FileNotFoundError):
        _check_kind(path.stat(), path)
    descriptor = os.open(path, flags | _FLAGS, 0o600)
    try:
        _check_kind(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(status: os.stat_result, path: Path) -> None:
    for is_kind, kind in _KINDS:
        if is_kind(status.st_mode):
            raise NotAFileError(errno.EINVAL, f"it is {kind}, not a file", str(path))
