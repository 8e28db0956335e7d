"""A period that is still growing, and the clock of its boot. Pure.

All times here are on the clock of the boot (`uptime`), which counts sleep and is never set. `wall` is what the wall
clock showed. It is only read from the last event, and only when needed, since parsing a date costs more than all other
work on a checkpoint.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

import msgspec

from unplugd.journal.timestamps import MAX_WALL_SECONDS, parse_timestamp
from unplugd.review.model import AWAY, Absence, HeldBack, Snooze, Use

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.journal.event import JournalEvent
    from unplugd.review.model import End


MAX_SECONDS: Final = 1e9
"""Largest plausible uptime or duration, in seconds (31 years)."""
JUMP_SECONDS: Final = 60.0
"""Seconds by which the wall clock and uptime must differ to count as a jump; drift is much smaller."""
MIN_MISSING_USE_SECONDS: Final = 1.0
"""Shortest use without its own events that is restored from later totals, in seconds."""
Span = TypeVar("Span", HeldBack, Absence)
"""A time with a begin, an end, and a text."""


class OpenSpans(Generic[Span]):
    """The times of one kind in a period; the last one may be in progress."""

    __slots__ = ("_make", "current", "finished")

    def __init__(self, make: Callable[[float, float, str], Span]) -> None:
        self._make: Callable[[float, float, str], Span] = make
        self.current: tuple[float, str] | None = None
        """Begin and text of the one in progress."""
        self.finished: list[Span] = []

    def begin(self, at: float, text: str) -> None:
        """Begin a time, ending the current one."""
        self.end(at)
        self.current = (at, text)

    def end(self, at: float) -> None:
        """End the current time, if any."""
        if self.current:
            began, text = self.current
            self.finished.append(self._make(began, max(began, at), text))
            self.current = None


class OpenReminder(msgspec.Struct, gc=False):
    """A reminder whose outcome may not be known yet."""

    at: float
    count: int
    urgency: str
    channel: str
    session: str
    outcome: str = ""


class OpenReminders:
    """The reminders of a period, and when nobody was there to see them; `is_shown`: one is on the screen."""

    __slots__ = ("absences", "delivered", "is_shown")

    def __init__(self) -> None:
        self.delivered: list[OpenReminder] = []
        self.is_shown = False
        self.absences = OpenSpans(Absence)

    def excuse_unanswered(self, ended: float) -> None:
        """Mark those without an answer whose person was away before the next one, or before the period `ended`."""
        absences = self.absences.finished
        if not absences:
            return
        ends = [absence.ended for absence in absences]
        until = ended
        for reminder in reversed(self.delivered):
            later = bisect_right(ends, reminder.at)
            if not reminder.outcome and later < len(absences) and absences[later].began < until:
                reminder.outcome = AWAY
            until = reminder.at


class OpenUses:
    """The uses of a period; the last one may be in progress."""

    __slots__ = ("current", "finished")

    def __init__(self) -> None:
        self.current: tuple[float, str, str] | None = None
        """Begin, program and evidence of the use in progress."""
        self.finished: list[Use] = []

    def begin(self, at: float, program: str, evidence: str) -> None:
        """Begin a use, ending the current one."""
        self.end(at)
        self.current = (at, program, evidence)

    def end(self, at: float) -> None:
        """End the current use, if any."""
        if self.current:
            began, program, evidence = self.current
            self.finished.append(Use(began, max(began, at), program, evidence))
            self.current = None

    def restore_missing(self, event: JournalEvent, plugged_at: float, until: float) -> None:
        """Add any use since `plugged_at` that is in the totals of `event` but in no other event.

        Only its duration is known, so it fills the first gaps between the known uses.
        """
        plugged_for, idle_for = check_number(event.plugged_for), check_number(event.idle_for)
        if plugged_for is None or idle_for is None:
            return
        earlier = [use for use in self.finished if use.ended <= plugged_at]
        known = self.finished[len(earlier) :]
        missing = plugged_for - idle_for - sum(use.ended - use.began for use in known)
        if missing <= MIN_MISSING_USE_SECONDS:
            return
        gap_began = plugged_at
        restored: list[Use] = []
        for use in [*known, Use(until, until, "", "")]:
            length = min(missing, use.began - gap_began)
            if length > 0:
                restored.append(Use(gap_began, gap_began + length, "", ""))
                missing -= length
            restored.append(use)
            gap_began = use.ended
        self.finished = [*earlier, *restored[:-1]]


class OpenSnoozes:
    """The snoozes of a period; the last one may be in progress."""

    __slots__ = ("current", "finished")

    def __init__(self) -> None:
        self.current: Snooze | None = None
        """The snooze in progress, with its latest possible end."""
        self.finished: list[Snooze] = []

    def begin(self, at: float, seconds: float) -> None:
        """Begin a snooze of `seconds`, ending the current one."""
        self.end(at)
        self.current = Snooze(at, at + seconds)

    def end(self, at: float) -> None:
        """End the current snooze, if any."""
        if self.current:
            began = self.current.began
            self.finished.append(Snooze(began, max(began, min(at, self.current.ended))))
            self.current = None


class OpenPeriod:
    """A period that is still growing."""

    __slots__ = (
        "addresses",
        "at",
        "began",
        "boot",
        "first",
        "held_back",
        "plugged_at",
        "reminders",
        "snoozes",
        "strangers",
        "unplugged_at",
        "unread",
        "unseen",
        "uses",
        "wall",
    )

    def __init__(self, boot: BootClock, event: JournalEvent, began: float, at: float, wall: float) -> None:
        self.boot = boot
        self.first = event
        """The event that began it."""
        self.addresses: tuple[float, ...] = (event.address,)
        """The device's addresses, one for each plug-in; -1.0 if unknown."""
        self.began = self.plugged_at = began
        """`plugged_at` is the latest plug-in, which may be a replug."""
        self.at = at
        """The time of its last event."""
        self.wall = wall
        """The wall clock at `at`; an estimate if `unread` is set."""
        self.unread: JournalEvent | None = None
        """The last event, if it was skipped."""
        self.unplugged_at: float | None = None
        """When it was unplugged, None while it is plugged in; a replug may still continue the period."""
        self.unseen = False
        """Whether it was unplugged while unplugd was not running."""
        self.uses = OpenUses()
        self.snoozes = OpenSnoozes()
        self.held_back = OpenSpans(HeldBack)
        self.reminders = OpenReminders()
        self.strangers: list[str] = []

    @property
    def id(self) -> str:
        """The device's id."""
        return self.first.id

    @property
    def has_several_observers(self) -> bool:
        """Whether several daemons, whose lines do not name their session, announced the same plug-in."""
        return len(self.addresses) > 1 and len(set(self.addresses)) < len(self.addresses)

    def skip_checkpoints(self, last: JournalEvent, next_time: str) -> bool:
        """Skip a run of checkpoints that ends with `last`; return whether the clock was set back after it.

        `next_time` is the time of the next event. If it is earlier, that event must not be skipped: once the clock is
        right again, nothing else would show that it was wrong.
        """
        boot, at = self.boot, last.uptime
        self.wall += at - self.at
        self.at, self.unread = at, last
        if at > boot.at:
            boot.at, boot.unread = at, last
        if next_time < last.time:
            boot.read_last_event()
            return True
        return False

    def read_last_event(self) -> None:
        """Read the wall clock from the last event, if it was skipped."""
        if self.unread is not None:
            self.wall = _read_wall_clock(self.unread, self.wall)
            self.unread = None

    def touch(self, at: float, wall: float) -> float:
        """Record an event at `at` and return its time, which is never before that of the previous event."""
        if at >= self.at:
            self.at, self.wall = at, wall
            self.unread = None
        return self.at


