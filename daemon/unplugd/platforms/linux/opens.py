"""Announces that a program has opened or closed a node of a watched device, so that a look can find out which.

An announcement is only a hint, as with uevents: a look follows at once, and another one shortly after the last of a
burst. The second one is needed since the kernel announces an opening before /proc shows it; a program may then still
be starting or about to claim the device, and the kernel may have transfers to make after it was closed.

System services open every device that they see, and any program can do so without end. Therefore the looks keep a
pace, and between an announcement and its look nothing more is read: what never stops wakes nobody up.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.loop import Source
from unplugd.platforms.linux.inotify import OPENED_OR_CLOSED, OVERFLOW, Inotify
from unplugd.platforms.linux.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECOND_LOOK_SECONDS: Final = 0.2
"""Seconds from an announcement to the second look."""


class Opens(Source):
    """Calls `on_use` when a node of a watched device was opened or closed; a look, which calls `watch`, must follow."""

    def __init__(self, now: Callable[[], float], on_use: Callable[[], None] | None = None) -> None:
        self.on_use = on_use
        """None: nothing is watched."""
        self.unwatched: dict[str, str] = {}
        """The nodes of the last look that cannot be watched, with the reason."""
        self._now = now
        self._pace = Pace()
        self._inotify: Inotify | None = None
        self._watches: set[int] = set()
        self._changed = False
        self._waits = False
        """Whether what was announced waits for a look, which will read the rest."""
        self._look_at: float | None = None

    @property
    def watches_all(self) -> bool:
        """Whether all nodes of the last look are watched."""
        return self._inotify is not None and not self.unwatched

    def fileno(self) -> int:
        """Return the descriptor of the announcements, -1 while there is nothing to wait for."""
        return -1 if self._inotify is None or self._waits else self._inotify.descriptor

    def ready(self) -> None:
        """Read the announcements, and make a look due."""
        self._read()
        if self._changed:
            self._waits = True
            self._look_at = self._pace.find_next(self._now())

    def deadline(self) -> float | None:
        """Return when a look is due."""
        return self._look_at

    def expire(self, now: float) -> None:
        """Call `on_use` if a look is due."""
        if self._look_at is not None and now >= self._look_at:
            self._look_at, self._waits = None, False
            self._pace.note(now)
            if self.on_use:
                self.on_use()

    def watch(self, nodes: Sequence[str]) -> bool:
        """Watch these nodes only; return whether one may have been opened or closed since the last call.

        Called by each look before it looks: what happens from then on is announced.
        """
        before = self._watches
        self._set_watches(nodes if self.on_use else ())
        self._read()
        changed, self._changed = self._changed, False
        self._waits = False
        if changed:
            now = self._now()
            self._look_at = max(now + SECOND_LOOK_SECONDS, self._pace.find_next(now))
        elif self._inotify is None:
            self._look_at = None
        return changed or not self._watches <= before

    def close(self) -> None:
        """Watch nothing any longer."""
        if self._inotify:
            self._inotify.close()
        self._inotify, self._watches = None, set()

    def _set_watches(self, nodes: Sequence[str]) -> None:
        self.unwatched = {}
        if not nodes:
            self.close()
            return
        try:
            inotify = self._inotify = self._inotify or Inotify()
        except OSError as error:
            self.unwatched = dict.fromkeys(nodes, error.strerror or str(error))
            return
        # Watched anew each time, which changes nothing for a file that is watched already: udev may have let this user
        # read the node, and a driver may have made another one of that name.
        watches = set()
        for node in nodes:
            try:
                watches.add(inotify.add(node))
            except OSError as error:
                self.unwatched[node] = error.strerror or os.strerror(error.errno or 0)
        for gone in self._watches - watches:
            # The kernel itself has done so if the node no longer exists.
            with contextlib.suppress(OSError):
                inotify.remove(gone)
        self._watches = watches

    def _read(self) -> None:
        """Read what was announced."""
        if self._inotify:
            masks = self._inotify.read()
            self._changed = self._changed or any(mask & (OPENED_OR_CLOSED | OVERFLOW) for mask in masks)
