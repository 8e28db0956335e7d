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
    """The title and two lines say what it is, since when, and what to do."""
    shown = compose(plug())
    assert shown.title == "Unplug the CareLink USB"
    assert shown.lines == (
        "Plugged in since 11:48 (12 minutes), not used.",
        "Disconnect it when you are not uploading.",
    )
    assert shown.buttons == (SNOOZE, UPLOADING)


def test_a_stick_after_an_upload() -> None:
    """What counts is when it was last used."""
    assert compose(plug(minutes=60, used=2)).lines[0] == "Not used since 11:58 (2 minutes)."


def test_a_moment_ago() -> None:
    """Below a minute there is only the time of day."""
    assert compose(plug(minutes=0.5)).lines[0] == "Plugged in since 11:59, not used."


def test_since_yesterday() -> None:
    """A time on another day is shown with its day."""
    assert compose(plug(minutes=1500)).lines[0] == "Plugged in since Mon 11:00 (1 d 1 h), not used."


def test_a_meter_may_be_charged_elsewhere() -> None:
    """A person who leaves the meter plugged in to charge it learns of another way."""
    assert compose(plug(METER)).lines[1] == (
        "Disconnect it when you are not uploading. You can also charge the meter from a USB wall charger."
    )


def test_several_devices_have_a_line_each() -> None:
    """Each with its port, since nothing else distinguishes two of a kind."""
    shown = compose(plug(minutes=65), plug(METER, minutes=60, used=5))
    assert shown.title == "Unplug 2 devices"
    assert shown.lines == (
        "CareLink USB (port 1-1.2): plugged in since 10:55 (1 h 5 min), not used.",
        "Contour Next Link 2.4 (port 1-1.3): not used since 11:55 (5 minutes).",
        "Disconnect them when you are not uploading. You can also charge the meter from a USB wall charger.",
    )


def test_an_unknown_program_is_named_with_the_way_to_add_it() -> None:
    """A warning alone does not ask to unplug anything, so it has no buttons."""
    shown = compose(strangers=(("photo tool", STICK),))
    assert shown.title == "Unknown program using the CareLink USB"
    assert shown.lines == (
        "“photo tool” has it open, but unplugd does not know this program.",
        "If you use it to upload, run: unplugd config add-uploader 'photo tool'",
    )
    assert shown.buttons == ()


def test_a_reminder_and_a_warning_share_one_notification() -> None:
    """The device comes first, the program after it, and the buttons are the reminder's."""
    shown = compose(plug(), strangers=(("cat", STICK),))
    assert shown.title == "Unplug the CareLink USB"
    assert len(shown.lines) == 4
    assert shown.buttons == (SNOOZE, UPLOADING)


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
    for line in (shown.title, *shown.lines):
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
        is_interpreter = uploaders.is_interpreter(program)
        assert is_interpreter or not re.fullmatch(r"\w[\w.+ -]*", program)
        return
    command = shlex.split(lines[0].partition(": ")[2])
    arguments = make_parser().parse_args(command[1:])
    entry = format_uploader("added", (arguments.process,))
    added = parse_settings(entry).uploaders[:1]
    assert uploaders.find_uploader(Program(program), added)
    assert not uploaders.find_uploader(Program("something else"), added)
