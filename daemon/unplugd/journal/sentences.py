"""A journal event as a sentence for a person. Pure; whatever the event holds comes out harmless."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from unplugd import durations, sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OUTCOME_SENTENCES: Final = {
    "unplugged": "reminder ended: unplugged",
    "dismissed": "reminder closed by hand",
    "snoozed": "reminder snoozed",
    "in_use": "reminder withdrawn: in use",
    "expired": "reminder closed by the desktop",
}


def format_local_time(event: Mapping[str, Any]) -> str:
    """Return the event's time on the local clock, to the second; as it stands if it is no time."""
    written = str(event.get("time", ""))
    try:
        return datetime.fromisoformat(written).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return sanitize.one_line(written, 24)


def describe(event: Mapping[str, Any]) -> str:
    """Return what the event says, after the name of the device it is about."""
    words = _WORDS.get(str(event.get("event")))
    said = words(event) if words else sanitize.one_line(str(event.get("event")))
    name = event.get("name")
    return f"{sanitize.one_line(str(name))} (port {_text(event, 'device')}): {said}" if name else said


def _text(event: Mapping[str, Any], key: str) -> str:
    return sanitize.one_line(str(event.get(key, "?")))


def _duration(event: Mapping[str, Any], key: str) -> str:
    seconds = event.get(key)
    if isinstance(seconds, int | float) and 0 <= seconds < 1e10:
        return durations.describe(seconds)
    return "?"


def _describe_reminder(event: Mapping[str, Any]) -> str:
    ports = event.get("devices")
    where = (
        f", port {sanitize.one_line(', '.join(map(str, ports)))}" if isinstance(ports, list | tuple) else ""
    )
    urgent = ", urgent" if event.get("urgency") == "critical" else ""
    return f"reminder {_text(event, 'count')} by {_text(event, 'channel')}{urgent}{where}"


_WORDS: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "started": lambda e: f"unplugd {_text(e, 'version')} started",
    "stopped": lambda e: f"unplugd stopped ({_text(e, 'reason')})",
    "config_loaded": lambda _: "configuration loaded",
    "plugged_in": lambda e: "plugged in again" if e.get("continued") else "plugged in",
    "unplugged": lambda e: (
        f"{'found unplugged; plugged in for at least' if e.get('unseen') else 'unplugged after'}"
        f" {_duration(e, 'plugged_for')}, unused for {_duration(e, 'idle_for')}"
    ),
    "use_began": lambda e: f"in use by {_text(e, 'program')} ({_text(e, 'evidence')})",
    "use_ended": lambda e: f"no longer in use by {_text(e, 'program')}, after {_duration(e, 'used_for')}",
    "reminded": _describe_reminder,
    "reminder_ended": lambda e: OUTCOME_SENTENCES.get(str(e.get("outcome")), _text(e, "outcome")),
    "snoozed": lambda e: f"snoozed for {_duration(e, 'snoozed_for')}",
    "snooze_ended": lambda e: f"snooze over after {_duration(e, 'snoozed_for')}",
    "delivery_failed": lambda e: f"reminder not delivered by {_text(e, 'channel')}: {_text(e, 'error')}",
    "stranger": lambda e: f"held open by an unknown program, {_text(e, 'program')}",
    "resumed": lambda e: f"the computer woke after {_duration(e, 'slept_for')} of sleep",
    "checkpoint": lambda e: (
        f"still plugged in after {_duration(e, 'plugged_for')}, unused for {_duration(e, 'idle_for')}"
    ),
    "gap": lambda e: f"{_text(e, 'lost')} events could not be recorded",
}
