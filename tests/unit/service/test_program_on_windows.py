"""Which command the service runs on Windows, and which places it is refused from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from unplugd_service.errors import Failure
from unplugd_service.program import find_program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home folder with a Python in it, as if it were there for good."""
    home = tmp_path / "home"
    monkeypatch.setattr(sys, "prefix", str(home / "venv"))
    monkeypatch.setattr(sys, "executable", str(home / "venv/Scripts/python.exe"))
    (home / "venv/Scripts").mkdir(parents=True)
    return home


def find(home: Path, argv0: str = "-m") -> tuple[str, ...]:
    """Return the command for a program that was started by this path."""
    return find_program("1.2.3", argv0, {"HOME": str(home), "USERPROFILE": str(home)}, "win32").command


def test_it_has_no_console(home: Path) -> None:
    """The Python beside unplugd.exe that has none is started, also if somebody started unplugd.exe."""
    python = home / "venv/Scripts/pythonw.exe"
    python.touch()
    for argv0 in (str(home / ".local/bin/unplugd"), "-m"):
        assert find(home, argv0) == (str(python), "-P", "-m", "unplugd", "run")


def test_a_python_that_has_a_console_alone_is_refused(home: Path) -> None:
    """A window that is always there would be closed, and unplugd with it."""
    with pytest.raises(Failure, match=r"has no pythonw\.exe"):
        find(home)


@pytest.mark.parametrize("cache", ["AppData/Local/uv/cache", "AppData/Local/pipx/pipx/Cache", "pipx/.cache"])
def test_what_vanishes_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch, cache: str) -> None:
    """The caches of uvx and pipx run."""
    folder = home / cache / "unplugd/Scripts"
    folder.mkdir(parents=True)
    (folder / "pythonw.exe").touch()
    monkeypatch.setattr(sys, "executable", str(folder / "python.exe"))
    with pytest.raises(Failure, match="a temporary folder"):
        find(home)
