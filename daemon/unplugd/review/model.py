"""What a review tells: periods with their uses, reminders and snoozes. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

End = Literal["unplugged", "unseen", "cut", "open"]
"""How a period ended: seen; while unplugd did not run (known until the last word of it); cut by a crash, likewise; not yet."""


class Use(msgspec.Struct, frozen=True, gc=False):
    """One use by upload software, or by somebody who cannot be named (`program` "")."""

    began: float
    ended: float
    program: str
    evidence: str


class Reminder(msgspec.Struct, frozen=True, gc=False):
    """One reminder and what became of it; `outcome` "" where the journal does not say: the next one took its place."""

    at: float
    count: int
    urgency: str
    channel: str
    outcome: str


class Snooze(msgspec.Struct, frozen=True, gc=False):
    """One time of silence that the person asked for."""

    began: float
    ended: float


class Period(msgspec.Struct, frozen=True):
    """A device plugged into a computer, from plug-in to unplug; a replug within ten seconds goes on with it.

    Uses and snoozes lie within it, in order, and those of a kind never overlap.
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
        """Seconds plugged in; the moments of a replug count, since the period goes on."""
        return self.ended - self.began

    @property
    def used_for(self) -> float:
        """Seconds used."""
        return sum(use.ended - use.began for use in self.uses)

    @property
    def unused_for(self) -> float:
        """Seconds left plugged in unused."""
        return self.plugged_for - self.used_for


class Watched(msgspec.Struct, frozen=True, gc=False):
    """A stretch in which unplugd ran on a computer: outside of it nobody knows what was plugged in."""

    host: str
    began: float
    ended: float


class Review(msgspec.Struct, frozen=True):
    """All that a journal tells: `notes` counts what was met on the way, by the keys of `notes.NOTES`."""

    periods: tuple[Period, ...] = ()
    watched: tuple[Watched, ...] = ()
    notes: dict[str, int] = msgspec.field(default_factory=dict)


class Part(msgspec.Struct, frozen=True):
    """The review of a part of the events, and what has to be known to join it with others: see `parts`."""

    review: Review
    boots: frozenset[tuple[str, str]]
    """Computer and boot of all events, also of those that make no sense."""
    hosts: frozenset[str]
    """The computers of those that do."""
    continued_host: str | None
    """The computer that has later boots in the next part."""
    all_timed: bool
    """Whether each event of a boot says when in it it happened."""
