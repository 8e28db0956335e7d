"""Turns a reminder into the text of a notification. Pure.

GNOME shows the title and about 45 characters of the first line, mako five lines in all. So the first line says what to
do and why. Each sentence is whole, since other languages order
their parts differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, Final

from unplugd import durations, sanitize
from unplugd.rules import devices, uploaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unplugd.rules.devices import Device, Watch
    from unplugd.rules.model import PluggedPeriod, Reminder

SNOOZE_KEY: Final = "snooze"
UPLOADING_KEY: Final = "uploading"
ADD_UPLOADER_KEY: Final = "add-uploader:"
"""The beginning of the key of a button that adds a program as upload software; the program's name follows."""
MAX_BUTTONS: Final = 3
"""GNOME shows no more."""
MAX_LABEL_CHARACTERS: Final = 20
"""The longest program name on a button."""
REVIEW_KEY: Final = "default"
"""The key of a click on the notification itself, as the Desktop Notifications Specification has it."""
REVIEW_LABEL: Final = "Review"
"""What a click does; servers may show it."""
JOURNAL_TROUBLE: Final = "unplugd cannot write its journal"


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


def explain_failed_addition(program: str, error: str) -> Message:
    """Return the message that a program could not be added as upload software; `error` is the reason."""
    program = sanitize.one_line(program)
    return Message(
        f"“{program}” was not added",
        (f"The reason: {error}", "To see what you can do, run: unplugd doctor"),
        passing=True,
    )


def compose(
    notice: Reminder, now: float, wall: datetime, watches: Sequence[Watch], *, can_add: bool = True
) -> Message:
    """Return the message for a reminder; `now` is on the platform's clock, `wall` the same moment in local time.

    `can_add`: an unknown program can be added to the configuration in force.
    """
    if len(notice.devices) == 1:
        lines = _describe_device(notice.devices[0], now, wall)
    elif notice.devices:
        lines = ["Not in use. Please disconnect them.", *_list_devices(notice.devices, now, wall)]
    else:
        lines = []
    if any(_is_chargeable(plug, watches) for plug in notice.devices):
        lines.append("You can also charge the meter from a USB wall charger.")
    warnings: list[str] = []
    for program, device in notice.unknown_programs:
        warnings.append(_warn(program, device, alone=not notice.devices))
        if can_add and uploaders.can_be_added(program):
            command = f"unplugd config add-uploader {quote(program)}"
            warnings.append(f"If you upload with it, run: {command}")
    # What has two devices open is named once, if the device is not.
    lines += dict.fromkeys(warnings)
    return Message(
        _write_title(notice),
        tuple(lines),
        _list_buttons(notice, can_add=can_add),
        notice.critical,
        notice.fresh,
    )


def _write_title(notice: Reminder) -> str:
    if len(notice.devices) > 1:
        count = len(notice.devices)
        return f"Unplug {count} devices"
    if notice.devices:
        device = sanitize.one_line(notice.devices[0].device.name)
        return f"Unplug the {device}"
    device = sanitize.one_line(notice.unknown_programs[0][1].name)
    is_one_program = len({program for program, _ in notice.unknown_programs}) == 1
    if len({other.port for _, other in notice.unknown_programs}) > 1:
        return (
            "Unknown program opened your devices"
            if is_one_program
            else "Unknown programs opened your devices"
        )
    return (
        f"Unknown program opened the {device}" if is_one_program else f"Unknown programs opened the {device}"
    )


def _describe_device(plug: PluggedPeriod, now: float, wall: datetime) -> list[str]:
    """Return the lines about the only device: what to do, and since when."""
    duration, time = _measure_idle(plug, now, wall)
    return [
        f"Unused for {duration}. Please disconnect it."
        if duration
        else f"Unused since {time}. Please disconnect it.",
        f"Plugged in since {time}." if plug.last_use is None else f"Last used: {time}.",
    ]


def _list_devices(plugs: Sequence[PluggedPeriod], now: float, wall: datetime) -> list[str]:
    """Return a line for each device, with its port if another one has the same name."""
    names = [sanitize.one_line(plug.device.name) for plug in plugs]
    lines = []
    for plug, device in zip(plugs, names, strict=True):
        duration, time = _measure_idle(plug, now, wall)
        port = sanitize.one_line(plug.device.port)
        if names.count(device) == 1:
            lines.append(
                f"{device}: unused for {duration}." if duration else f"{device}: unused since {time}."
            )
        elif duration:
            lines.append(f"{device} (port {port}): unused for {duration}.")
        else:
            lines.append(f"{device} (port {port}): unused since {time}.")
    return lines


def _warn(program: str, device: Device, *, alone: bool) -> str:
    program, name = sanitize.one_line(program), sanitize.one_line(device.name)
    # The title names the device only if there is nothing to unplug.
    if alone:
        return f"Close “{program}” unless you upload with it."
    return f"“{program}” has the {name} open. Close it unless you upload with it."


def _list_buttons(notice: Reminder, *, can_add: bool) -> tuple[tuple[str, str], ...]:
    buttons: list[tuple[str, str]] = []
    if notice.devices and notice.snooze >= 1:
        buttons.append((SNOOZE_KEY, _label_snooze(notice.snooze)))
    if notice.devices:
        buttons.append((UPLOADING_KEY, "I am uploading"))
    addable = [name for name, _ in notice.unknown_programs if can_add and uploaders.can_be_added(name)]
    for name in dict.fromkeys(addable):
        program = sanitize.one_line(name, MAX_LABEL_CHARACTERS)
        buttons.append((ADD_UPLOADER_KEY + name, f"I upload with {program}"))
    return tuple(buttons[:MAX_BUTTONS])


def _label_snooze(seconds: float) -> str:
    if seconds < 60:
        count = round(seconds)
        return f"Snooze {count} s"
    minutes = round(seconds / 60)
    return f"Snooze {minutes} min"


def _is_chargeable(plug: PluggedPeriod, watches: Sequence[Watch]) -> bool:
    watch = devices.find_watch(plug.device.vendor, plug.device.product, watches)
    return watch is not None and watch.chargeable


def _measure_idle(plug: PluggedPeriod, now: float, wall: datetime) -> tuple[str, str]:
    """Return for how long the device has been unused, "" if under a minute, and the time of day when that began."""
    idle = now - plug.idle_since
    began = datetime.fromtimestamp(wall.timestamp() - idle).astimezone()
    time = began.strftime("%H:%M" if began.date() == wall.date() else "%a %H:%M")
    return durations.describe(idle) if idle >= 60 else "", time
