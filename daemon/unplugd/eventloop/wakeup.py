"""Wakes the loop from another thread."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable


class Wakeup(Source):
    """Calls `on_wake` from the loop, once for any number of calls of `wake` before that."""

    def __init__(self, on_wake: Callable[[], None]) -> None:
        self._on_wake = on_wake
        # On Windows, the loop can wait for sockets only.
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def wake(self) -> None:
        """Wake the loop; to be called from any thread."""
        # If the buffer is full, the loop is about to wake. If it is closed, the loop has ended.
        with contextlib.suppress(OSError):
            self._write.send(b"\0")

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._read.fileno()

    def ready(self) -> None:
        """Take note of the calls, and call `on_wake`."""
        with contextlib.suppress(BlockingIOError):
            while len(self._read.recv(4096)) == 4096:
                pass
        self._on_wake()

    def close(self) -> None:
        """Release the sockets."""
        self._read.close()
        self._write.close()
