"""The kernel's inotify(7), which Python's standard library lacks: it announces that a file is opened or closed."""

from __future__ import annotations

import errno
import os
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable, Sequence

CLOSE_WRITE: Final = 0x08
CLOSE_NOWRITE: Final = 0x10
OPEN: Final = 0x20
OVERFLOW: Final = 0x4000
"""More was announced than the kernel keeps."""
OPENED_OR_CLOSED: Final = OPEN | CLOSE_WRITE | CLOSE_NOWRITE
MAX_BYTES: Final = 65536
"""How much is read at once: four thousand announcements."""
LIMITS: Final = {
    errno.EMFILE: "too many inotify instances, or too many open files",
    errno.ENOSPC: "too many inotify watches",
}
"""What is at its limit; the kernel's own words for it mislead, such as "No space left on device"."""


class Inotify:
    """One inotify instance. Every method may raise OSError."""

    def __init__(self) -> None:
        # Loading it takes 3 ms and half a megabyte. Small Pythons do not have it, and a hardened system may refuse it
        # the memory.
        try:
            import ctypes  # noqa: PLC0415 - not before a device is plugged in
        except (ImportError, MemoryError) as error:
            raise OSError(errno.ENOSYS, "this Python cannot load ctypes") from error
        self._library: ctypes.CDLL = ctypes.CDLL(None, use_errno=True)
        self._read_errno: Callable[[], int] = ctypes.get_errno
        # Its two flags have the values of O_NONBLOCK and O_CLOEXEC.
        self.descriptor = self._call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)

    def add(self, path: str) -> int:
        """Announce when the file is opened or closed; return the number of this watch, which is the file's own.

        The file must be readable, but it is not opened.
        """
        return self._call("inotify_add_watch", self.descriptor, os.fsencode(path), OPENED_OR_CLOSED)

    def remove(self, watch: int) -> None:
        """Announce a file no longer."""
        self._call("inotify_rm_watch", self.descriptor, watch)

    def read(self) -> Sequence[int]:
        """Return what happened since the last call, as the masks of the announcements, without blocking."""
        try:
            announced = os.read(self.descriptor, MAX_BYTES)
        except BlockingIOError:
            return []
        # Watched files that are no folders are announced without a name: each announcement has the same length.
        return [mask for _, mask, _, _ in struct.iter_unpack("iIII", announced)]

    def close(self) -> None:
        """Close it; nothing is watched any longer."""
        os.close(self.descriptor)

    def _call(self, name: str, *arguments: Any) -> int:
        result: int = self._library[name](*arguments)
        if result < 0:
            number = self._read_errno()
            raise OSError(number, LIMITS.get(number) or os.strerror(number))
        return result
