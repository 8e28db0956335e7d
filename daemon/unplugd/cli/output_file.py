"""Writes a file that a command was told to write."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from unplugd import paths, private_folder, sanitize
from unplugd.errors import Failure
from unplugd_service import atomic

if TYPE_CHECKING:
    from pathlib import Path


def write_file(file: Path, text: str) -> str:
    """Write a file that only the user can read, in the place of what was there; return its path for a message.

    Failure if it cannot be written.
    """
    shown = sanitize.one_line(paths.shorten(file), 1000)
    try:
        _write(file, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise Failure(
            f"{shown}: cannot be written: {error.strerror or type(error).__name__}",
            "choose a folder that you can write to",
        ) from None
    return shown


def is_replaceable(file: Path) -> bool:
    """Whether it can be written several times, unlike a pipe or a terminal."""
    return file.is_file() or not file.exists()


def _write(file: Path, content: bytes) -> None:
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not is_replaceable(file):
        with file.open("wb") as pipe:
            pipe.write(content)
        return
    # The user's own link stays one; another user's is not followed.
    atomic.write(private_folder.resolve(file) if file.is_symlink() else file, content)
