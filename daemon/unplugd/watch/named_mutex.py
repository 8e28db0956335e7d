"""A mutex with a name, which needs no file and exists as long as a process has it; for Windows.

It is a lock: only one process of the session can have it, and it is free again however that process ends.
"""

from __future__ import annotations

import binascii
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.win32 import kernel32

if TYPE_CHECKING:
    from pathlib import Path

_SYNCHRONIZE: Final = 0x100000
"""The right to wait for an object."""
_FREE: Final = frozenset({0, 0x80})
"""WAIT_OBJECT_0, and WAIT_ABANDONED: the process that had it has ended without releasing it."""


class Mutex:
    """A mutex that this thread has."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def close(self) -> None:
        """Release it."""
        system = kernel32.load()
        system.ReleaseMutex(self._handle)
        system.CloseHandle(self._handle)


class Owner(NamedTuple):
    """Who has a mutex: its process id is not known (0)."""

    process: int
    is_me: bool


def make_name(path: Path) -> str:
    """Return the name that belongs to this file; for the same file, in whatever case it is written."""
    # Everybody can read the names, so this must not contain the path, which may contain the user's name.
    number = binascii.crc32(os.fsencode(os.path.normcase(os.path.realpath(path))))
    return f"unplugd-{number:08x}"


def take_name(name: str) -> Mutex | None:
    """Take the mutex of this name; None if somebody has it already."""
    system = kernel32.load()
    handle = system.CreateMutexW(None, False, f"Local\\{name}")
    if not handle:
        return None
    # One that exists may have no owner: its process has ended, but another one is asking for it as well.
    if system.WaitForSingleObject(handle, 0) in _FREE:
        return Mutex(handle)
    system.CloseHandle(handle)
    return None


def find_owner(name: str) -> Owner | None:
    """Return who has the mutex of this name; None if nobody does, or another user."""
    system = kernel32.load()
    handle = system.OpenMutexW(_SYNCHRONIZE, False, f"Local\\{name}")
    if not handle:
        return None
    system.CloseHandle(handle)
    return Owner(0, is_me=True)
