"""Locks open files. The system releases a lock when the file is closed, however the process ends."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt
    from ctypes import byref
    from typing import Final

    from unplugd.win32 import kernel32
    from unplugd.win32.kernel32 import Overlapped
    from unplugd.win32.library import get_last_error, make_error

    FAIL_IMMEDIATELY: Final = 1
    EXCLUSIVE: Final = 2
    FAR_AWAY: Final = 1 << 62
    """The position of the byte that is locked: Windows lets nobody else read what is locked."""
    LOCK_VIOLATION: Final = 33

    def lock_file(descriptor: int, *, shared: bool = False) -> None:
        """Lock a file; BlockingIOError if another one has locked it, another OSError if it cannot be locked."""
        flags = FAIL_IMMEDIATELY | (0 if shared else EXCLUSIVE)
        place = Overlapped(offset=FAR_AWAY)
        handle = msvcrt.get_osfhandle(descriptor)
        if not kernel32.load().LockFileEx(handle, flags, 0, 1, 0, byref(place)):
            if (code := get_last_error()) == LOCK_VIOLATION:
                raise BlockingIOError
            raise make_error("LockFileEx", code)

    def unlock_file(descriptor: int) -> None:
        """Unlock a file."""
        place = Overlapped(offset=FAR_AWAY)
        kernel32.load().UnlockFileEx(msvcrt.get_osfhandle(descriptor), 0, 1, 0, byref(place))

else:
    import fcntl

    def lock_file(descriptor: int, *, shared: bool = False) -> None:
        """Lock a file; BlockingIOError if another one has locked it, another OSError if it cannot be locked."""
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def unlock_file(descriptor: int) -> None:
        """Unlock a file."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
