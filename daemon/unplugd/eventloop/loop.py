"""Waiting for many things at once: the sources of the loop, signals among them."""

from __future__ import annotations

import select
import selectors
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
