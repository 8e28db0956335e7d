"""The records of a review: periods with their uses, reminders and snoozes. Pure.

Times are Unix seconds, durations are in seconds. All texts are sanitized, but not escaped.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

End = Literal["unplugged", "unseen", "cut", "open"]
"""How a period ended.

`unplugged`: the unplug was observed. `unseen`: the device was unplugged while unplugd was not running; ends at the last
event. `cut`: cut off by a crash; ends at the last event. `open`: not ended.
"""


AWAY: Final = "away"
"""The outcome of a reminder without an answer if its person was not in front for a part of the time until the next."""


class Use(msgspec.Struct, frozen=True, gc=False):
    """A use by upload software; `program` is "" if unknown."""

    began: float
    ended: float
    program: str
    evidence: str


class Reminder(msgspec.Struct, frozen=True, gc=False):
    """A reminder; `outcome` is "" if the journal has none, for example because the next reminder replaced it.

    It is `AWAY` instead if the person was away meanwhile. `session` stands for the account of the person who was reminded; "" if unknown.
    """

    at: float
    count: int
    urgency: str
    channel: str
    outcome: str
    session: str = ""


class Snooze(msgspec.Struct, frozen=True, gc=False):
    """A time for which the person snoozed the reminders."""

    began: float
    ended: float


class HeldBack(msgspec.Struct, frozen=True, gc=False):
    """A time for which a program held reminders back by running; `program` is "" if unknown."""

    began: float
    ended: float
    program: str


class Absence(msgspec.Struct, frozen=True, gc=False):
    """A time for which nobody was in front of the computer, as far as its daemons know; `why` is "" if unknown."""

    began: float
    ended: float
    why: str


class Period(msgspec.Struct, frozen=True):
    """A device plugged into a computer, from plug-in to unplug; a replug within ten seconds continues it.

    Its uses, its snoozes, its absences and the times for which reminders were held back are within it, in order and
    without overlaps.
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
    held_back: tuple[HeldBack, ...] = ()
    absences: tuple[Absence, ...] = ()

    @property
    def plugged_for(self) -> float:
        """Seconds plugged in, including the gaps of replugs."""
        return self.ended - self.began

    @property
    def used_for(self) -> float:
        """Seconds in use."""
        return sum(use.ended - use.began for use in self.uses)

    @property
    def unused_for(self) -> float:
        """Seconds left plugged in unused."""
        return self.plugged_for - self.used_for

    @property
    def away_for(self) -> dict[str, float]:
        """Seconds for which nobody was in front, by reason."""
        seconds: dict[str, float] = {}
        for absence in self.absences:
            seconds[absence.why] = seconds.get(absence.why, 0.0) + absence.ended - absence.began
        return seconds


class Watched(msgspec.Struct, frozen=True, gc=False):
    """A time during which unplugd was running on a computer; there is no data for the rest."""

    host: str
    began: float
    ended: float


class Review(msgspec.Struct, frozen=True):
    """The contents of a journal; `notes` counts what was unusual, with the keys of `notes.NOTES`."""

    periods: tuple[Period, ...] = ()
    watched: tuple[Watched, ...] = ()
    notes: dict[str, int] = msgspec.field(default_factory=dict)


class Part(msgspec.Struct, frozen=True):
    """The review of a part of the events, with what is needed to join it to others (see `parts`)."""

    review: Review
    boots: frozenset[tuple[str, str]]
    """The computer and boot of all events, including invalid ones."""
    hosts: frozenset[str]
    """The computers of the valid events."""
    continued_host: str | None
    """The computer with later boots in the next part, if any."""
    all_timed: bool
    """Whether every event that names a boot has a valid uptime."""
