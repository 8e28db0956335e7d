"""What a terminal shows can be read there, whatever its colours, and without any."""

from __future__ import annotations

import os
import pty
import select
import sys
import termios
from itertools import combinations

import pytest
from rich.color import Color

from tests.rig import sight
from unplugd.cli.terminal import make_console, say_without_waiting

BACKGROUNDS = {"black": (0.0, 0.0, 0.0), "white": (1.0, 1.0, 1.0)}


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> dict[str, sight.Colour]:
    """Return the styles' colours on a terminal of 256."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    shown = make_console()
    assert shown.color_system == "256"
    found = {}
    for name in ("unused", "unused.most", "used", "good"):
        colour = shown.get_style(name).color
        assert isinstance(colour, Color)
        red, green, blue = colour.get_truecolor()
        found[name] = (red / 255, green / 255, blue / 255)
    return found


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_colour_can_be_read(colours: dict[str, sight.Colour], background: str) -> None:
    """On a black terminal and on a white one."""
    for colour in colours.values():
        assert sight.contrast(colour, BACKGROUNDS[background]) >= 3.5


@pytest.mark.parametrize("eyes", sight.SEEN)
def test_used_and_unused_are_told_apart_by_every_eye(colours: dict[str, sight.Colour], eyes: str) -> None:
    """And from both grounds."""
    shown = [colours["unused"], colours["used"], *BACKGROUNDS.values()]
    for one, other in combinations(shown, 2):
        assert sight.difference(one, other, eyes) >= 40


def heard(terminal: int) -> bytes:
    """Return a line from a terminal, which comes in pieces."""
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(terminal, 100)
    return line


def test_a_halted_terminal_does_not_halt_who_talks_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-S nothing is written, and nobody waits; when it is gone, nothing happens either. Without poll()."""
    # On macOS, poll() calls every terminal invalid.
    monkeypatch.delattr(select, "poll")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        say_without_waiting("seen")
        assert heard(ours) == b"seen\r\n"
        termios.tcflow(theirs, termios.TCOOFF)
        say_without_waiting("not seen")
        termios.tcflow(theirs, termios.TCOON)
        say_without_waiting("seen again")
        assert heard(ours) == b"seen again\r\n"
        os.close(ours)
        say_without_waiting("to nobody")


def test_a_reader_that_has_gone_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe without a reader, and no stderr at all."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stderr", pipe)
        say_without_waiting("to nobody")
    monkeypatch.setattr(sys, "stderr", None)
    say_without_waiting("to nobody")
