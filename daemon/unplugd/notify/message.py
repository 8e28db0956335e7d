"""Turns a reminder into the text of a notification. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, Final

from unplugd import durations, sanitize
from unplugd.rules import devices, uploaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unplugd.rules.devices import Watch
    from unplugd.rules.model import PluggedPeriod, Reminder

SNOOZE_KEY: Final = "snooze"
UPLOADING_KEY: Final = "uploading"
JOURNAL_TROUBLE: Final = "unplugd cannot write its journal"
PLAIN_NAME: Final = re.compile(r"\w[\w.+ -]*")
"""Program names that are safe to show in a command."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notification as the person sees it, in plain text."""

    title: str
    lines: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...] = ()
    """The key and label of each button."""
    critical: bool = False
    """Whether it is shown over full-screen windows and in do-not-disturb mode."""
    fresh: bool = True
    """Whether it is new and may make a sound; otherwise it only updates what is on the screen."""
    passing: bool = False
    """Whether it may disappear on its own."""


GREETING: Final = Message(
    "unplugd is running",
    ("A notification like this will tell you when to unplug your CareLink USB or meter.",),
    passing=True,
)
TEST: Final = Message(
    "unplugd can reach you",
    ("This is a test. Reminders will look like this.",),
    passing=True,
)
INVALID_CONFIGURATION: Final = Message(
    "unplugd's configuration has an error",
    ("Defaults are used until you fix it.", "To see what is wrong, run: unplugd config check"),
    passing=True,
)


def explain_journal_trouble(error: str) -> Message:
    """Return the message that the journal cannot be written; `error` is the system's word for the reason."""
    return Message(
        JOURNAL_TROUBLE,
        (
            f"The reason: {error}. You still get reminders, and events are kept in memory for now.",
            "To see what you can do, run: unplugd doctor",
        ),
        passing=True,
    )


def compose(notice: Reminder, now: float, wall: datetime, watches: Sequence[Watch]) -> Message:
    """Return the message for a reminder; `now` is on the platform's clock, `wall` the same moment in local time."""
    lines: list[str] = []
    if len(notice.devices) == 1:
        plug = notice.devices[0]
        title = f"Unplug the {sanitize.one_line(plug.device.name)}"
        lines.append(f"{_capitalize(_describe_idle(plug, now, wall))}.")
        lines.append(_advise(notice.devices, watches))
    elif notice.devices:
        title = f"Unplug {len(notice.devices)} devices"
        lines.extend(
            f"{sanitize.one_line(plug.device.name)} (port {sanitize.one_line(plug.device.port)}): {_describe_idle(plug, now, wall)}."
            for plug in notice.devices
        )
        lines.append(_advise(notice.devices, watches))
    else:
        title = f"Unknown program using the {sanitize.one_line(notice.unknown_programs[0][1].name)}"
    for program, _ in notice.unknown_programs:
        shown = sanitize.one_line(program)
        lines.append(f"“{shown}” has it open, but unplugd does not know this program.")
        # Other names could be taken for an option, a pattern or a path.
        if PLAIN_NAME.fullmatch(program) and not uploaders.is_interpreter(program):
            lines.append(f"If you use it to upload, run: unplugd config add-uploader {quote(program)}")
    buttons: list[tuple[str, str]] = []
    if notice.devices and notice.snooze >= 1:
        buttons.append((SNOOZE_KEY, f"Snooze {_format_minutes(notice.snooze)}"))
    if notice.devices:
        buttons.append((UPLOADING_KEY, "I am uploading"))
    return Message(title, tuple(lines), tuple(buttons), notice.critical, notice.fresh)


def _describe_idle(plug: PluggedPeriod, now: float, wall: datetime) -> str:
    idle = now - plug.idle_since
    since = _format_time(datetime.fromtimestamp(wall.timestamp() - idle).astimezone(), wall)
    # Under a minute, the time of day is enough.
    duration = f" ({durations.describe(idle)})" if idle >= 60 else ""
    return (
        f"plugged in since {since}{duration}, not used"
        if plug.last_use is None
        else f"not used since {since}{duration}"
    )


def _advise(plugs: Sequence[PluggedPeriod], watches: Sequence[Watch]) -> str:
    found = [devices.find_watch(plug.device.vendor, plug.device.product, watches) for plug in plugs]
    is_chargeable = any(watch and watch.chargeable for watch in found)
    it = "it" if len(plugs) == 1 else "them"
    charger = " You can also charge the meter from a USB wall charger." if is_chargeable else ""
    return f"Disconnect {it} when you are not uploading.{charger}"


def _format_time(then: datetime, now: datetime) -> str:
    return then.strftime("%H:%M") if then.date() == now.date() else then.strftime("%a %H:%M")


def _format_minutes(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 60 else f"{round(seconds / 60)} min"


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
