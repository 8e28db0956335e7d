"""Selects the events of the journal that `unplugd log` shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from unplugd.cli.timespan import parse_range
from unplugd.journal.merge import Batch
from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    import argparse

    from unplugd.journal.event import JournalEvent


class EventFilter:
    """Selects events by time, kind and device, according to the options of `unplugd log`.

    A reminder only names ports, so a filter by device must know which device is on a port. It learns this from the
    earlier events.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        since, until = parse_range(arguments)
        self.since = -math.inf if since is None else since
        """No earlier event is selected (Unix seconds)."""
        self._until = math.inf if until is None else until
        self._any_time = since is None and until is None
        self._events: frozenset[str] | None = frozenset(arguments.event) if arguments.event else None
        self._device: str = (arguments.device or "").casefold()
        self._matches: dict[tuple[str, str, str], bool] = {}
        """Whether the device on a port is selected, by host, boot and port."""
        # People rarely want to see checkpoints: there is one every five minutes.
        self._checkpoints = arguments.format != "text" or self._events is not None
        self.checkpoints_skipped = 0
        self.selects_all = self._checkpoints and self._events is None and not self._device and self._any_time

    def select(self, batch: Batch) -> Batch:
        """Return the events of a batch that should be shown."""
        if self.selects_all:
            return batch
        if self._device:
            self._learn_ports(batch.events)
        kept = [number for number, event in enumerate(batch.events) if self._is_selected(event)]
        if len(kept) == len(batch.events):
            return batch
        if not kept:
            return Batch([], b"")
        lines = batch.lines
        return Batch.from_pairs((batch.events[number], lines[number]) for number in kept)

    def _is_selected(self, event: JournalEvent) -> bool:
        # Check the device first, because it also learns from events that are not shown.
        if self._device and not self._is_about_device(event):
            return False
        if self._events is not None and event.event not in self._events:
            return False
        # An event without a valid time (NaN) is in no range.
        if not self._any_time and not self.since <= parse_timestamp(event.time) < self._until:
            return False
        if not self._checkpoints and event.event == "checkpoint":
            self.checkpoints_skipped += 1
            return False
        return True

    def _learn_ports(self, events: list[JournalEvent]) -> None:
        """Remember which device was on each port at the beginning of the batch; batches may come newest first."""
        self._matches |= {
            _find_place(event): self._matches_text(event) for event in reversed(events) if event.device
        }

    def _is_about_device(self, event: JournalEvent) -> bool:
        if event.device:
            self._matches[_find_place(event)] = matches = self._matches_text(event)
            return matches
        return any(
            port.casefold() == self._device or self._matches.get((event.host, event.boot, port), False)
            for port in event.devices
        )

    def _matches_text(self, event: JournalEvent) -> bool:
        text = self._device
        return text in (event.device.casefold(), event.id.casefold()) or text in event.name.casefold()


def _find_place(event: JournalEvent) -> tuple[str, str, str]:
    return event.host, event.boot, event.device
