"""The figures of an interval of time, and the report that they make up. Pure.

An interval is from a moment to just before another. Each duration is the part of it within the interval; whatever is
counted belongs to the interval in which it began. So the figures of days, devices, computers, or of the time before and
after any moment, add up to those of the whole, to the millisecond; only the longest durations and the median do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from unplugd.rules import events

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from unplugd.review.model import Period, Watched

OUTCOMES: Final[tuple[str, ...]] = (*events.OUTCOMES, "")
"""The outcomes of a reminder, the best first; "" where the journal does not say."""


class Figures(msgspec.Struct, frozen=True):
    """The figures of an interval. Durations in seconds; the longest ones are of one period.

    `periods`: how often something was plugged in. `unused_for`: `plugged_for` less `used_for`. `uses`, `reminders`,
    `snoozes`: how many began; a reminder about two devices counts for each. `strangers`: unknown programs on the
    devices, each once a period. `outcomes` are those of the reminders, and add up to them.

    `reaction` is the median time from the first reminder after the last use to the unplug, in the periods whose end was
    seen in the interval; None if there are none.
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
    snoozes: int = 0
    snoozed_for: float = 0.0
    strangers: int = 0


class Report(msgspec.Struct, frozen=True):
    """All that a report says. Times are Unix seconds; days are local ones, of `zone`.

    `notes` counts what was unusual in the journal, by the keys of `notes.NOTES`. `before` are the figures of the equally
    long time before, None where the journal does not reach back that far.
    """

    since: float
    until: float
    zone: str
    total: Figures
    before: Figures | None
    days: tuple[tuple[date, Figures], ...]
    """Those with data, oldest first."""
    devices: tuple[tuple[str, str, Figures], ...]
    """Name, id, figures."""
    computers: tuple[tuple[str, Figures], ...]
    periods: tuple[Period, ...]
    """Those that are not over by `since` and have begun by `until`, cut to these, oldest first."""
    watched: tuple[Watched, ...]
    not_watched_for: float
    """Seconds in which unplugd was not running, added up over the computers.

    A computer counts from the first time that unplugd ran on it.
    """
    notes: Mapping[str, int]
