"""The console of Windows: that somebody closes its window, which is no signal, becomes SIGTERM."""

from __future__ import annotations

import ctypes
import signal
import threading
from typing import Final

from unplugd.win32 import kernel32
from unplugd.win32.library import CALLBACK

CLOSING: Final = frozenset({2, 5, 6})
"""CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT and CTRL_SHUTDOWN_EVENT."""
TIMEOUT_SECONDS: Final = 4.0
"""Seconds for which the end is awaited; Windows itself waits 5, and then ends the process."""
_HANDLER: Final = CALLBACK(ctypes.c_int, ctypes.c_uint32)


class Console:
    """Watches the console from its creation on."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        # Windows has only a pointer to it.
        self._handler = _HANDLER(self._handle)
        kernel32.load().SetConsoleCtrlHandler(self._handler, True)

    def close(self) -> None:
        """Say that the program has written everything, and stop watching."""
        self._ended.set()
        kernel32.load().SetConsoleCtrlHandler(self._handler, False)

    def _handle(self, event: int) -> int:
        """Return whether the event is dealt with; Windows calls this in a thread of its own."""
        if event not in CLOSING:
            return 0
        signal.raise_signal(signal.SIGTERM)
        # When this returns, Windows ends the process.
        self._ended.wait(TIMEOUT_SECONDS)
        return 1
