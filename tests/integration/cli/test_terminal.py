"""NO_COLOR gives plain text in a real terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests import TESTS
from tests.rig.screen import on_terminal

if TYPE_CHECKING:
    from pathlib import Path

MONTH = TESTS / "histories" / "month.jsonl"


TABLE = "from unplugd.cli.terminal import print_table; print_table(('NAME', ''), [('a', 'b ' * 90)])"


@pytest.mark.parametrize("command", [("-m", "unplugd", "report", str(MONTH)), ("-c", TABLE)])
def test_no_color_is_plain_text(tmp_path: Path, command: tuple[str, ...]) -> None:
    """With NO_COLOR a terminal gets no escape sequence at all, and still lines that are as wide as it is."""
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONUTF8": "1"}
    plain = on_terminal([sys.executable, *command], 100, {**environment, "NO_COLOR": "1"})
    assert "\x1b" not in plain
    assert 90 < max(map(len, plain.splitlines())) <= 100
    assert "\x1b[1m" in on_terminal([sys.executable, *command], 100, {**environment, "NO_COLOR": ""})
