"""Writes events to the journal. Failed writes are retried; errors are reported when they begin and when they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd import account, plurals
from unplugd.journal import writer
from unplugd.journal.station import find_station

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unplugd.platforms.protocol import Platform
    from unplugd.rules.devices import Device
    from unplugd.rules.events import Event

RETRY_SECONDS: Final = 60.0
"""Seconds after which waiting events are retried if nothing else triggers it."""


class Recorder:
    """The journal as the daemon uses it; `wall` is the wall clock."""

    def __init__(
        self, path: Path, platform: Platform, wall: Callable[[], float], report: Callable[[str], None]
    ) -> None:
        self._file = writer.JournalFile(path)
        self._journal = writer.Journal(
            self._file,
            boot=platform.boot_id(),
            now=platform.now,
            wall=wall,
            station=find_station(platform.machine_id(), account.find_number()),
        )
        self._now = platform.now
        self._report = report
        self._tried_at = 0.0
        self.error: str | None = None
        """Why the journal cannot be written, None if it can."""

    @property
    def waiting(self) -> int:
        """The number of events that could not be written yet."""
        return self._file.waiting

    @property
    def hint(self) -> str | None:
        """What to do so that the journal can be written, None if it can."""
        return self._file.hint

    def write(self, event: Event, device: Device | None = None, at: float | None = None) -> None:
        """Write an event; `at` is its time if not now."""
        self._journal.write(event, device, at)
        self._check_error()

    def retry(self) -> None:
        """Try to write the waiting events."""
        self._journal.retry()
        self._check_error()

    def report_lost(self) -> None:
        """Report the events that are lost now, because the daemon ends before they could be written."""
        if self.waiting:
            events = plurals.pluralize(self.waiting, "event", "events")
            self._report(f"{events} could not be written to the journal: {self.error}")

    def deadline(self) -> float | None:
        """Return when to call `retry` at the latest, None if no events are waiting."""
        return self._tried_at + RETRY_SECONDS if self.waiting else None

    def _check_error(self) -> None:
        self._tried_at = self._now()
        error = self._file.error
        if error != self.error:
            self.error = error
            self._report(
                f"the journal cannot be written: {error}" if error else "the journal can be written again"
            )
