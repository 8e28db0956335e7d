"""The text of notifications: short, true, harmless, and with what to do."""

from __future__ import annotations

import re
import shlex
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unplugd import sanitize
from unplugd.config.file import parse_settings
from unplugd.config.write import format_uploader
from unplugd.notify import message
from unplugd.rules import uploaders
from unplugd.rules.devices import BUILT_IN, Device
from unplugd.rules.model import PluggedPeriod, Reminder
from unplugd.rules.uploaders import Program

if TYPE_CHECKING:
    from unplugd.notify.message import Message

NOW = 100_000.0
NOON = datetime(2025, 6, 10, 12, 0, tzinfo=UTC)
STICK = Device("1-1.2", 0x0A21, 0x8001, name="CareLink USB")
METER = Device("1-1.3", 0x1A79, 0x6210, name="Contour Next Link 2.4")
SNOOZE = ("snooze", "Snooze 15 min")
UPLOADING = ("uploading", "I am uploading")


def plug(device: Device = STICK, *, minutes: float = 12, used: float | None = None) -> PluggedPeriod:
    since = NOW - minutes * 60
    return PluggedPeriod(device, since, since, NOW, last_use=None if used is None else NOW - used * 60)


def compose(
    *plugs: PluggedPeriod, strangers: tuple[tuple[str, Device], ...] = (), snooze: float = 900
) -> Message:
    notice = Reminder(1, plugs, strangers, snooze=snooze)
    return message.compose(notice, NOW, NOON, BUILT_IN)


def test_a_stick_that_nothing_used() -> None:
    """The title says what to unplug, the first line why, the next one since when."""
    shown = compose(plug())
    assert shown.title == "Unplug the CareLink USB"
    assert shown.lines == ("Unused for 12 minutes. Please disconnect it.", "Plugged in since 11:48.")
    assert shown.buttons == (SNOOZE, UPLOADING)


def test_a_stick_after_an_upload() -> None:
    """What counts is when it was last used."""
    shown = compose(plug(minutes=60, used=2))
    assert shown.lines == ("Unused for 2 minutes. Please disconnect it.", "Last used: 11:58.")


def test_a_moment_ago() -> None:
    """Below a minute there is only the time of day."""
    assert compose(plug(minutes=0.5)).lines[0] == "Unused since 11:59. Please disconnect it."


def test_since_yesterday() -> None:
    """A time on another day is shown with its day."""
    assert compose(plug(minutes=1500)).lines == (
        "Unused for 1 d 1 h. Please disconnect it.",
        "Plugged in since Mon 11:00.",
    )


@pytest.mark.parametrize("minutes", [0.5, 1, 12, 59, 61, 23 * 60 + 59, 47 * 60 + 59, 999 * 1440 + 23 * 60])
def test_the_first_line_fits_where_only_its_beginning_is_shown(minutes: float) -> None:
    """GNOME shows the first 45 characters, and nothing after them."""
    for device in (STICK, METER):
        assert len(compose(plug(device, minutes=minutes)).lines[0]) <= 45
    assert len(compose(plug(minutes=minutes), plug(METER, minutes=minutes)).lines[0]) <= 45
    assert len(compose(strangers=(("photo-tool", STICK),)).lines[0]) <= 45


def test_a_meter_may_be_charged_elsewhere() -> None:
    """A person who leaves the meter plugged in to charge it learns of another way."""
    assert compose(plug(METER)).lines[2:] == ("You can also charge the meter from a USB wall charger.",)


def test_several_devices_have_a_line_each() -> None:
    """What to do comes first; one charger is enough for all."""
    shown = compose(plug(minutes=65), plug(METER, minutes=60, used=5))
    assert shown.title == "Unplug 2 devices"
    assert shown.lines == (
        "Not in use. Please disconnect them.",
        "CareLink USB: unused for 1 h 5 min.",
        "Contour Next Link 2.4: unused for 5 minutes.",
        "You can also charge the meter from a USB wall charger.",
    )


def test_two_devices_of_a_kind_have_their_ports() -> None:
    """Only where the names are alike does the port say which one is meant."""
    other = replace(STICK, port="1-1.4")
    assert compose(plug(), plug(other, minutes=0.5), plug(METER)).lines[1:4] == (
        "CareLink USB (port 1-1.2): unused for 12 minutes.",
        "CareLink USB (port 1-1.4): unused since 11:59.",
        "Contour Next Link 2.4: unused for 12 minutes.",
    )


def test_an_unknown_program_is_named_with_the_way_to_add_it() -> None:
    """The first line says what to do; whose upload software it is adds it by a button or a command."""
    shown = compose(strangers=(("photo tool", STICK),))
    assert shown.title == "Unknown program opened the CareLink USB"
    assert shown.lines == (
        "Close “photo tool” unless you upload with it.",
        "If you upload with it, run: unplugd config add-uploader 'photo tool'",
    )
    assert shown.buttons == (("add-uploader:photo tool", "I upload with photo tool"),)


