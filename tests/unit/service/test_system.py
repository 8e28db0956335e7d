"""Files written and removed, and the dry run that only says so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from unplugd_service import system
from unplugd_service.errors import Failure
from unplugd_service.system import DryRun, RealSystem

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """With its folders and its mode; nothing is left of a failed try, and the error is one line."""
    said: list[str] = []
    path = tmp_path / "a/b/file"
    RealSystem(said.append).write(path, b"text", 0o640)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"text", 0o640)
    assert said == [f"Wrote {path}"]
    (tmp_path / "a/b/folder").mkdir()
    with pytest.raises(Failure, match="cannot be written: Is a directory"):
        RealSystem(said.append).write(tmp_path / "a/b/folder", b"text")
    assert sorted(os.listdir(tmp_path / "a/b")) == ["file", "folder"]  # noqa: PTH208
    with pytest.raises(Failure, match="cannot be written: File exists"):
        RealSystem(said.append).write(path / "below", b"text")


def test_removing_is_no_error_where_nothing_is(tmp_path: Path) -> None:
    """But a file that cannot be removed is."""
    RealSystem(print).remove(tmp_path / "nothing")
    with pytest.raises(Failure, match="cannot be removed"):
        RealSystem(print).remove(tmp_path)


def test_a_dry_run_touches_nothing(tmp_path: Path) -> None:
    """It says what would be written, removed, run and waited for."""
    said: list[str] = []
    dry_run = DryRun(said.append)
    dry_run.write(tmp_path / "new", b"text\n")
    dry_run.remove(tmp_path)
    assert dry_run.run("rm", "-rf", "a b").code == 0
    assert dry_run.wait("it is over", lambda: False, 9)
    assert said == [
        f"# would write {tmp_path}/new (mode 0644):",
        "text\n",
        f"# would remove {tmp_path}",
        "# would run: rm -rf 'a b'",
        "# would wait up to 9 s until it is over",
    ]
    assert not list(tmp_path.iterdir())


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is so, and at the latest when the time is over."""
    monkeypatch.setattr(system, "POLL_SECONDS", 0.001)
    answers = iter([False, False, True])
    assert RealSystem(print).wait("it", lambda: next(answers), 9)
    assert not RealSystem(print).wait("it", lambda: False, 0.01)
