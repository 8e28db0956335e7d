"""A machine with Windows, and a person there, as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.desktop import Screen
from tests.rig.wine import Windows
from tests.rig.wine_daemon import WineDaemon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    """Yield a machine with Windows and a screen; unplugd is installed, but not running."""
    screen = Screen("1024x768", memory=tmp_path_factory.mktemp("screen"))
    windows = Windows(tmp_path_factory.mktemp("windows"), screen)
    yield windows
    windows.close()
    screen.close()


@pytest.fixture
def person(windows: Windows, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a person there whose folders are empty."""
    return windows.make_profile(tmp_path / "person")


@pytest.fixture
def wine_daemon(windows: Windows, tmp_path: Path) -> Iterator[WineDaemon]:
    """Yield unplugd of a person whose folders are empty; it is not running."""
    daemon = WineDaemon(windows, tmp_path / "person")
    yield daemon
    daemon.close()