class BootClock:
    """A boot of a computer as one session sees it: its clock, when unplugd started, and the open periods."""

    __slots__ = (
        "at",
        "away",
        "began",
        "ended",
        "host",
        "jumps",
        "open",
        "run_began",
        "session",
        "shared",
        "skew",
        "stopped",
        "unread",
        "wall",
    )

    def __init__(self, host: str, session: str, at: float, wall: float) -> None:
        self.host = host
        self.session = session
        self.shared: SharedBoot | None = None
        """What all sessions see, if there are several."""
        self.at = self.began = at
        """The times of the last event and the first one."""
        self.wall = wall
        """The wall clock at `at`; that of an earlier event if `unread` is set."""
        self.unread: JournalEvent | None = None
        """The last event, if it was skipped."""
        self.skew: float | None = None
        """The wall clock minus the uptime, in seconds."""
        self.jumps = 0
        """How many times the wall clock was set."""
        self.run_began: float | None = None
        """When unplugd started; None while it is not running."""
        self.stopped = False
        """Whether the last event is `stopped`."""
        self.away: tuple[float, str] | None = None
        """Since when nobody is in front of the session, and why."""
        self.open: dict[str, OpenPeriod] = {}
        """The open periods by port, including unplugged ones that a replug may still continue."""
        self.ended: dict[str, float] = {}
        """When the latest finished period ended, by port."""

    def read_last_event(self) -> None:
        """Read the wall clock from the last event, if it was skipped."""
        if self.unread is not None:
            self.wall = _read_wall_clock(self.unread, self.at + (self.skew or 0.0))
            self.note_skew(self.wall - self.at)
            self.unread = None

    def note_skew(self, skew: float) -> None:
        """Compare the wall clock with uptime, and count a jump if it has been set since the last comparison."""
        if self.skew is not None and abs(skew - self.skew) > JUMP_SECONDS:
            self.jumps += 1
        self.skew = skew

    def find_plugged_in(self, port: str) -> OpenPeriod | None:
        """Return the period of the device plugged in at a port, None if there is none."""
        period = self.open.get(port)
        return None if period is None or period.unplugged_at is not None else period


class FinishedPeriod(NamedTuple):
    """A period that grows no more: whose, on which port, when it ended on the clock of the boot, and how."""

    session: str
    port: str
    ended: float
    end: End
    period: OpenPeriod


class Run(NamedTuple):
    """A time during which unplugd was running, on the clock of the boot; `wall` is the wall clock at its end."""

    began: float
    ended: float
    wall: float
    session: str


class SharedBoot:
    """What several sessions saw of one boot until now."""

    __slots__ = ("jumps", "periods", "runs")

    def __init__(self) -> None:
        self.periods: list[FinishedPeriod] = []
        self.runs: list[Run] = []
        self.jumps = 0
        """How many times the wall clock was set: the most that one session saw."""


def check_number(value: float, most: float = MAX_SECONDS) -> float | None:
    """Return `value` if it is from 0 to `most`, else None."""
    return value if 0 <= value <= most else None


def _read_wall_clock(event: JournalEvent, otherwise: float) -> float:
    wall = parse_timestamp(event.time)
    return wall if 0 <= wall <= MAX_WALL_SECONDS else otherwise
