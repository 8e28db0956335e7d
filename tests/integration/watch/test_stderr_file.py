"""The log of a service that nobody rotates: a real file as stderr of a real child, as launchd gives it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CHILD = """
import pathlib
import sys
from unplugd.watch import stderr_file
for number in range({lines}):
    print(f"line {{number}}", file=sys.stderr, flush=True)
print(stderr_file.trim(pathlib.Path({log!r}), limit={limit}))
print("afterwards", file=sys.stderr)
"""


def run(log: Path, lines: int, limit: int, mode: str = "ab") -> str:
    """Run a child that writes so many lines into `log`, tidies and writes another; return what tidying returned."""
    with log.open(mode) as stderr:
        code = CHILD.format(lines=lines, limit=limit, log=str(log))
        return subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=stderr, text=True, check=True
        ).stdout.strip()


@pytest.mark.parametrize("mode", ["ab", "wb"])
def test_a_long_log_is_emptied_and_its_end_kept(tmp_path: Path, mode: str) -> None:
    """Whole lines, the newest; writing goes on at the file's beginning, with O_APPEND and without."""
    log = tmp_path / "unplugd.log"
    assert run(log, 200, 100, mode) == "True"
    assert log.read_text() == "afterwards\n"
    kept = tmp_path / "unplugd.log.1"
    assert kept.read_text() == "".join(f"line {number}\n" for number in range(189, 200))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["unplugd.log", "unplugd.log.1"]  # noqa: PTH208


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "unplugd.log"
    assert run(log, 3, 1000) == "False"
    assert log.read_text() == "line 0\nline 1\nline 2\nafterwards\n"
    assert not (tmp_path / "unplugd.log.1").exists()


def test_a_log_of_exactly_the_limit_is_left_alone(tmp_path: Path) -> None:
    assert run(tmp_path / "log", 10, 70) == "False"
    assert run(tmp_path / "log", 10, 70) == "True"


def test_the_kept_end_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    """However long it runs there are two files; a link there is replaced, not followed."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "log.1").symlink_to(precious)
    run(tmp_path / "log", 100, 50)
    run(tmp_path / "log", 100, 50)
    assert (tmp_path / "log.1").read_text().endswith("line 99\n")
    assert not (tmp_path / "log.1").is_symlink()
    assert precious.read_text() == "mine"
