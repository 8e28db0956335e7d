"""Which command a service runs, and which places it is refused from."""

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
    assert found(home, argv0) == (str(home / "venv/bin/python"), "-P", "-m", "unplugd", "run")


@pytest.mark.usefixtures("no_account")
def test_without_a_home_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program is found and a temporary folder is refused all the same."""
    monkeypatch.setattr(sys, "prefix", "/opt/unplugd")
    monkeypatch.setattr(sys, "executable", "/opt/unplugd/bin/python")
    assert find_program("1.2.3", "-m", {}).command[0] == "/opt/unplugd/bin/python"
    with pytest.raises(Failure, match="running from /tmp, a temporary folder"):
        find_program("1.2.3", str(home / "venv/bin/unplugd"), {})


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
