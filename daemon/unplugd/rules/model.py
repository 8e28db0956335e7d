"""What the rules are about: devices plugged in, their use, the reminder, the state, and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from unplugd.rules.devices import Device


Outcome = Literal["unplugged", "dismissed", "snoozed", "in_use", "expired"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that the rules obey, in seconds; `repeat` has at least one entry, the last one goes on."""

    after_plug_in: float = 300.0
    after_use: float = 120.0
    running_counts_for: float = 1200.0
    repeat: tuple[float, ...] = (300.0, 600.0, 900.0, 1800.0)
    critical_after: int = 3
    snooze: float = 900.0
    snooze_limit: float = 3600.0
    retry: float = 15.0


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """What one look saw of one device.

    `doubtful` use is by somebody who cannot be named, or whose hold says little: it counts for a limited time.
    `strangers` hold the device and are neither upload software nor system services.
    """

    device: Device
    verdict: Literal["in use", "idle", "unknown"] = "idle"
    program: str = ""
    evidence: str = ""
    doubtful: bool = False
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at the world: the watched devices, since when upload software runs, until when it is quiet hours."""

    sightings: tuple[DeviceUse, ...] = ()
    running_since: float | None = None
    quiet_until: float | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A use in progress."""

    program: str
    evidence: str
    began: float


@dataclass(frozen=True, slots=True)
class PluggedIn:
    """One device's plugged-in period. It outlives an unplug for `REPLUG` seconds, with `gone_at` set.

    `shown`: a delivered reminder of it is in front of the person. `strangers` hold it now and are worth a warning,
    `warned` are all that were found since plug-in, `told` those that the person has been warned of.
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
    verdict: Literal["in use", "idle", "unknown"] = "idle"
    reminded: int = 0
    reminded_at: float | None = None
    held_until: float | None = None
    snoozed_at: float | None = None
    snoozed_until: float | None = None
    snoozed_for: float = 0.0
    shown: bool = False
    strangers: tuple[str, ...] = ()
    warned: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()

    @property
    def idle_since(self) -> float:
        """When it was last used, or plugged in if it never was."""
        return self.since if self.last_use is None else self.last_use

    def plugged_for(self, now: float) -> float:
        """Seconds since the latest plug-in."""
        return max(0.0, now - self.plugged_at)

    def idle_for(self, now: float) -> float:
        """Seconds of `plugged_for` in which nothing used it: the two add up by construction."""
        using = max(0.0, now - self.use.began) if self.use else 0.0
        return max(0.0, self.plugged_for(now) - self.used_for - using)

    def snooze_left(self, now: float, policy: Policy) -> float:
        """Seconds that this period may still be snoozed for."""
        running = now - self.snoozed_at if self.snoozed_at is not None else 0.0
        return max(0.0, policy.snooze_limit - self.snoozed_for - running)


@dataclass(frozen=True, slots=True)
class Reminder:
    """The one notification: the devices left plugged in, the programs to warn of, and how it has got on.

    `due` are the ports for which it is a reminder, counted once it is delivered; none of them for an update.
    `fresh`: it says something new, so that every channel is tried; an update is for a channel that can replace.
    """

    serial: int
    devices: tuple[PluggedIn, ...]
    strangers: tuple[tuple[str, Device], ...] = ()
    due: frozenset[str] = frozenset()
    fresh: bool = False
    count: int = 0
    critical: bool = False
    snooze: float = 0.0
    asked_at: float = 0.0
    delivered: bool = False

    @property
    def ports(self) -> frozenset[str]:
        """The ports of the devices it asks to disconnect."""
        return frozenset(plug.device.port for plug in self.devices)


@dataclass(frozen=True, slots=True)
class State:
    """All that the rules remember. `on_screen`: a channel may be showing something, even if it said it did not."""

    plugs: tuple[PluggedIn, ...] = ()
    notice: Reminder | None = None
    on_screen: bool = False
    serial: int = 0
    retry_at: float | None = None
    running_since: float | None = None
    quiet_until: float | None = None

    def present(self) -> tuple[PluggedIn, ...]:
        """The devices that are plugged in now."""
        return tuple(plug for plug in self.plugs if plug.gone_at is None)


@dataclass(frozen=True, slots=True)
class Record:
    """Write an event to the journal."""

    event: str
    device: Device | None = None
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Show:
    """Show this notice, in the place of the one before."""

    notice: Reminder


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the notice away."""


Action = Record | Show | Withdraw


CHANNELS: Final = ("desktop", "plyer", "terminal")
"""The notification channels, in the order in which they are tried unless the configuration says otherwise."""
URGENCIES: Final = ("normal", "critical")
"""What the journal calls a reminder that is not critical, and one that is."""
