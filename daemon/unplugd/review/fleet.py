"""The report on many computers: whom to call, how they compare, and what is wrong. Pure.

Its size depends on the number of computers and of days, not on that of events. Times are Unix seconds, durations are in
seconds.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from unplugd.review.figures import Figures

MIN_COMPUTERS: Final = 11
"""From this many computers on, a report is one on many computers."""
RECENT_SECONDS: Final = 24 * 3600.0
"""A computer with an event in this time before the end has been heard from."""
SILENT_SECONDS: Final = 7 * 24 * 3600.0
"""A computer without an event in this time before the end is silent: what is plugged in there is unknown."""
MAX_WORST: Final = 20
"""Maximum number of computers among the worst."""
SHARES: Final = ("none", "under_1_hour", "1_to_8_hours", "8_to_24_hours", "always")
"""The classes of computers by how long something was left plugged in unused on an average day with data.

`always`: at least 23.5 hours.
"""


class PluggedIn(msgspec.Struct, frozen=True):
    """A device that was plugged in when its computer was last heard from; unused since `unused_since`."""

    host: str
    name: str
    id: str
    device: str
    since: float
    unused_since: float
    reminders: int
    """How many reminders there were since `unused_since`."""
    heard: float
    """When the computer was last heard from."""


class Computer(msgspec.Struct, frozen=True):
    """A computer and its figures."""

    host: str
    heard: float | None
    """The time of its last event before the end of the report; None if it has none with a time."""
    version: str
    """The version of unplugd that last started there; "" if unknown."""
    figures: Figures
    before: Figures | None
    """The figures of the equally long time before; None if its journal does not go back that far."""
    days: int
    """The number of local days with data."""
    days_over_an_hour: int
    """The number of days on which something was left plugged in unused for more than an hour."""
    not_watched_for: float
    """Seconds for which unplugd was not running, or not heard from, from the first time it ran there."""
    failed_reminders: int
    """How many reminders could not be shown."""
    lost_events: int
    notes: dict[str, int]
    """What was unusual in its journal, with the keys of `notes.NOTES`."""


class Spread(msgspec.Struct, frozen=True):
    """How long something was left plugged in unused, in seconds per computer and day: how the computers are spread."""

    median: float
    ninety_percent: float
    """Nine of ten computers are below it."""
    worst: float


class Week(msgspec.Struct, frozen=True):
    """A week from Monday on: the figures of all computers, and how the computers with data were spread."""

    monday: date
    figures: Figures
    computers: int
    spread: Spread


class Trouble(msgspec.Struct, frozen=True):
    """What is wrong, and where: `kind` is a key of `fleet_wording.TROUBLE`, any other one is shown as it is."""

    kind: str
    hosts: tuple[str, ...]
    """The computers, or the files."""


class Fleet(msgspec.Struct, frozen=True):
    """The report on many computers, from `since` to `until`; days are local days of `zone`."""

    since: float
    until: float
    zone: str
    total: Figures
    before: Figures | None
    days: tuple[tuple[date, Figures], ...]
    devices: tuple[tuple[str, str, Figures], ...]
    """Name, id and figures of each."""
    computers: tuple[Computer, ...]
    """Every computer, by name."""
    heard: int
    """How many were heard from in the last `RECENT_SECONDS`."""
    plugged_in: tuple[PluggedIn, ...]
    """What is plugged in unused at the end, at computers that were heard from recently: those unused longest first."""
    perhaps_plugged_in: tuple[PluggedIn, ...]
    """What was plugged in when its computer was last heard from, longer ago: those heard from last come first."""
    silent: tuple[tuple[str, float | None], ...]
    """The computers that were not heard from for `SILENT_SECONDS`, with when they last were, the longest first."""
    spread: Spread | None
    spread_before: Spread | None
    weeks: tuple[Week, ...]
    """Oldest first."""
    shares: tuple[int, ...]
    """The number of computers in each of `SHARES`."""
    worst: tuple[Computer, ...]
    """At most `MAX_WORST`: those where something was left plugged in unused longest, longest first."""
    trouble: tuple[Trouble, ...]
    held_back: tuple[tuple[str, int, float], ...]
    """As in `Report`."""
    not_watched_for: float
    notes: dict[str, int]
