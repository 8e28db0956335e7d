"""Which command a service is to run, the line by which its file is known, and the hands that write it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd_service import stamp, system
from unplugd_service.errors import Failure
from unplugd_service.program import find_program
from unplugd_service.system import DryRun, RealSystem

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder with an unplugd of its own, as if Python were installed for good."""
    home = tmp_path / "home"
    monkeypatch.setattr(sys, "prefix", str(home / "venv"))
    monkeypatch.setattr(sys, "executable", str(home / "venv/bin/python"))
    for folder in (".local/bin", "venv/bin", ".cache/uv", "cache", "Library/Caches/uv"):
        (home / folder).mkdir(parents=True)
        script(home / folder / "unplugd")
    return home


def script(path: Path) -> Path:
    """Write a program."""
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def found(home: Path, argv0: Path | str, **environment: str) -> tuple[str, ...]:
    """Return the command for a program that was started by this path."""
    return find_program("1.2.3", str(argv0), {"HOME": str(home), **environment}).command


def test_the_path_it_was_started_by(home: Path) -> None:
    """A link stays a link: upgrades of pipx and uv keep it."""
    link = home / ".local/bin/unplugd"
    link.unlink()
    link.symlink_to(home / "venv/bin/unplugd")
    assert found(home, link) == (str(link), "run")


def test_a_relative_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made absolute: the service starts elsewhere."""
    monkeypatch.chdir(home / "venv")
    assert found(home, "bin/unplugd") == (str(home / "venv/bin/unplugd"), "run")


@pytest.mark.parametrize("argv0", ["/usr/lib/python3/dist-packages/unplugd/__main__.py", "-c", "", "-m"])
def test_python_that_runs_the_module(home: Path, argv0: str) -> None:
    """Without a script of that name it is the interpreter that is started."""
    assert found(home, argv0) == (str(home / "venv/bin/python"), "-m", "unplugd", "run")


@pytest.mark.parametrize("where", [".cache/uv", "Library/Caches/uv"])
def test_what_vanishes_is_refused(home: Path, where: str) -> None:
    """The caches of tools that run a program once, with the folder named and the way to install."""
    with pytest.raises(
        Failure, match=f"is running from ~/{where.rpartition('/')[0]}, a temporary folder"
    ) as trouble:
        found(home, home / where / "unplugd")
    assert "make install" in trouble.value.hint


def test_a_link_to_what_vanishes_is_refused(home: Path) -> None:
    """It is what the link points at that counts, too."""
    link = home / ".local/bin/unplugd"
    link.unlink()
    link.symlink_to(home / ".cache/uv/unplugd")
    with pytest.raises(Failure):
        found(home, link)


def test_a_cache_of_ones_own_choice(home: Path) -> None:
    """XDG_CACHE_HOME is obeyed."""
    with pytest.raises(Failure):
        found(home, home / "cache/unplugd", XDG_CACHE_HOME=str(home / "cache"))


def test_a_temporary_folder(home: Path, tmp_path: Path) -> None:
    """/tmp is emptied at each start; a home folder that lies in it is taken as meant."""
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    with pytest.raises(Failure, match="running from /tmp, a temporary folder"):
        found(home, script(outside / "unplugd"))


@pytest.mark.parametrize("name", ["Documents", "Desktop", "Downloads", "Library/Mobile Documents"])
def test_what_macos_keeps_from_launchd_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A script there, a link to one, and one whose packages are there; elsewhere such folders are like any other."""
    folder = home / name / "unplugd"
    folder.mkdir(parents=True)
    there, link = script(folder / "unplugd"), home / ".local/bin/unplugd"
    link.unlink()
    link.symlink_to(there)

    def refused(argv0: Path) -> bool:
        with pytest.raises(Failure) as trouble:
            find_program("1.2.3", str(argv0), {"HOME": str(home)}, "darwin")
        assert "make install" in trouble.value.hint
        return str(trouble.value) == f"macOS keeps background programs out of ~/{name}"

    assert refused(there)
    assert refused(link)
    assert found(home, link) == (str(link), "run")
    monkeypatch.setattr(sys, "prefix", str(folder))
    assert refused(home / "venv/bin/unplugd")


@given(st.text(), st.from_regex(r"[0-9a-z.+]+", fullmatch=True))
def test_a_seal_knows_its_file(rest: str, version: str) -> None:
    """Whatever stands in the file: as written it is intact, with a letter more it is not."""
    text = f"# {stamp.format_line(rest, version)}\n{rest}"
    assert stamp.read_stamp(text) == stamp.Stamp(version, intact=True)
    assert stamp.read_stamp(f"{text}x") == stamp.Stamp(version, intact=False)


@given(st.text())
def test_other_files_have_no_seal(text: str) -> None:
    """Somebody else's file is never taken for ours."""
    assert stamp.read_stamp(text) is None


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


def test_programs_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing and one that hangs are one line each; a complaint is the last line said."""
    with pytest.raises(Failure, match="no-such-program cannot be started: No such file"):
        system.run("no-such-program")
    monkeypatch.setattr(system, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(Failure, match="sleep is not responding"):
        system.run("sleep", "9")
    assert system.run("sh", "-c", "echo one; echo two >&2; exit 3").message == "two"
    assert system.run("false").message == "exit status 1"


def test_a_rehearsal_touches_nothing(tmp_path: Path) -> None:
    """It says what would be written, removed, run and waited for."""
    said: list[str] = []
    rehearsal = DryRun(said.append)
    rehearsal.write(tmp_path / "new", b"text\n")
    rehearsal.remove(tmp_path)
    assert rehearsal.run("rm", "-rf", "a b").code == 0
    assert rehearsal.wait("it is over", lambda: False, 9)
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
