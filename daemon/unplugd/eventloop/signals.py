"""Signals as a source of the loop."""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable


class Signals(Source):
    """Signals as a source: the handler only writes a byte, the work is done in the loop."""

    def __init__(self, actions: dict[signal.Signals, Callable[[str], None]]) -> None:
        self._actions = actions
        self._read, self._wake = socket.socketpair()
        self._read.setblocking(False)
        self._wake.setblocking(False)
        self._before = {number: signal.signal(number, lambda *_: None) for number in actions}
        self._before_wake = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def fileno(self) -> int:
        """Return the descriptor that is readable after a signal."""
        return self._read.fileno()

    def ready(self) -> None:
        """Act on the signals that came."""
        with contextlib.suppress(BlockingIOError):
            for number in self._read.recv(64):
                action = self._actions.get(signal.Signals(number))
                if action:
                    action(signal.Signals(number).name)

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._before_wake)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._read.close()
        self._wake.close()
