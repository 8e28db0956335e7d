"""Every kind of event that unplugd records, with its fields. The journal's words are defined only here. Pure.

Class names are for code; `NAMES` has the names used in the journal. A field that is None is left out there; the others
are written in the order given here. `from` is a Python keyword and `count` a method of tuples, so these two fields have
a trailing underscore. Durations are in seconds; `devices` and `due` are ports.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, get_args

Outcome = Literal["unplugged", "in_use", "snoozed", "dismissed", "expired"]
"""How a reminder ended, best outcome first: the person acted or answered, or the desktop closed it."""
SnoozeEnd = Literal["over", "replaced", "cancelled", "unplugged"]
HeldBackEnd = Literal["over", "ended", "in_use", "snoozed", "unplugged"]
"""Why a program no longer holds reminders back: its time is over, it ended, or something else silences them."""
Absence = Literal["locked", "inactive"]
"""Why nobody is in front of the session: its screen is locked, or another session is in front."""
Urgency = Literal["normal", "critical"]
HELD_BACK_ENDS: Final[tuple[HeldBackEnd, ...]] = get_args(HeldBackEnd)
ABSENCES: Final[tuple[Absence, ...]] = get_args(Absence)
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
URGENCIES: Final[tuple[Urgency, ...]] = get_args(Urgency)
"""The urgency of a normal and of a critical reminder, as written in the journal."""


REPLUG_SECONDS: Final = 10.0
"""A device replugged within this many seconds continues its period: people replug a stick that hangs."""

# Named tuples, because frozen dataclasses would make the daemon start 20 ms slower.


class Started(NamedTuple):
    """The daemon started."""

    version: str


class Stopped(NamedTuple):
    """The daemon stopped; `reason` is the name of the signal."""

    reason: str


class ConfigLoaded(NamedTuple):
    """The configuration was read, at startup or again."""


class PluggedIn(NamedTuple):
    """A device was plugged in; `address` is the number that the system gave it this time."""

    address: int
    continued: Literal[True] | None = None


class Unplugged(NamedTuple):
    """A device was unplugged; `unseen` if that happened while the daemon was not running."""

    plugged_for: float
    idle_for: float
    unseen: Literal[True] | None = None


class Checkpoint(NamedTuple):
    """A device is still plugged in; written at regular intervals.

    During an upload, `still_for` is how long ago data last moved, or the device was opened if that cannot be seen.
    """

    plugged_for: float
    idle_for: float
    still_for: float | None = None


class UseBegan(NamedTuple):
    """A program began to use the device; a use with `doubtful_since` (an uptime) counts for a limited time."""

    program: str
    evidence: str
    doubtful_since: float | None = None


class UseEnded(NamedTuple):
    """The program no longer uses the device; `forgotten` if it still has the device open, but no data move.

    Then the use ended `still_for` before this event, when data last moved, if that can be seen.
    """

    program: str
    evidence: str
    used_for: float
    unseen: Literal[True] | None = None
    forgotten: Literal[True] | None = None
    still_for: float | None = None


class Reminded(NamedTuple):
    """A reminder was delivered."""

    count_: int
    urgency: Urgency
    channel: str
    devices: tuple[str, ...]
    due: tuple[str, ...]


class ReminderEnded(NamedTuple):
    """A reminder is no longer shown; `held_for` is how long the next one is held back after "I am uploading"."""

    outcome: Outcome
    held_for: float | None = None
    unseen: Literal[True] | None = None


class HeldBack(NamedTuple):
    """A reminder is due, but upload software holds it back by running; `running_since` is an uptime.

    If it was started again and again, `running_since` is its first start.
    """

    program: str
    evidence: str
    running_since: float


class HeldBackEnded(NamedTuple):
    """The program no longer holds the reminder back, after `held_for`."""

    program: str
    how: HeldBackEnd
    held_for: float
    unseen: Literal[True] | None = None


class Snoozed(NamedTuple):
    """The person snoozed the reminders."""

    snoozed_for: float


class SnoozeEnded(NamedTuple):
    """A snooze ended after `snoozed_for`."""

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


class Away(NamedTuple):
    """Nobody is in front of the session while a device is plugged in, so reminders wait."""

    why: Absence


class Back(NamedTuple):
    """Somebody is in front of the session again."""


class Resumed(NamedTuple):
    """The computer woke up from sleep."""

    slept_for: float


class Gap(NamedTuple):
    """Events could not be recorded; `from_` and `until` are the times of the first and the last lost event."""

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
    | HeldBack
    | HeldBackEnded
    | Snoozed
    | SnoozeEnded
    | DeliveryFailed
    | Stranger
    | Away
    | Back
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
    HeldBack: "held_back",
    HeldBackEnded: "held_back_ended",
    Snoozed: "snoozed",
    SnoozeEnded: "snooze_ended",
    DeliveryFailed: "delivery_failed",
    Stranger: "stranger",
    Away: "away",
    Back: "back",
    Resumed: "resumed",
    Gap: "gap",
}
"""The name of each kind of event in the journal."""


def get_field_names(kind: type[Event]) -> tuple[str, ...]:
    """Return the names of an event's fields as used in the journal."""
    return tuple(name.rstrip("_") for name in kind._fields)


def get_fields(event: Event) -> dict[str, Any]:
    """Return the fields of an event as written in the journal, without those that are None."""
    pairs = zip(get_field_names(type(event)), event, strict=True)
    return {name: value for name, value in pairs if value is not None}


CHANNELS: Final = ("desktop", "plyer", "terminal")
"""The notification channels, in the order in which they are tried by default."""
