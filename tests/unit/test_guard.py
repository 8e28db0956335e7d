"""The guard of the unit tests refuses what it says it refuses; see conftest.py."""

from __future__ import annotations

import multiprocessing
import os
import pty
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import PROJECT
from tests.unit.conftest import Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.conftest import Guard

ELSEWHERE = PROJECT / "written-by-a-test"


def fork() -> None:
    """Fork, and end the child at once if there is one."""
    if not os.fork():
        os._exit(0)


STARTS: dict[str, Callable[[], object]] = {
    "subprocess": lambda: subprocess.run(["true"], check=False),
    "fork": fork,
    "posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "system": lambda: os.system("true"),  # noqa: S605 - it is refused
    "pty": lambda: pty.spawn("true"),
    "multiprocessing": lambda: multiprocessing.get_context("spawn").Process().start(),
}
CHANGES: dict[str, Callable[[Path], object]] = {
    "open": lambda _: ELSEWHERE.write_text("x"),
    "mkdir": lambda _: ELSEWHERE.mkdir(),
    "rename out": lambda inside: inside.rename(ELSEWHERE),
    "rename in": (PROJECT / "README.md").rename,
    "remove": lambda _: (PROJECT / "README.md").unlink(),
    "chmod": lambda _: (PROJECT / "README.md").chmod(0o644),
    "symlink": ELSEWHERE.symlink_to,
    "in a folder that is open": lambda _: remove_within(PROJECT, "README.md"),
    "through a link": lambda inside: write_through(inside.with_name("link")),
}


def remove_within(folder: Path, name: str) -> None:
    """Remove a file by its name within an open folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def write_through(link: Path) -> None:
    """Write to a link that leads elsewhere."""
    link.symlink_to(ELSEWHERE)
    link.write_text("x")


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_no_process_is_started(guard: Guard, start: Callable[[], object]) -> None:
    """Whatever starts it, and it is noted, so that code that catches the refusal does not hide it."""
    with pytest.raises(Forbidden, match="started a process"):
        start()
    assert guard.violations
    guard.violations.clear()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_is_changed_elsewhere(guard: Guard, tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Only the temporary folder may be written to."""
    inside = tmp_path / "inside"
    inside.write_text("x")
    with pytest.raises(Forbidden, match="changed a file outside"):
        change(inside)
    assert guard.violations
    guard.violations.clear()
    assert not ELSEWHERE.exists()


def test_the_temporary_folder_may_be_changed(tmp_path: Path) -> None:
    """In all ways."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(PROJECT)
    (folder / "file").write_text("x")
    (folder / "file").chmod(0o600)
    (folder / "file").rename(folder / "other")
    shutil.rmtree(folder)
    assert not folder.exists()
