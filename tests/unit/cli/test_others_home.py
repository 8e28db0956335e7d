"""Root in somebody else's home, as with `sudo -E`: what would write there is refused, what only reads works."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from unplugd import paths
from unplugd.errors import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.command_line import Shell

SOMEBODY = 5556


@pytest.fixture(autouse=True)
def as_root() -> None:
    """Skip what only root can be refused."""
    if os.geteuid():
        pytest.skip("needs root, to be in somebody else's home")


def find_files(shell: Shell) -> list[Path]:
    return sorted(shell.home.parent.rglob("*"))


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "demo",
        "config init",
        "config add-uploader x",
        "devices learn 0a21:8001",
        "service uninstall --purge",
    ],
)
def test_what_would_write_is_refused(shell: Shell, command: str) -> None:
    """With one line and the way out, before anything is made."""
    os.chown(shell.home, SOMEBODY, SOMEBODY)
    before = find_files(shell)
    done = shell.run(*command.split())
    assert done.code == 1
    what, hint = done.stderr.splitlines()
    assert "belongs to another user" in what
    assert "of-ann" not in what
    assert "without sudo" in hint
    assert find_files(shell) == before


@pytest.mark.parametrize(
    ("command", "code"),
    [("status", 1), ("log", 1), ("report", 1), ("config check", 0), ("config show", 0), ("config path", 0)],
)
def test_what_only_reads_works(shell: Shell, command: str, code: int) -> None:
    """It says the same as to the person, and leaves nothing there."""
    os.chown(shell.home, SOMEBODY, SOMEBODY)
    before = find_files(shell)
    done = shell.run(*command.split())
    assert done.code == code
    assert "another user" not in done.stderr
    assert find_files(shell) == before


@pytest.mark.parametrize("folder", [".config", ".config/unplugd"])
def test_a_folder_that_root_left_behind_makes_the_home_no_roots(shell: Shell, folder: str) -> None:
    """What was made by mistake earlier is no reason to go on."""
    (shell.home / folder).mkdir(parents=True)
    os.chown(shell.home, SOMEBODY, SOMEBODY)
    assert shell.run("config", "init").code == 1


def test_each_folder_counts_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of root's own may be written to whoever's home is meant, and one of somebody else's never."""
    home, own, others = tmp_path / "home", tmp_path / "own", tmp_path / "others"
    for folder in (home, own, others):
        folder.mkdir()
    os.chown(home, SOMEBODY, SOMEBODY)
    os.chown(others, SOMEBODY, SOMEBODY)
    monkeypatch.setenv("HOME", str(home))
    paths.refuse_others(own / "state/unplugd")
    with pytest.raises(Failure):
        paths.refuse_others(own, home / ".config/unplugd")
    monkeypatch.setenv("HOME", str(own))
    with pytest.raises(Failure):
        paths.refuse_others(own, others / "unplugd")


def test_an_owner_that_a_container_does_not_have_is_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether root may write there is the kernel's to say."""
    os.chown(tmp_path, paths.UNMAPPED_UID, paths.UNMAPPED_UID)
    monkeypatch.setenv("HOME", str(tmp_path))
    paths.refuse_others(tmp_path / ".config/unplugd")


def test_a_person_is_refused_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose folders a person may write to is the kernel's to say."""
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    paths.refuse_others(shell.where.state)
