"""Writes lines to stderr in a thread of its own: on Windows nothing tells whether that would block.

It does while a person marks text in the console, which can be for days, or while nobody reads a pipe.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from io import RawIOBase

MAX_LINES: Final = 100
"""Most lines that wait; what comes after them is lost."""
TIMEOUT_SECONDS: Final = 0.5
"""Seconds that the end of the program waits for the lines that are left."""


class PatientWriter:
    """Writes UTF-8 to a raw file; Python's raw file for a console turns it into what that shows."""

    def __init__(self, file: RawIOBase) -> None:
        self._file = file
        self._lines: queue.Queue[bytes] = queue.Queue(MAX_LINES)
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, text: str) -> bool:
        """Have whole lines written soon; return False if too many wait already, which loses these."""
        try:
            self._lines.put_nowait(text.encode(errors="backslashreplace"))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Give the lines that are left a moment."""
        self.write("")
        self._thread.join(TIMEOUT_SECONDS)

    def _write_all(self) -> None:
        # Nothing is the end.
        while rest := self._lines.get():
            # If the reader or the console is gone, it is lost.
            with contextlib.suppress(OSError, ValueError):
                while rest:
                    rest = rest[self._file.write(rest) or 0 :]


@cache
def get_writer() -> PatientWriter:
    """Return the writer to stderr, which is closed when the program ends."""
    # Not the buffer, which the main thread could not have at its end while this one waits.
    writer = PatientWriter(cast("Any", sys.stderr.buffer).raw)
    atexit.register(writer.close)
    return writer
