"""In unplugd's own folders nobody else decides what is there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from unplugd import account, private_folder
from unplugd.private_folder import NotOursError

NEIGHBOUR = 54321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    """Nobody else may enter it."""
    private_folder.make(tmp_path / "state/unplugd")
    assert mode(tmp_path / "state/unplugd") == 0o700


@pytest.mark.parametrize(
    ("before", "after"), [(0o777, 0o755), (0o775, 0o755), (0o770, 0o750), (0o755, 0o755)]
)
def test_nobody_else_keeps_the_right_to_write(tmp_path: Path, before: int, after: int) -> None:
    """A folder of the user's own is tightened, and no more than it has to be."""
    tmp_path.chmod(before)
    private_folder.make(tmp_path)
    assert mode(tmp_path) == after


@needs_root
@pytest.mark.parametrize("is_link", [False, True])
def test_another_users_folder_is_refused(tmp_path: Path, is_link: bool) -> None:
    """It says so with a way out; a link of another user's is no better, wherever it leads."""
    folder = tmp_path / "unplugd"
    if is_link:
        folder.symlink_to(tmp_path)
    else:
        folder.mkdir(mode=0o700)
    os.chown(folder, NEIGHBOUR, -1, follow_symlinks=False)
    with pytest.raises(NotOursError) as refused:
        private_folder.make(folder)
    assert refused.value.strerror == "its folder belongs to another user"
    assert refused.value.filename == str(folder)
    assert refused.value.hint == "run unplugd as the user to whom it belongs, without sudo"


@needs_root
def test_a_shared_folder_of_roots_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's own is fine, but not where everybody may write, as in /tmp."""
    # The way there is closed to others.
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o1777)
    os.seteuid(NEIGHBOUR)
    try:
        with pytest.raises(NotOursError, match="others can write to its folder"):
            private_folder.check(Path())
    finally:
        os.seteuid(0)
    tmp_path.chmod(0o755)
    os.seteuid(NEIGHBOUR)
    try:
        private_folder.check(Path())
    finally:
        os.seteuid(0)


@needs_root
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    """As is another user's link, even to a file of the user's own."""
    file, link = tmp_path / "events.jsonl", tmp_path / "config.toml"
    file.write_text("")
    link.symlink_to(file)
    for path in (file, link):
        os.chown(path, NEIGHBOUR, -1, follow_symlinks=False)
        with pytest.raises(NotOursError, match="it belongs to another user"):
            private_folder.resolve(path)


def test_the_users_own_link_is_followed(tmp_path: Path) -> None:
    """To where it leads in the end, even if nothing is there yet."""
    target, link = tmp_path / "sync/events.jsonl", tmp_path / "events.jsonl"
    link.symlink_to(target)
    assert private_folder.resolve(link) == target
    assert private_folder.resolve(target) == target


def test_the_hint_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the folder is called; the home folder, which holds the user's name, is not in it."""
    monkeypatch.setattr(account, "find_user", lambda: NEIGHBOUR)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert NotOursError(tmp_path / "a b'c", "x").hint.endswith("""sudo chown -h "$(id -un)" ~/'a b'"'"'c'""")
    assert NotOursError(Path("/a b~/c"), "x").hint.endswith("""sudo chown -h "$(id -un)" '/a b~/c'""")
