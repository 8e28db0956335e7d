"""A period while it grows, and the clock of the boot that it is in. Pure.

All times here are on the clock of the boot (`uptime`), which counts sleep and is never set. `wall` says what the wall
clock showed then: it is read from the last event only, and only once it is needed, since reading a date costs more than
all the rest that a checkpoint needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from unplugd.journal.timestamps import parse_timestamp
from unplugd.review.model import Snooze, Use

if TYPE_CHECKING:
    from unplugd.journal.event import JournalEvent


MAX_WALL_SECONDS: Final = 1e10
"""Unix seconds (the year 2286) beyond which a wall clock is not believed, nor is one before 1970."""
MAX_SECONDS: Final = 1e9
"""Seconds (31 years) beyond which no uptime and no duration is believed."""
JUMP_SECONDS: Final = 60.0
"""Seconds by which wall clock and uptime may disagree before it counts as a jump; drift stays far below."""
MIN_MISSING_USE_SECONDS: Final = 1.0
"""Smallest use without events of its own that is restored from later totals."""


class OpenReminder(msgspec.Struct, gc=False):
    """A reminder whose outcome may not be known yet."""

    at: float
    count: int
    urgency: str
    channel: str
    outcome: str = ""


class OpenUses:
    """The uses of a period; the last one may not be over."""

    __slots__ = ("current", "finished")

    def __init__(self) -> None:
        self.current: tuple[float, str, str] | None = None
        """When it began, program, evidence."""
        self.finished: list[Use] = []

    def begin(self, at: float, program: str, evidence: str) -> None:
        """Begin a use; one that has not ended ends now."""
        self.end(at)
        self.current = (at, program, evidence)

    def end(self, at: float) -> None:
        """End the current use, if there is one."""
        if self.current:
            began, program, evidence = self.current
            self.finished.append(Use(began, max(began, at), program, evidence))
            self.current = None

    def restore_missing(self, event: JournalEvent, plugged_at: float, until: float) -> None:
        """Add the use since `plugged_at` that the totals of `event` include and no other event mentions.

        Only its duration is known: it goes into the first gaps between the known uses.
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
    """The snoozes of a period; the last one may not be over."""

    __slots__ = ("current", "finished")

    def __init__(self) -> None:
        self.current: Snooze | None = None
        """It ends then at the latest."""
        self.finished: list[Snooze] = []

    def begin(self, at: float, seconds: float) -> None:
        """Begin a snooze of so many seconds; one that has not ended ends now."""
        self.end(at)
        self.current = Snooze(at, at + seconds)

    def end(self, at: float) -> None:
        """End the current snooze, if there is one."""
        if self.current:
            began = self.current.began
            self.finished.append(Snooze(began, max(began, min(at, self.current.ended))))
            self.current = None


class OpenPeriod:
    """A period as it grows."""

    __slots__ = (
        "at",
        "began",
        "boot",
        "id",
        "name",
        "plugged_at",
        "reminders",
        "shown",
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
        self.id = event.id
        self.name = event.name
        self.began = self.plugged_at = began
        """`plugged_at` is the latest plug-in, which may be a replug."""
        self.at = at
        """When its last event was."""
        self.wall = wall
        """The wall clock at `at`; an estimate while `unread`."""
        self.unread: JournalEvent | None = None
        """The last event, if it was skipped."""
        self.unplugged_at: float | None = None
        """None while it is plugged in; a replug may still follow."""
        self.unseen = False
        """Whether it was unplugged while unplugd was not running."""
        self.shown = False
        """Whether a reminder is on the screen."""
        self.uses = OpenUses()
        self.snoozes = OpenSnoozes()
        self.reminders: list[OpenReminder] = []
        self.strangers: list[str] = []

    def skip_checkpoints(self, last: JournalEvent, next_time: str) -> bool:
        """Skip a run of checkpoints that ends with `last`; return whether the clock was set back after it.

        `next_time` is the time of the event that follows. Where it is earlier, that event must not be skipped: once the
        clock is right again, nothing would show that it ever was wrong.
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
        """Note an event at `at` and return its time, which is never before that of the event before."""
        if at >= self.at:
            self.at, self.wall = at, wall
            self.unread = None
        return self.at


class BootClock:
    """One boot of a computer: its clock, since when unplugd has been running, the periods that are open."""

    __slots__ = (
        "at",
        "began",
        "ended",
        "host",
        "jumps",
        "open",
        "run_began",
        "skew",
        "stopped",
        "unread",
        "wall",
    )

    def __init__(self, host: str, at: float, wall: float) -> None:
        self.host = host
        self.at = self.began = at
        """When the last event was, and the first one."""
        self.wall = wall
        """The wall clock at `at`; that of an earlier event while `unread`."""
        self.unread: JournalEvent | None = None
        """The last event, if it was skipped."""
        self.skew: float | None = None
        """How far the wall clock is ahead of uptime."""
        self.jumps = 0
        """How often the wall clock was set."""
        self.run_began: float | None = None
        """When unplugd started; None while it is not running."""
        self.stopped = False
        """Whether the last event says that unplugd stopped."""
        self.open: dict[str, OpenPeriod] = {}
        """By port: the periods that are open, and those unplugged that a replug may still continue."""
        self.ended: dict[str, float] = {}
        """By port: when the latest finished period ended."""

    def read_last_event(self) -> None:
        """Read the wall clock from the last event, if it was skipped."""
        if self.unread is not None:
            self.wall = _read_wall_clock(self.unread, self.at + (self.skew or 0.0))
            self.note_skew(self.wall - self.at)
            self.unread = None

    def note_skew(self, skew: float) -> None:
        """Compare the wall clock with uptime, and count a jump if it was set since the last time."""
        if self.skew is not None and abs(skew - self.skew) > JUMP_SECONDS:
            self.jumps += 1
        self.skew = skew

    def find_plugged_in(self, port: str) -> OpenPeriod | None:
        """Return the period of a device that is plugged in, None if there is none."""
        period = self.open.get(port)
        return None if period is None or period.unplugged_at is not None else period


def check_number(value: float, most: float = MAX_SECONDS) -> float | None:
    """Return `value` if it is from 0 to `most`, else None."""
    return value if 0 <= value <= most else None


def _read_wall_clock(event: JournalEvent, otherwise: float) -> float:
    wall = parse_timestamp(event.time)
    return wall if 0 <= wall <= MAX_WALL_SECONDS else otherwise
