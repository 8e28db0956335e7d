"""The figures of an interval of time, and the report made of them. Pure.

An interval excludes its end. Only the part of a duration within the interval is counted; everything else is counted in
the interval in which it began. So the figures of days, devices, computers, or of the time before and after any moment
add up to the total, to the millisecond, except for the longest durations and the median.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec

from unplugd.review.model import AWAY, Period, Watched
from unplugd.rules import events

OUTCOMES: Final[tuple[str, ...]] = (*events.OUTCOMES, AWAY, "")
"""The outcomes of a reminder, best first; "" if the journal does not say."""
ABSENCES: Final[tuple[str, ...]] = (*events.ABSENCES, "")
"""Why nobody is in front of the computer; "" if unknown."""


class Figures(msgspec.Struct, frozen=True):
    """The figures of an interval. Durations are in seconds; the longest ones are those of a single period.

    `periods`: how many times a device was plugged in. `unused_for`: `plugged_for` minus `used_for`. `uses`,
    `reminders`, `snoozes`: how many began; a reminder about two devices counts for each. `strangers`: unknown programs
    on the devices, each once per period. `outcomes` are those of the reminders, and add up to their number. `away_for`:
    the part of `plugged_for` in which nobody was in front of the computer, by reason.

    `reaction` is the median time from the first reminder after the last use to the unplug, without the time in which
    nobody was in front, over the periods that were seen to end in the interval; None if there are none.
    `over_half_an_hour` and `over_three_hours`: how many of the periods that ended in the interval lasted for longer than
    that after that reminder, including those that were not seen to be unplugged.
    """

    periods: int = 0
    plugged_for: float = 0.0
    used_for: float = 0.0
    unused_for: float = 0.0
    longest: float = 0.0
    longest_unused: float = 0.0
    uses: int = 0
    reminders: int = 0
    outcomes: Mapping[str, int] = msgspec.field(default_factory=dict)
    reaction: float | None = None
    over_half_an_hour: int = 0
    over_three_hours: int = 0
    snoozes: int = 0
    snoozed_for: float = 0.0
    strangers: int = 0
    away_for: Mapping[str, float] = msgspec.field(default_factory=dict)


class Report(msgspec.Struct, frozen=True):
    """Everything in a report. Times are Unix seconds; days are local days of `zone`.

    `notes` counts what was unusual in the journal, with the keys of `notes.NOTES`. `before` has the figures of the
    equally long time before, or None if the journal does not go back that far.
    """

    since: float
    until: float
    zone: str
    total: Figures
    before: Figures | None
    days: tuple[tuple[date, Figures], ...]
    """The days with data, oldest first."""
    devices: tuple[tuple[str, str, Figures], ...]
    """Name, id and figures of each."""
    computers: tuple[tuple[str, Figures], ...]
    periods: tuple[Period, ...]
    """The periods that overlap the report's interval, cut to it, oldest first."""
    held_back: tuple[tuple[str, int, float], ...]
    """Programs that held reminders back by running ("" if unknown): how many times, and for how many seconds in all.

    The longest time comes first. Two devices with reminders held back at the same time count twice.
    """
    watched: tuple[Watched, ...]
    not_watched_for: float
    """Seconds for which unplugd was not running, added up over the computers.

    A computer counts from the first time unplugd ran on it.
    """
    notes: Mapping[str, int]
