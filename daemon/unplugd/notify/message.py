"""Turns a reminder into the text of a notification. Pure.

GNOME shows the title and about 45 characters of the first line, mako five lines in all. So the first line says what to
do and why. Each sentence is whole, since other languages order their parts differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, Final

from unplugd import durations, sanitize
from unplugd.languages.language import ENGLISH
from unplugd.rules import devices, uploaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unplugd.languages.language import Language
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
QUIT_KEY: Final = "quit"
"""The key of the entry in a menu that ends unplugd."""
REVIEW_KEY: Final = "default"
"""The key of a click on the notification itself, as the Desktop Notifications Specification has it."""


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
    click: str = "Review"
    """What a click does, which shows the review; servers may show it."""


def greet(language: Language) -> Message:
    """Return the message that reminders reach the person."""
    return _tell(
        language,
        language.translate("unplugd is running"),
        language.translate(
            "A notification like this will tell you when to unplug your CareLink USB or meter."
        ),
    )


def test(language: Language) -> Message:
    """Return the message of `unplugd doctor --notify`."""
    return _tell(
        language,
        language.translate("unplugd can reach you"),
        language.translate("This is a test. Reminders will look like this."),
    )


def explain_invalid_configuration(language: Language) -> Message:
    """Return the message that the configuration cannot be used."""
    return _tell(
        language,
        language.translate("unplugd's configuration has an error"),
        language.translate("Defaults are used until you fix it."),
        language.translate("To see what is wrong, run: {command}", command="unplugd config check"),
    )


def explain_journal_trouble(error: str, language: Language) -> Message:
    """Return the message that the journal cannot be written; `error` is the system's word for the reason."""
    return _tell(
        language,
        language.translate("unplugd cannot write its journal"),
        language.translate(
            # Translators: {error} is the system's word for the reason, in English.
            "The reason: {error}. You still get reminders, and events are kept in memory for now.",
            error=error,
        ),
        language.translate("To see what you can do, run: {command}", command="unplugd doctor"),
    )


def explain_failed_addition(program: str, error: str, language: Language) -> Message:
    """Return the message that a program could not be added as upload software; `error` is the reason."""
    return _tell(
        language,
        # Translators: The person pressed the button "I upload with {program}". Use your own quotation marks.
        language.translate("“{program}” was not added", program=sanitize.one_line(program)),
        language.translate("The reason: {error}", error=error),
        language.translate("To see what you can do, run: {command}", command="unplugd doctor"),
    )


def _tell(language: Language, title: str, *lines: str) -> Message:
    """Return a message that is no reminder."""
    return Message(title, lines, passing=True, click=_label_click(language))


def _label_click(language: Language) -> str:
    # Translators: What a click on a notification does: it shows the page on the journal. Some desktops show it as a button.
    return language.translate("Review")


def label_menu(language: Language) -> tuple[tuple[str, str], ...]:
    """Return the key and the label of each entry of a menu that is always there, on desktops that have one."""
    return (
        (REVIEW_KEY, _label_click(language)),
        # Translators: An entry in the menu of unplugd's icon in the taskbar: unplugd ends, and starts again when the
        # person logs on to Windows the next time. At most 40 characters.
        (QUIT_KEY, language.translate("Quit until next logon")),
    )


def compose(
    notice: Reminder,
    now: float,
    wall: datetime,
    watches: Sequence[Watch],
    language: Language = ENGLISH,
    *,
    can_add: bool = True,
) -> Message:
    """Return the message for a reminder; `now` is on the platform's clock, `wall` the same moment in local time.

    `can_add`: an unknown program can be added to the configuration in force.
    """
    if len(notice.devices) == 1:
        lines = _describe_device(notice.devices[0], now, wall, language)
    elif notice.devices:
        # Translators: At most 45 characters. A line for each device follows.
        advice = language.translate("Not in use. Please disconnect them.")
        lines = [advice, *_list_devices(notice.devices, now, wall, language)]
    else:
        lines = []
    if any(_is_chargeable(plug, watches) for plug in notice.devices):
        lines.append(language.translate("You can also charge the meter from a USB wall charger."))
    warnings: list[str] = []
    for program, device in notice.unknown_programs:
        warnings.append(_warn(program, device, language, alone=not notice.devices))
        if can_add and uploaders.can_be_added(program):
            command = f"unplugd config add-uploader {quote(program)}"
            warnings.append(language.translate("If you upload with it, run: {command}", command=command))
    # What has two devices open is named once, if the device is not.
    lines += dict.fromkeys(warnings)
    return Message(
        _write_title(notice, language),
        tuple(lines),
        _list_buttons(notice, language, can_add=can_add),
        notice.critical,
        notice.fresh,
        click=_label_click(language),
    )


