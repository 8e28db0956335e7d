"""The records of a review: periods with their uses, reminders and snoozes. Pure.

Moments are Unix seconds, durations seconds. All texts are sanitized, but none is escaped.
"""

from __future__ import annotations

from typing import Literal

import msgspec

End = Literal["unplugged", "unseen", "cut", "open"]
"""How a period ended.

`unplugged`: the unplug was observed. `unseen`: it was unplugged while unplugd was not running, and ends with its last
event. `cut`: cut off by a crash, and ends with its last event. `open`: it has not ended.
"""


class Use(msgspec.Struct, frozen=True, gc=False):
    """A use by upload software; `program` is "" if it cannot be named."""

    began: float
    ended: float
    program: str
    evidence: str


class Reminder(msgspec.Struct, frozen=True, gc=False):
    """A reminder; `outcome` is "" if the journal has none, as when the next reminder replaced it."""

    at: float
    count: int
    urgency: str
    channel: str
    outcome: str


class Snooze(msgspec.Struct, frozen=True, gc=False):
    """A time without reminders that the person asked for."""

    began: float
    ended: float


class Period(msgspec.Struct, frozen=True):
    """A device plugged into a computer, from plug-in to unplug; a replug within ten seconds continues it.

    Its uses and its snoozes lie within it, in order and without overlaps.
    """

    host: str
    device: str
    id: str
    name: str
    began: float
    ended: float
    end: End
    uses: tuple[Use, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    snoozes: tuple[Snooze, ...] = ()
    strangers: tuple[str, ...] = ()

    @property
    def plugged_for(self) -> float:
        """Seconds plugged in, including those of a replug."""
        return self.ended - self.began

    @property
    def used_for(self) -> float:
        """Seconds in use."""
        return sum(use.ended - use.began for use in self.uses)

    @property
    def unused_for(self) -> float:
        """Seconds left plugged in unused."""
        return self.plugged_for - self.used_for


class Watched(msgspec.Struct, frozen=True, gc=False):
    """A time in which unplugd was running on a computer; there is no data for the rest."""

    host: str
    began: float
    ended: float


class Review(msgspec.Struct, frozen=True):
    """All that a journal says; `notes` counts what was unusual, by the keys of `notes.NOTES`."""

    periods: tuple[Period, ...] = ()
    watched: tuple[Watched, ...] = ()
    notes: dict[str, int] = msgspec.field(default_factory=dict)


class Part(msgspec.Struct, frozen=True):
    """The review of a part of the events, and what is needed to join it with others (see `parts`)."""

    review: Review
    boots: frozenset[tuple[str, str]]
    """Computer and boot of all events, also of those that make no sense."""
    hosts: frozenset[str]
    """The computers of those that do."""
    continued_host: str | None
    """The computer that has later boots in the next part."""
    all_timed: bool
    """Whether each event of a boot says when in it it happened."""
