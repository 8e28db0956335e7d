"""Unix signals as a source of the event loop."""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable


class Signals(Source):
    """Calls the action for each signal, with the signal's name, from the loop rather than from the signal handler."""

    def __init__(self, actions: dict[signal.Signals, Callable[[str], None]]) -> None:
        self._actions = actions
        self._read, self._wake = socket.socketpair()
        self._read.setblocking(False)
        self._wake.setblocking(False)
        self._previous = {number: signal.signal(number, lambda *_: None) for number in actions}
        self._previous_wakeup = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def fileno(self) -> int:
        """Return the descriptor from which the numbers of received signals are read."""
        return self._read.fileno()

    def ready(self) -> None:
        """Call the actions for the signals received."""
        with contextlib.suppress(BlockingIOError):
            for number in self._read.recv(64):
                action = self._actions.get(signal.Signals(number))
                if action:
                    action(signal.Signals(number).name)

    def close(self) -> None:
        """Restore the previous handlers."""
        signal.set_wakeup_fd(self._previous_wakeup)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._read.close()
        self._wake.close()