def _write_title(notice: Reminder, language: Language) -> str:
    if len(notice.devices) > 1:
        # Translators: The title of a notification, at most 40 characters.
        return language.count(len(notice.devices), "Unplug {count} device", "Unplug {count} devices")
    if notice.devices:
        device = sanitize.one_line(notice.devices[0].device.name)
        # Translators: The title of a notification, at most 40 characters with the device, which is CareLink USB or
        # Contour Next Link 2.4.
        return language.translate("Unplug the {device}", device=device)
    device = sanitize.one_line(notice.unknown_programs[0][1].name)
    programs = {program for program, _ in notice.unknown_programs}
    if len({other.port for _, other in notice.unknown_programs}) > 1:
        return language.count(
            len(programs), "Unknown program opened your devices", "Unknown programs opened your devices"
        )
    return language.count(
        len(programs),
        # Translators: A program that is not known as upload software uses the device.
        "Unknown program opened the {device}",
        "Unknown programs opened the {device}",
        device=device,
    )


def _describe_device(plug: PluggedPeriod, now: float, wall: datetime, language: Language) -> list[str]:
    """Return the lines about the only device: what to do, and since when."""
    duration, time = _measure_idle(plug, now, wall, language)
    return [
        # Translators: At most 45 characters, as most desktops show no more. {duration} is "5 minutes" or "3 h 20 min".
        language.translate("Unused for {duration}. Please disconnect it.", duration=duration)
        if duration
        else language.translate("Unused since {time}. Please disconnect it.", time=time),
        # Translators: {time} is a time of day, with the weekday or the date unless it is today.
        language.translate("Plugged in since {time}.", time=time)
        if plug.last_use is None
        else language.translate("Last used: {time}.", time=time),
    ]


def _list_devices(
    plugs: Sequence[PluggedPeriod], now: float, wall: datetime, language: Language
) -> list[str]:
    """Return a line for each device, with its port if another one has the same name."""
    names = [sanitize.one_line(plug.device.name) for plug in plugs]
    lines = []
    for plug, device in zip(plugs, names, strict=True):
        duration, time = _measure_idle(plug, now, wall, language)
        port = sanitize.one_line(plug.device.port)
        if names.count(device) == 1 and duration:
            line = language.translate("{device}: unused for {duration}.", device=device, duration=duration)
        elif names.count(device) == 1:
            line = language.translate("{device}: unused since {time}.", device=device, time=time)
        elif duration:
            line = language.translate(
                # Translators: The USB port tells two devices of the same kind apart.
                "{device} (port {port}): unused for {duration}.",
                device=device,
                port=port,
                duration=duration,
            )
        else:
            line = language.translate(
                "{device} (port {port}): unused since {time}.", device=device, port=port, time=time
            )
        lines.append(line)
    return lines


def _warn(program: str, device: Device, language: Language, *, alone: bool) -> str:
    program, name = sanitize.one_line(program), sanitize.one_line(device.name)
    # The title names the device only if there is nothing to unplug.
    if alone:
        # Translators: At most 45 characters with the program's name. Use your own quotation marks.
        return language.translate("Close “{program}” unless you upload with it.", program=program)
    return language.translate(
        "“{program}” has the {device} open. Close it unless you upload with it.", program=program, device=name
    )


def _list_buttons(notice: Reminder, language: Language, *, can_add: bool) -> tuple[tuple[str, str], ...]:
    buttons: list[tuple[str, str]] = []
    if notice.devices and notice.snooze >= 1:
        buttons.append((SNOOZE_KEY, _label_snooze(notice.snooze, language)))
    if notice.devices:
        # Translators: A button: at most 20 characters.
        buttons.append((UPLOADING_KEY, language.translate("I am uploading")))
    addable = [name for name, _ in notice.unknown_programs if can_add and uploaders.can_be_added(name)]
    for name in dict.fromkeys(addable):
        program = sanitize.one_line(name, MAX_LABEL_CHARACTERS)
        # Translators: A button: at most 20 characters and the program's name.
        label = language.translate("I upload with {program}", program=program)
        buttons.append((ADD_UPLOADER_KEY + name, label))
    return tuple(buttons[:MAX_BUTTONS])


def _label_snooze(seconds: float, language: Language) -> str:
    if seconds < 60:
        # Translators: A button: at most 20 characters. "s" is for seconds.
        return language.translate("Snooze {seconds} s", seconds=str(round(seconds)))
    # Translators: A button: at most 20 characters. It puts reminders off for some minutes.
    return language.translate("Snooze {minutes} min", minutes=str(round(seconds / 60)))


def _is_chargeable(plug: PluggedPeriod, watches: Sequence[Watch]) -> bool:
    watch = devices.find_watch(plug.device.vendor, plug.device.product, watches)
    return watch is not None and watch.chargeable


def _measure_idle(plug: PluggedPeriod, now: float, wall: datetime, language: Language) -> tuple[str, str]:
    """Return for how long the device has been unused, "" if under a minute, and the time of day when that began."""
    idle = now - plug.idle_since
    began = datetime.fromtimestamp(wall.timestamp() - idle).astimezone()
    time = language.formats.format_recent(began, wall)
    return durations.describe(idle, language) if idle >= 60 else "", time
