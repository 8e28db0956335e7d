"""Writes lines to stderr in a thread of its own: on Windows nothing tells whether that would block.

It does while a person marks text in the console, which can be for days, or while nobody reads a pipe.
"""

from __future__ import annotations

import atexit
import os
import queue
import sys
import threading
from functools import cache
from typing import Final

MAX_LINES: Final = 100
"""Most lines that wait; what comes after them is lost."""
TIMEOUT_SECONDS: Final = 0.5
"""Seconds that the end of the program waits for the lines that are left."""


class PatientWriter:
    """Writes to a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[bytes] = queue.Queue(MAX_LINES)
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Have a line written soon, unless too many wait."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return

    def close(self) -> None:
        """Give the lines that are left a moment."""
        self.write(b"")
        self._thread.join(TIMEOUT_SECONDS)

    def _write_all(self) -> None:
        # Nothing is the end.
        while line := self._lines.get():
            try:
                os.write(self._descriptor, line)
            except OSError:
                # The reader or the console is gone.
                continue


@cache
def get_writer() -> PatientWriter:
    """Return the writer to stderr, which is closed when the program ends."""
    writer = PatientWriter(sys.stderr.fileno())
    atexit.register(writer.close)
    return writer
