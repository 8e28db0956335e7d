"""Opens regular files only: no pipe makes unplugd wait, and no device or folder is taken for a file.

On Windows a file is opened so that others may rename, replace or remove it meanwhile, as they may on any other system:
an open reader must not keep the journal from being rotated.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
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

if sys.platform == "win32":
    import ctypes
    import msvcrt

    from unplugd.win32 import files, kernel32

    def read_at(descriptor: int, most: int, position: int) -> bytes:
        """Return at most so many bytes at a position of a file; nobody else may read with this descriptor meanwhile."""
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, most)

    def _open(path: Path, flags: int) -> int:
        kernel = kernel32.load()
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        new = files.CREATE_NEW if flags & os.O_EXCL else files.OPEN_ALWAYS
        handle = kernel.CreateFileW(
            str(path),
            files.GENERIC_READ | (files.GENERIC_WRITE if writes else 0),
            files.SHARE_ALL,
            None,
            new if flags & os.O_CREAT else files.OPEN_EXISTING,
            files.FILE_ATTRIBUTE_NORMAL,
            None,
        )
        if handle == kernel32.INVALID_HANDLE:
            error = ctypes.WinError(ctypes.get_last_error())
            raise OSError(error.errno, error.strerror, str(path), error.winerror)
        try:
            # Without O_BINARY, line ends would be changed, and the first Ctrl-Z would end the file.
            descriptor = msvcrt.open_osfhandle(handle, flags | os.O_BINARY | os.O_NOINHERIT)
        except OSError:
            kernel.CloseHandle(handle)
            raise
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
        return descriptor

else:
    read_at = os.pread

    def _open(path: Path, flags: int) -> int:
        # Even if a pipe takes the file's place just before it is opened, nobody waits for it.
        return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o600)


class NotAFileError(OSError):
    """Something else, such as a pipe, is in a file's place."""


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of a regular file; NotAFileError for anything else, another OSError if it cannot be opened.

    If it is created, only the user can read it.
    """
    # If it does not exist, opening it creates it or says so.
    with contextlib.suppress(FileNotFoundError):
        _check_kind(path.stat(), path)
    descriptor = _open(path, flags)
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
