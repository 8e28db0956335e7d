"""The signals that stop the program or have it reload its configuration, as a source of the event loop."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.loop import Source

if sys.platform == "win32":
    from unplugd.eventloop.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

STOPPING: Final = ("SIGTERM", "SIGINT", "SIGBREAK")
"""SIGBREAK is Ctrl-Break on Windows. No other program can send SIGTERM there: it means that the console's window is
closed, or that the session ends."""
RELOADING: Final = ("SIGHUP",)
"""Windows has no signal for it; there, as everywhere, a command can ask for it."""


class Signals(Source):
    """Calls `stop`, with the signal's name, or `reload`, from the loop rather than from the signal handler."""

    def __init__(self, stop: Callable[[str], None], reload: Callable[[], None]) -> None:
        self._stop = stop
        self._reload = reload
        self._read, self._wake = socket.socketpair()
        self._read.setblocking(False)
        self._wake.setblocking(False)
        known = signal.Signals.__members__
        handled = [known[name] for name in (*STOPPING, *RELOADING) if name in known]
        self._previous = {number: signal.signal(number, lambda *_: None) for number in handled}
        self._previous_wakeup = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        if sys.platform == "win32":
            self._console = Console()

    def fileno(self) -> int:
        """Return the descriptor from which the numbers of received signals are read."""
        return self._read.fileno()

    def ready(self) -> None:
        """Do what the signals received mean."""
        with contextlib.suppress(BlockingIOError):
            for number in self._read.recv(64):
                # A number that is not handled here comes from another library's handler.
                if number in self._previous:
                    name = signal.Signals(number).name
                    if name in RELOADING:
                        self._reload()
                    else:
                        self._stop(name)

    def close(self) -> None:
        """Restore the previous handlers."""
        signal.set_wakeup_fd(self._previous_wakeup)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._read.close()
        self._wake.close()
        if sys.platform == "win32":
            self._console.close()
