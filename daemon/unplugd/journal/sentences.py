"""Describes an event in a sentence, for `unplugd log`. Pure; untrusted content is sanitized."""

from __future__ import annotations

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

ABSENCE_SENTENCES: Final = {
    "locked": "nobody is in front of the computer: the screen is locked; reminders wait",
    "inactive": "somebody else is in front of the computer; reminders wait",
}
HELD_BACK_END_SENTENCES: Final = {
    "over": "its time is over",
    "ended": "it ended",
    "in_use": "an upload began",
    "snoozed": "snoozed",
    "unplugged": "unplugged",
}


def describe(event: Mapping[str, Any]) -> str:
    """Return an event as a sentence, preceded by the name of its device if it has one."""
    describe_event = _SENTENCES.get(str(event.get("event")))
    sentence = describe_event(event) if describe_event else sanitize.one_line(str(event.get("event")))
    name = event.get("name")
    return (
        f"{sanitize.one_line(str(name))} (port {_get_text(event, 'device')}): {sentence}"
        if name
        else sentence
    )


def _get_text(event: Mapping[str, Any], key: str) -> str:
    return sanitize.one_line(str(event.get(key, "?")))


def _describe_duration(event: Mapping[str, Any], key: str) -> str:
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
    return f"reminder {_get_text(event, 'count')} by {_get_text(event, 'channel')}{urgent}{where}"


def _describe_use_end(event: Mapping[str, Any]) -> str:
    sentence = (
        f"no longer in use by {_get_text(event, 'program')}, after {_describe_duration(event, 'used_for')}"
    )
    if not event.get("forgotten"):
        return sentence
    still = f" for {_describe_duration(event, 'still_for')}" if "still_for" in event else ""
    return f"{sentence}: still open, but nothing has moved{still}"


_SENTENCES: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "started": lambda e: f"unplugd {_get_text(e, 'version')} started",
    "stopped": lambda e: f"unplugd stopped ({_get_text(e, 'reason')})",
    "config_loaded": lambda _: "configuration loaded",
    "plugged_in": lambda e: "plugged in again" if e.get("continued") else "plugged in",
    "unplugged": lambda e: (
        f"{'found unplugged; plugged in for at least' if e.get('unseen') else 'unplugged after'}"
        f" {_describe_duration(e, 'plugged_for')}, unused for {_describe_duration(e, 'idle_for')}"
    ),
    "use_began": lambda e: f"in use by {_get_text(e, 'program')} ({_get_text(e, 'evidence')})",
    "use_ended": _describe_use_end,
    "reminded": _describe_reminder,
    "reminder_ended": lambda e: OUTCOME_SENTENCES.get(str(e.get("outcome")), _get_text(e, "outcome")),
    "held_back": lambda e: (
        f"reminder held back: {_get_text(e, 'program')} is running ({_get_text(e, 'evidence')})"
    ),
    "held_back_ended": lambda e: (
        f"no longer held back by {_get_text(e, 'program')}, after {_describe_duration(e, 'held_for')}:"
        f" {HELD_BACK_END_SENTENCES.get(str(e.get('how')), _get_text(e, 'how'))}"
    ),
    "away": lambda e: ABSENCE_SENTENCES.get(str(e.get("why")), _get_text(e, "why")),
    "back": lambda _: "somebody is in front of the computer again",
    "snoozed": lambda e: f"snoozed for {_describe_duration(e, 'snoozed_for')}",
    "snooze_ended": lambda e: f"snooze over after {_describe_duration(e, 'snoozed_for')}",
    "delivery_failed": lambda e: (
        f"reminder not delivered by {_get_text(e, 'channel')}: {_get_text(e, 'error')}"
    ),
    "stranger": lambda e: f"held open by an unknown program, {_get_text(e, 'program')}",
    "resumed": lambda e: f"the computer woke after {_describe_duration(e, 'slept_for')} of sleep",
    "checkpoint": lambda e: (
        f"still plugged in after {_describe_duration(e, 'plugged_for')}, unused for {_describe_duration(e, 'idle_for')}"
    ),
    "gap": lambda e: f"{_get_text(e, 'lost')} events could not be recorded",
}
