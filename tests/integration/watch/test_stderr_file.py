"""The log of a service that nobody rotates: a real file as stderr of a real child, as launchd gives it."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from unplugd.watch import stderr_file

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


def test_one_line_that_is_longer_than_all_is_cut(tmp_path: Path) -> None:
    """Without a line's beginning to keep from, the end is kept as it is."""
    log = tmp_path / "log"
    log.write_bytes(b"x" * 500)
    with log.open("a") as stream:
        assert stderr_file.trim(log, stream, 100)
    assert (tmp_path / "log.1").read_bytes() == b"x" * 100
    assert log.stat().st_size == 0


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """A pipe, a terminal, journald's socket, nothing at all."""
    log = tmp_path / "log"
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream, os.fdopen(read):
        assert not stderr_file.trim(log, stream, 0)
    assert not stderr_file.trim(log, io.StringIO("x" * 100), 1)
    assert not stderr_file.trim(log, stream, 0)


def test_without_stderr_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert not stderr_file.trim(tmp_path)


def test_a_file_that_was_removed_or_replaced_is_left_alone(tmp_path: Path) -> None:
    """Somebody else rotates it: what is there now is theirs."""
    log = tmp_path / "log"
    with log.open("a") as stream:
        stream.write("x" * 100)
        stream.flush()
        log.unlink()
        assert not stderr_file.trim(log, stream, 10)
        log.write_text("new" * 100)
        assert not stderr_file.trim(log, stream, 10)
    assert log.read_text() == "new" * 100
    assert os.listdir(tmp_path) == ["log"]  # noqa: PTH208


def test_where_the_end_cannot_be_kept_nothing_is_lost(tmp_path: Path) -> None:
    """A folder in the way of FILE.1: the log stays as long as it is, and no remains are left."""
    log = tmp_path / "log"
    (tmp_path / "log.1/in-the-way").mkdir(parents=True)
    with log.open("a") as stream:
        stream.write("x" * 100)
        stream.flush()
        assert not stderr_file.trim(log, stream, 10)
    assert log.stat().st_size == 100
    assert sorted(os.listdir(tmp_path)) == ["log", "log.1"]  # noqa: PTH208


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    """A desktop's own log, to which many programs write, is not ours to shorten."""
    shared = tmp_path / ".xsession-errors"
    (tmp_path / "unplugd.log").write_text("ours")
    with shared.open("a") as stream:
        stream.write("x" * 100)
        stream.flush()
        assert not stderr_file.trim(tmp_path / "unplugd.log", stream, 10)
    assert shared.stat().st_size == 100
