"""Where an event is in its boot, which decides the order in which events are read. Pure."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from unplugd.journal import kinds
from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    from unplugd.journal.event import JournalEvent

UNTIMED_SECONDS: Final = 1e12
"""What makes any time on the wall clock negative, in seconds."""
_UPTIME: Final = attrgetter("uptime")
_BOOT: Final = attrgetter("boot")


def find_position(event: JournalEvent) -> float:
    """Return the position of an event in its boot, in seconds; its wall-clock time if it names no boot.

    An event without an uptime comes before all others of its boot, and among its like the wall clock decides: its
    position is negative.
    """
    if event.boot and event.uptime >= 0:
        return event.uptime
    at = parse_timestamp(event.time)
    if math.isnan(at):
        return -1.0
    return at - UNTIMED_SECONDS if event.boot else at


def find_positions(events: list[JournalEvent]) -> list[float]:
    """Return the position of each event in its boot."""
    positions = list(map(_UPTIME, events))
    if min(positions) < 0 or not all(map(_BOOT, events)):
        positions = list(map(find_position, events))
    return positions


def find_order(event: JournalEvent) -> tuple[int, str, float]:
    """Return the sort key of an event among events with the same time."""
    return kinds.sort_key(event.event, event.device, event.outcome)
