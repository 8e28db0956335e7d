"""A period while it grows, and the clock of its boot. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.journal.timestamps import parse_timestamp

if TYPE_CHECKING:
    from unplugd.journal.event import Event


MAX_WALL_TIME: Final = 1e10
"""A wall clock beyond this (the year 2286) or before 1970 is no time."""
MAX_SECONDS: Final = 1e9
"""Seconds (31 years) beyond which no uptime and no duration is believed."""
JUMP_SECONDS: Final = 60.0
"""Seconds by which wall clock and uptime may disagree before it counts as a jump; drift stays far below."""
MIN_MISSING_USE_SECONDS: Final = 1.0
"""Seconds of use beyond which it is missed where the events of it are lost."""


class OpenPeriod:
    """A period as it grows; its times are on the clock of its boot."""

    __slots__ = (
        "anchor",
        "at",
        "began",
        "boot",
        "ended",
        "gone",
        "id",
        "name",
        "plugged_at",
        "reminders",
        "seen",
        "shown",
        "snooze",
        "snoozes",
        "strangers",
        "unseen",
        "use",
        "uses",
        "wall",
    )

    def __init__(self, boot: BootClock, event: Event, began: float, at: float, wall: float) -> None:
        self.boot = boot
        self.id = event.id
        self.name = event.name
        self.began = self.plugged_at = began
        self.at = self.anchor = at
        self.wall = wall
        """The wall clock at `anchor`."""
        self.seen: Event | None = None
        """The last event, if it has not been looked at."""
        self.gone = self.unseen = self.shown = False
        self.ended = at
        """When it was unplugged, if it is `gone`."""
        self.use: tuple[float, str, str] | None = None
        self.uses: list[tuple[float, float, str, str]] = []
        self.snooze: tuple[float, float] | None = None
        self.snoozes: list[tuple[float, float]] = []
        self.reminders: list[tuple[float, int, str, str, str]] = []
        self.strangers: list[str] = []

    def settle(self) -> None:
        """Look at the last event after all: it ties the clock of the boot to the wall clock."""
        if self.seen is not None:
            self.wall = _read_wall_clock(self.seen, self.wall + self.at - self.anchor)
            self.anchor = self.at
            self.seen = None

    def pass_over(self, event: Event, then: str) -> bool:
        """Take note of checkpoints without a look at them, of which this is the last one.

        `then` is the time of the event after it. Return whether the clock was set back in between: what it was before
        and after could not be seen any more once it is right again.
        """
        self.at, self.seen = event.uptime, event
        if self.at > self.boot.at:
            self.boot.at, self.boot.seen = self.at, event
        if then < event.time:
            self.boot.settle()
            return True
        return False

    def touch(self, at: float, wall: float) -> float:
        """Take note of an event about it, and return its time: never before the one before."""
        if at >= self.at:
            self.at = self.anchor = at
            self.wall = wall
            self.seen = None
        return self.at

    def end_use(self, at: float) -> None:
        """End the use that goes on, if one does."""
        if self.use:
            began, program, evidence = self.use
            self.uses.append((began, max(began, at), program, evidence))
            self.use = None

    def make_up(self, event: Event, until: float) -> None:
        """Add what `event` says that it was used for since it was plugged in, and no event is left of.

        When that was is not known: it is put where nothing else is.
        """
        plugged_for, idle_for = check_number(event.plugged_for), check_number(event.idle_for)
        if plugged_for is None or idle_for is None:
            return
        earlier = [use for use in self.uses if use[1] <= self.plugged_at]
        known = self.uses[len(earlier) :]
        missing = plugged_for - idle_for - sum(ended - began for began, ended, _, _ in known)
        if missing <= MIN_MISSING_USE_SECONDS:
            return
        free = self.plugged_at
        found: list[tuple[float, float, str, str]] = []
        for use in [*known, (until, until, "", "")]:
            length = min(missing, use[0] - free)
            if length > 0:
                found.append((free, free + length, "", ""))
                missing -= length
            found.append(use)
            free = use[1]
        self.uses = [*earlier, *found[:-1]]

    def end_snooze(self, at: float) -> None:
        """End the snooze that goes on, if one does."""
        if self.snooze:
            began, until = self.snooze
            self.snoozes.append((began, max(began, min(at, until))))
            self.snooze = None


class BootClock:
    """One boot of a computer: its clock, the run of unplugd, the periods that are open."""

    __slots__ = ("at", "began", "ended", "host", "jumps", "open", "run", "seen", "skew", "stopped", "wall")

    def __init__(self, host: str, at: float, wall: float) -> None:
        self.host = host
        self.at = self.began = at
        self.wall = wall
        """The wall clock at `at`, or at an earlier event if the last one has not been looked at."""
        self.seen: Event | None = None
        """The last event, if it has not been looked at."""
        self.skew: float | None = None
        """How far the wall clock is ahead of uptime."""
        self.jumps = 0
        """How often the wall clock was set."""
        self.run: float | None = None
        """When unplugd started, while it runs."""
        self.stopped = False
        self.open: dict[str, OpenPeriod] = {}
        """The periods that are open, by port; those that are gone, but may be replugged, too."""
        self.ended: dict[str, float] = {}
        """When the latest period of each port was over."""

    def settle(self) -> None:
        """Look at the last event after all."""
        if self.seen is not None:
            self.wall = _read_wall_clock(self.seen, self.at + (self.skew or 0.0))
            self.compare(self.wall - self.at)
            self.seen = None

    def compare(self, skew: float) -> None:
        """Notice if the wall clock was set since the last time that it was compared."""
        if self.skew is not None and abs(skew - self.skew) > JUMP_SECONDS:
            self.jumps += 1
        self.skew = skew


def _read_wall_clock(event: Event, otherwise: float) -> float:
    wall = parse_timestamp(event.time)
    return wall if 0 <= wall <= MAX_WALL_TIME else otherwise


def check_number(value: float, most: float = MAX_SECONDS) -> float | None:
    """Return `value` if it is from 0 to `most`, else None."""
    return value if 0 <= value <= most else None
