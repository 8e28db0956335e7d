"""Every kind of event that unplugd records, with its fields: the one place where the journal's words are defined. Pure.

The name of a class here is a name for code; `NAMES` has the one that stands in the journal. A field that is None is left
out there, the others follow in the order given here. `from` and `count` mean something else to Python's tuples: they
end with an underscore here. Durations are seconds; `devices` and `due` are ports.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, get_args

Outcome = Literal["unplugged", "in_use", "snoozed", "dismissed", "expired"]
"""How a reminder ended, the best first: the device or the person did something, or the desktop closed it."""
SnoozeEnd = Literal["over", "replaced", "cancelled", "unplugged"]
Urgency = Literal["normal", "critical"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
URGENCIES: Final[tuple[Urgency, ...]] = get_args(Urgency)
"""What the journal calls a reminder that is not critical, and one that is."""


# Named tuples: the same in frozen dataclasses would take the daemon 20 ms more to start.


class Started(NamedTuple):
    """The daemon began to watch."""

    version: str


class Stopped(NamedTuple):
    """The daemon ends; `reason` names the signal."""

    reason: str


class ConfigLoaded(NamedTuple):
    """The configuration was read, at the start or anew."""


class PluggedIn(NamedTuple):
    """A device was plugged in; `address` is the system's number for this plug-in."""

    address: int
    continued: Literal[True] | None = None


class Unplugged(NamedTuple):
    """A device was unplugged, or (`unseen`) found to have been while the daemon did not run."""

    plugged_for: float
    idle_for: float
    unseen: Literal[True] | None = None


class Checkpoint(NamedTuple):
    """A device is still plugged in."""

    plugged_for: float
    idle_for: float


class UseBegan(NamedTuple):
    """A program began to use the device; a use with `doubtful_since` (uptime) counts for a limited time."""

    program: str
    evidence: str
    doubtful_since: float | None = None


class UseEnded(NamedTuple):
    """The program no longer uses the device."""

    program: str
    evidence: str
    used_for: float
    unseen: Literal[True] | None = None


class Reminded(NamedTuple):
    """A reminder reached the person."""

    count_: int
    urgency: Urgency
    channel: str
    devices: tuple[str, ...]
    due: tuple[str, ...]


class ReminderEnded(NamedTuple):
    """A reminder is no longer shown; `held_for` is how long the person's word holds the next one back."""

    outcome: Outcome
    held_for: float | None = None
    unseen: Literal[True] | None = None


class Snoozed(NamedTuple):
    """The person asked for quiet."""

    snoozed_for: float


class SnoozeEnded(NamedTuple):
    """The snooze is over, after `snoozed_for`."""

    how: SnoozeEnd
    snoozed_for: float
    unseen: Literal[True] | None = None


class DeliveryFailed(NamedTuple):
    """A channel did not show the notification."""

    channel: str
    error: str


class Stranger(NamedTuple):
    """An unknown program has the device open."""

    program: str


class Resumed(NamedTuple):
    """The computer woke from sleep."""

    slept_for: float


class Gap(NamedTuple):
    """Events could not be recorded; `from_` and `until` are the times of the first and the last."""

    lost: int
    from_: str
    until: str


Event = (
    Started
    | Stopped
    | ConfigLoaded
    | PluggedIn
    | Unplugged
    | Checkpoint
    | UseBegan
    | UseEnded
    | Reminded
    | ReminderEnded
    | Snoozed
    | SnoozeEnded
    | DeliveryFailed
    | Stranger
    | Resumed
    | Gap
)
NAMES: Final[dict[type[Event], str]] = {
    Started: "started",
    Stopped: "stopped",
    ConfigLoaded: "config_loaded",
    PluggedIn: "plugged_in",
    Unplugged: "unplugged",
    Checkpoint: "checkpoint",
    UseBegan: "use_began",
    UseEnded: "use_ended",
    Reminded: "reminded",
    ReminderEnded: "reminder_ended",
    Snoozed: "snoozed",
    SnoozeEnded: "snooze_ended",
    DeliveryFailed: "delivery_failed",
    Stranger: "stranger",
    Resumed: "resumed",
    Gap: "gap",
}
"""What each kind of event is called in the journal."""


def get_field_names(kind: type[Event]) -> tuple[str, ...]:
    """Return the fields of a kind of event as the journal calls them."""
    return tuple(name.rstrip("_") for name in kind._fields)


def get_fields(event: Event) -> dict[str, Any]:
    """Return the fields of an event as they stand in the journal, without those that are None."""
    pairs = zip(get_field_names(type(event)), event, strict=True)
    return {name: value for name, value in pairs if value is not None}
