"""Events → plugged-in periods with their uses, idle stretches, reminders, snoozes. Pure, streaming, in one pass.

Times are Unix seconds (UTC), durations seconds. A period is laid out backwards from the last event about it, by the
clock that counts sleep and is never set (`uptime`): so its durations are exact when the wall clock jumps, and a clock
that was wrong at plug-in and right later puts it where it belongs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

End = Literal["unplugged", "unseen", "cut", "open"]
"""How a period ended: seen; while unplugd did not run (known until the last word of it); cut by a crash, likewise; not yet."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use by upload software, or by somebody who cannot be named (`program` "")."""

    began: float
    ended: float
    program: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder and what became of it; `outcome` "" where the journal does not say."""

    at: float
    count: int
    urgency: str
    channel: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """One time of silence that the person asked for."""

    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Period:
    """A device plugged into a computer, from plug-in to unplug; a replug within ten seconds goes on with it."""

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


@dataclass(frozen=True, slots=True)
class Watched:
    """A stretch in which unplugd ran on a computer: outside of it nobody knows what was plugged in."""

    host: str
    began: float
    ended: float
