"""The event loop: the sources, and one turn of the loop, which waits for all of them.

A turn waits until a descriptor is ready or a deadline has passed, then calls `ready` of each source that is ready and
`expire` of every source. There is only one thread, so neither may block.
"""

from __future__ import annotations

import errno
import select
import selectors
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Source:
    """Something to wait for; subclasses override what they need."""

    def parts(self) -> Sequence[Source]:
        """Return the sources that this one consists of: usually only itself."""
        return (self,)

    def fileno(self) -> int:
        """Return the descriptor to wait on, -1 if there is currently none."""
        return -1

    def events(self) -> int:
        """Return the events to wait for on the descriptor: EVENT_READ, EVENT_WRITE or both."""
        return selectors.EVENT_READ

    def ready(self) -> None:
        """Handle the events on the descriptor, without blocking."""

    def deadline(self) -> float | None:
        """Return when `expire` will have work to do, None if never."""
        return None

    def expire(self, now: float) -> None:
        """Do what is due at `now`, without blocking."""

    def close(self) -> None:
        """Release everything."""


def turn(sources: Sequence[Source], now: Callable[[], float], until: float | None) -> None:
    """Wait for the sources, at most until `until` (None: no limit), then let them do their work."""
    parts = [part for source in sources for part in source.parts()]
    deadlines = [until, *(part.deadline() for part in parts)]
    earliest = min((deadline for deadline in deadlines if deadline is not None), default=None)
    by_descriptor = {part.fileno(): part for part in parts if part.fileno() >= 0}
    for descriptor in _wait(by_descriptor, None if earliest is None else max(0.0, earliest - now())):
        by_descriptor[descriptor].ready()
    moment = now()
    for part in parts:
        part.expire(moment)


def _wait(sources: Mapping[int, Source], seconds: float | None) -> list[int]:
    """Return the descriptors that are ready, waiting for the first at most `seconds` (None: no limit)."""
    events = {descriptor: source.events() for descriptor, source in sources.items()}
    if sys.platform == "win32":
        return _select(events, seconds)
    # Make a new poll object each time: a source that reconnects may get the same descriptor, which a selector kept
    # between turns would mistake for the old one.
    poll = select.poll()
    for descriptor, wanted in events.items():
        reads, writes = wanted & selectors.EVENT_READ, wanted & selectors.EVENT_WRITE
        poll.register(descriptor, (select.POLLIN if reads else 0) | (select.POLLOUT if writes else 0))
    try:
        return [descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)]
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    # There are more descriptors than the process may have: its limit was lowered. select() does not mind.
    return _select(events, seconds)


def _select(events: Mapping[int, int], seconds: float | None) -> list[int]:
    """Do the same as `_wait`, with select(), which on Windows takes sockets only, and at least one."""
    if not events and seconds is not None:
        time.sleep(seconds)
        return []
    readers = [descriptor for descriptor, wanted in events.items() if wanted & selectors.EVENT_READ]
    writers = [descriptor for descriptor, wanted in events.items() if wanted & selectors.EVENT_WRITE]
    readable, writable, _ = select.select(readers, writers, (), seconds)
    return list({*readable, *writable})
