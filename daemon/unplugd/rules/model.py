"""The records that the rules work on: observations, plugged-in periods, the reminder, the state, the actions. Pure.

All times are seconds on a clock that counts sleep and is never set. The decisions are in reminder.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from unplugd.rules.events import NAMES, Absence, Event, HeldBackEnd

if TYPE_CHECKING:
    from unplugd.rules.devices import Device


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of the rules. Durations are in seconds.

    `repeat` has at least one entry; the last entry repeats. `critical_after` is a number of reminders.
    """

    after_plug_in: float = 300.0
    after_use: float = 120.0
    running_counts_for: float = 1200.0
    repeat: tuple[float, ...] = (300.0, 600.0, 900.0, 1800.0)
    critical_after: int = 2
    snooze: float = 900.0
    snooze_limit: float = 3600.0
    retry: float = 15.0


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """How one device was used at the time of a poll.

    `doubtful` use is weak evidence of an upload (the program is unknown, or holds the device all day anyway), so it
    counts for a limited time. `unknown_programs` hold the device and are neither upload software nor system services.
    `moved_at` is when a poll last saw that data had moved, 0 if none has; None if the platform cannot see it.
    """

    device: Device
    verdict: Literal["in use", "idle", "unknown"] = "idle"
    program: str = ""
    evidence: str = ""
    doubtful: bool = False
    unknown_programs: tuple[str, ...] = ()
    moved_at: float | None = None


class Running(NamedTuple):
    """Upload software that is running: of all of it that runs, the one that started first."""

    program: str
    started: float
    process: str = ""
    """The name of its process."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of a poll: the use of each watched device, the upload software that runs, and the end of quiet hours.

    `is_rescan`: only the devices were listed; the uses are those that the last poll found.
    `running` is None while no upload software is running, `quiet_until` outside quiet hours, `away` while the person is
    in front of the session or nothing tells.
    """

    uses: tuple[DeviceUse, ...] = ()
    running: Running | None = None
    quiet_until: float | None = None
    away: Absence | None = None
    is_rescan: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Starts of upload software without a long rest between them; they hold reminders back as one start, the first.

    `since` is the first start, `seen_at` the latest poll that saw any of it running, `is_running` whether the last poll
    did. `program` and `process` are those that the last such poll saw.
    """

    program: str
    process: str
    since: float
    seen_at: float
    is_running: bool = True


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A time for which running upload software held reminders back, `until` at the latest.

    `ended` and `how` are None while it does. After a restart, `until` is not known.
    """

    program: str
    chain_since: float
    began: float
    until: float = field(default=math.inf, compare=False)
    ended: float | None = None
    how: HeldBackEnd | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Upload software that has the device open, or had it at `seen_at`.

    `moved_at` is when data last moved, or when it opened the device. If none move, it is a use until `counts_until` and
    then a forgotten window. `sees_moves`: the platform can see data move. `is_open`: it was open at the last poll.
    """

    program: str
    moved_at: float
    seen_at: float
    counts_until: float
    sees_moves: bool
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Use:
    """A use in progress, which a poll last saw at `seen_at`; the poll at `unknown_at` could not tell, if any since."""

    program: str
    evidence: str
    began: float
    seen_at: float = field(compare=False)
    unknown_at: float | None = None


@dataclass(frozen=True, slots=True)
class PluggedPeriod:
    """One device's plugged-in period. It is kept for `REPLUG_SECONDS` after an unplug, with `gone_at` set.

    `since` is the start of the period, `plugged_at` the latest plug-in within it. `reminders` counts those delivered
    since the last use. `shown`: a reminder about this device is on the screen. `held_back` is the latest time for which
    reminders were held back. `expired`: the desktop closed the latest notification about this device, perhaps unseen.
    `unknown_programs` hold the device now; `programs_seen` are all those found since plug-in, `programs_shown` those
    the person has been warned about, `programs_over` those whose warning is over, for good.
    """

    device: Device
    since: float
    plugged_at: float
    checkpoint_at: float
    gone_at: float | None = None
    use: Use | None = None
    used_for: float = 0.0
    last_use: float | None = None
    doubtful_since: float | None = None
    doubtful_at: float | None = None
    hold: Hold | None = None
    held_back: HeldBack | None = None
    verdict: Literal["in use", "idle", "unknown"] = "idle"
    reminders: int = 0
    reminded_at: float | None = None
    held_until: float | None = None
    snoozed_at: float | None = None
    snoozed_until: float | None = None
    snoozed_for: float = 0.0
    shown: bool = False
    expired: bool = False
    unknown_programs: tuple[str, ...] = ()
    programs_seen: frozenset[str] = frozenset()
    programs_shown: frozenset[str] = frozenset()
    programs_over: frozenset[str] = frozenset()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The unknown programs that have the device open and whose warning is not over."""
        return tuple(program for program in self.unknown_programs if program not in self.programs_over)

    @property
    def idle_since(self) -> float:
        """When the device was last used, or plugged in if it has not been used since."""
        return self.since if self.last_use is None else self.last_use

    @property
    def is_forgotten(self) -> bool:
        """Whether upload software has the device open, but no data have moved for so long that it is not a use."""
        return self.hold is not None and self.hold.is_open and not self.use and self.verdict == "idle"

    def seconds_plugged_in(self, now: float) -> float:
        """Return the seconds since the latest plug-in."""
        return max(0.0, now - self.plugged_at)

    def seconds_idle(self, now: float) -> float:
        """Return for how many seconds since the latest plug-in nothing used the device."""
        using = max(0.0, now - self.use.began) if self.use else 0.0
        return max(0.0, self.seconds_plugged_in(now) - self.used_for - using)

    def snooze_left(self, now: float, policy: Policy) -> float:
        """Return for how many more seconds this period may be snoozed."""
        running = now - self.snoozed_at if self.snoozed_at is not None else 0.0
        return max(0.0, policy.snooze_limit - self.snoozed_for - running)


