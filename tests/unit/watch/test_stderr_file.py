"""The log of a service that nobody rotates: what is cut, and what is left alone."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from unplugd.watch import stderr_file

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.not_on_windows("what is open cannot be removed there")
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


def test_without_a_console_lines_go_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are added to what is there; the log is cut, and only the user can read it."""
    log = tmp_path / "unplugd/unplugd.log"
    monkeypatch.setattr(sys, "stderr", None)
    for line in ("one\n", "tw\u00f6\n"):
        stderr_file.redirect(log)
        assert sys.stderr
        sys.stderr.write(line)
        assert not stderr_file.trim(log)
        sys.stderr.close()
    assert log.read_bytes() == "one\ntw\u00f6\n".encode()
    stderr_file.redirect(log)
    assert stderr_file.trim(log, limit=6)
    sys.stderr.write("three\n")
    sys.stderr.close()
    assert log.read_bytes() == b"three\n"
    assert log.with_name("unplugd.log.1").read_bytes() == "tw\u00f6\n".encode()


def test_without_a_log_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in its place, for example: nobody would see an error either."""
    monkeypatch.setattr(sys, "stderr", None)
    stderr_file.redirect(tmp_path)
    assert sys.stderr is None