def test_several_unknown_programs_have_a_button_each() -> None:
    """One that opened both devices has one button, and there are never more buttons than GNOME shows."""
    shown = compose(strangers=(("a", STICK), ("b", STICK)))
    assert shown.title == "Unknown programs opened the CareLink USB"
    assert [label for _, label in shown.buttons] == ["I upload with a", "I upload with b"]
    shown = compose(strangers=(("a", STICK), ("a", METER)))
    assert (shown.title, len(shown.lines)) == ("Unknown program opened your devices", 2)
    assert [label for _, label in shown.buttons] == ["I upload with a"]
    shown = compose(strangers=(("a", STICK), ("b", METER)))
    assert shown.title == "Unknown programs opened your devices"
    assert len(compose(strangers=tuple((name, STICK) for name in "abcde")).buttons) == 3
    shown = compose(plug(), strangers=(("a", STICK), ("b", STICK)))
    assert [key for key, _ in shown.buttons] == ["snooze", "uploading", "add-uploader:a"]


@pytest.mark.parametrize("program", ["python3", "bash", "java", "--help", "/photo", "photo:tool", "*"])
def test_what_runs_other_programs_cannot_be_added(program: str) -> None:
    """Neither a button nor a command adds an interpreter, or a name that means something else as a setting."""
    shown = compose(strangers=((program, STICK),))
    assert (len(shown.lines), shown.buttons) == (1, ())


def test_a_long_name_does_not_make_a_long_button() -> None:
    """The label of a button is cut, what it adds is not."""
    name = "a" * 40
    assert compose(strangers=((name, STICK),)).buttons == (
        (f"add-uploader:{name}", f"I upload with {'a' * 19}…"),
    )


def test_a_reminder_and_a_warning_share_one_notification() -> None:
    """The device comes first, then the program, which is said to have the device open."""
    shown = compose(plug(), strangers=(("cat", STICK),))
    assert shown.title == "Unplug the CareLink USB"
    assert shown.lines[2:] == (
        "“cat” has the CareLink USB open. Close it unless you upload with it.",
        "If you upload with it, run: unplugd config add-uploader cat",
    )
    assert shown.buttons == (SNOOZE, UPLOADING, ("add-uploader:cat", "I upload with cat"))


@pytest.mark.parametrize(
    ("seconds", "label"),
    [(900, "Snooze 15 min"), (60, "Snooze 1 min"), (8, "Snooze 8 s"), (3600, "Snooze 60 min")],
)
def test_the_button_says_how_long(seconds: float, label: str) -> None:
    """The label is the snooze that pressing it gives."""
    assert compose(plug(), snooze=seconds).buttons[0] == ("snooze", label)


def test_a_used_up_snooze_has_no_button() -> None:
    """Nothing is offered that would do nothing."""
    assert compose(plug(), snooze=0).buttons == (UPLOADING,)


def test_urgency_and_novelty_reach_the_channel() -> None:
    """They are as the rules decided."""
    notice = Reminder(1, (plug(),), critical=True, fresh=True)
    shown = message.compose(notice, NOW, NOON, BUILT_IN)
    assert (shown.critical, shown.fresh) == (True, True)
    shown = message.compose(replace(notice, critical=False, fresh=False), NOW, NOON, BUILT_IN)
    assert (shown.critical, shown.fresh) == (False, False)


ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    "program", ["Python", "PYTHON3.12", "Electron", "osascript", "JavaAppLauncher", "applet", "Firefox"]
)
def test_no_command_adds_a_program_that_runs_others(program: str) -> None:
    """In any case of letters: all that it runs would count as upload software."""
    assert len(compose(strangers=((program, STICK),)).lines) == 1


@given(ANYTHING, ANYTHING, st.lists(ANYTHING, max_size=3), st.integers(1, 2), st.floats(0, 1e7))
@settings(deadline=None)
def test_untrusted_names_are_harmless(
    name: str, port: str, strangers: list[str], count: int, idle: float
) -> None:
    """No control character, no line end, no line longer than a screen, whatever a device or program calls itself."""
    device = Device(port, 1, 2, name=name)
    plugs = (PluggedPeriod(device, NOW - idle, NOW - idle, NOW),) * count
    shown = message.compose(
        Reminder(1, plugs, tuple((program, device) for program in strangers)), NOW, NOON, BUILT_IN
    )
    for line in (shown.title, *shown.lines, *(label for _, label in shown.buttons)):
        assert not any(unicodedata.category(character)[0] == "C" for character in line)
        assert len(line.splitlines()) == 1
        assert len(line) < 420


@given(ANYTHING.map(sanitize.one_line).filter(bool))
@example("photo-tool")
@example("sh")
@example("it's; rm -rf ~")
@example("--help")
@example("[photo]")
@example("*")
@example("photo:tool")
@example("/photo")
@settings(deadline=None)
def test_the_command_does_what_the_words_say(program: str) -> None:
    """Pasted into a shell it adds the program that was named, whatever its name is."""
    from unplugd.cli.parser import make_parser

    lines = compose(strangers=((program, STICK),)).lines[1:]
    if not lines:
        # No command is better than a wrong one, but there must be one for an ordinary name.
        assert uploaders.runs_others(program) or not re.fullmatch(r"\w[\w.+ -]*", program)
        return
    command = shlex.split(lines[0].partition(": ")[2])
    arguments = make_parser().parse_args(command[1:])
    entry = format_uploader("added", (arguments.process,))
    added = parse_settings(entry).uploaders[:1]
    assert uploaders.find_uploader(Program(program), added)
    assert not uploaders.find_uploader(Program("something else"), added)