@dataclass(frozen=True, slots=True)
class Reminder:
    """The notification: the devices to unplug, the unknown programs to warn about, and the state of its delivery.

    `due` are the ports for which this counts as a reminder once delivered; it is empty if only the text changes.
    `fresh`: it says something new, so every channel is tried; an update only goes to channels that can replace.
    `snooze` is how long its Snooze button snoozes, in seconds.
    """

    number: int
    devices: tuple[PluggedPeriod, ...]
    unknown_programs: tuple[tuple[str, Device], ...] = ()
    due: frozenset[str] = frozenset()
    fresh: bool = False
    count: int = 0
    critical: bool = False
    snooze: float = 0.0
    sent_at: float = 0.0
    delivered: bool = False

    @property
    def ports(self) -> frozenset[str]:
        """The ports of the devices to unplug."""
        return frozenset(period.device.port for period in self.devices)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the rules remember between polls.

    `on_screen`: a channel may be showing something, even if it reported a failure. While `retry_at` is set, the last
    delivery failed and nothing is shown before that time. `away`: a device is plugged in and nobody is in front.
    """

    periods: tuple[PluggedPeriod, ...] = ()
    reminder: Reminder | None = None
    on_screen: bool = False
    number: int = 0
    retry_at: float | None = None
    chain: Chain | None = None
    quiet_until: float | None = None
    away: Absence | None = None

    def present(self) -> tuple[PluggedPeriod, ...]:
        """Return the periods of the devices that are plugged in now."""
        return tuple(period for period in self.periods if period.gone_at is None)


@dataclass(frozen=True, slots=True)
class Record:
    """Write an event to the journal, with the device it is about."""

    event: Event
    device: Device | None = None

    @property
    def name(self) -> str:
        """The name of the event in the journal."""
        return NAMES[type(self.event)]


@dataclass(frozen=True, slots=True)
class Show:
    """Show this reminder instead of the previous one."""

    reminder: Reminder


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Remove the reminder from the screen."""


Action = Record | Show | Withdraw
