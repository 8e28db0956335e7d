"""What a terminal shows can be read there, whatever its colours, and without any."""

from __future__ import annotations

import os
import sys
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from rich.color import Color

from tests import TESTS
from tests.rig import sight
from tests.rig.screen import on_terminal
from unplugd.cli.terminal import make_console

if TYPE_CHECKING:
    from pathlib import Path

MONTH = TESTS / "histories" / "month.jsonl"
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


TABLE = "from unplugd.cli.terminal import print_table; print_table(('NAME', ''), [('a', 'b ' * 90)])"


@pytest.mark.parametrize("command", [("-m", "unplugd", "report", str(MONTH)), ("-c", TABLE)])
def test_no_color_is_plain_text(tmp_path: Path, command: tuple[str, ...]) -> None:
    """With NO_COLOR a terminal gets no escape sequence at all, and still lines that are as wide as it is."""
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONUTF8": "1"}
    plain = on_terminal([sys.executable, *command], 100, {**environment, "NO_COLOR": "1"})
    assert "\x1b" not in plain
    assert 90 < max(map(len, plain.splitlines())) <= 100
    assert "\x1b[1m" in on_terminal([sys.executable, *command], 100, {**environment, "NO_COLOR": ""})
