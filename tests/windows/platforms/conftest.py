"""A taskbar, and a program that uses it, as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.windows_desktop import HERE, Program, Taskbar
from tests.rig.wine import windows_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.wine import Windows


@pytest.fixture(scope="session")
def taskbar(windows: Windows) -> Iterator[Taskbar]:
    """Yield the taskbar of `windows`."""
    taskbar = Taskbar(windows)
    yield taskbar
    taskbar.close()


@pytest.fixture(scope="session")
def balloon_taskbar(taskbar: Taskbar) -> Taskbar:
    """Return the taskbar; skip the test where this Wine draws no balloon, whoever shows it."""
    if not taskbar.draws_balloons():
        pytest.skip("needs a Wine whose Explorer draws balloons beside its taskbar, such as version 8")
    return taskbar


@pytest.fixture(scope="module")
def shared_sight(
    windows: Windows, taskbar: Taskbar, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """Yield the program of `sight`: it takes seconds to start."""
    yield from start_sight(windows, taskbar, tmp_path_factory.mktemp("person"))


@pytest.fixture
def sight(shared_sight: Program) -> Iterator[Program]:
    """Yield a running `windows_sight` that shows nothing and has nothing more to say."""
    shared_sight.ask("withdraw")
    shared_sight.wait_for("withdrawn")
    yield shared_sight
    shared_sight.ask("withdraw")


@pytest.fixture
def own_sight(windows: Windows, taskbar: Taskbar, tmp_path: Path) -> Iterator[Program]:
    """Yield a running `windows_sight` that the test may end."""
    yield from start_sight(windows, taskbar, tmp_path / "person")


def start_sight(windows: Windows, _taskbar: Taskbar, person: Path) -> Iterator[Program]:
    script = windows_path(HERE / "windows_sight.py")
    program = Program(windows, "-P", script, environment=windows.make_profile(person))
    try:
        program.wait_for("ready")
        yield program
    finally:
        program.close()
