"""Waiting for many things at once: the sources of the loop, signals among them."""

from __future__ import annotations

import contextlib
import select
import selectors
import signal
import socket
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Source(Protocol):
    """Something to wait for. `fileno` is -1 while there is nothing; `ready` and `expire` never block."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""

    def events(self) -> int:
        """Return what to wait for on it, as `selectors` has it."""

    def ready(self) -> None:
        """Take what came."""

    def deadline(self) -> float | None:
        """Return when `expire` wants to be called."""

    def expire(self, now: float) -> None:
        """Give up on what is overdue."""

    def close(self) -> None:
        """Let go of everything."""


class Signals:
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

    def events(self) -> int:
        """Return what to wait for."""
        return selectors.EVENT_READ

    def ready(self) -> None:
        """Act on the signals that came."""
        with contextlib.suppress(BlockingIOError):
            for number in self._read.recv(64):
                action = self._actions.get(signal.Signals(number))
                if action:
                    action(signal.Signals(number).name)

    def deadline(self) -> float | None:
        """Return None: nothing is ever overdue."""
        return None

    def expire(self, now: float) -> None:
        """Do nothing, likewise."""

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._before_wake)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._read.close()
        self._wake.close()


def turn(sources: Sequence[Source], now: Callable[[], float], until: float | None) -> None:
    """Wait for the sources, at most until `until` (None: for ever), and let them do what there is to do."""
    deadlines = [until, *(source.deadline() for source in sources)]
    earliest = min((deadline for deadline in deadlines if deadline is not None), default=None)
    # Made anew each time: a source that connects again may get the same descriptor, which a selector that is kept
    # would take for the old one.
    poll = select.poll()
    by_descriptor = {source.fileno(): source for source in sources if source.fileno() >= 0}
    for descriptor, source in by_descriptor.items():
        poll.register(
            descriptor, select.POLLIN | (select.POLLOUT if source.events() & selectors.EVENT_WRITE else 0)
        )
    for descriptor, _ in poll.poll(None if earliest is None else max(0.0, earliest - now()) * 1000):
        by_descriptor[descriptor].ready()
    moment = now()
    for source in sources:
        source.expire(moment)
