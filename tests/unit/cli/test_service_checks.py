"""Which service manager a command talks to."""

from __future__ import annotations

import sys

import pytest

from unplugd.cli.parser import MANAGERS
from unplugd.cli.service_checks import find_manager
from unplugd.errors import Failure


@pytest.mark.parametrize("name", MANAGERS)
def test_each_is_found_by_its_name(name: str) -> None:
    assert find_manager(name).name == name


@pytest.mark.parametrize(
    ("system", "name"), [("linux", "systemd"), ("darwin", "launchd"), ("win32", "windows")]
)
def test_each_system_has_its_own(monkeypatch: pytest.MonkeyPatch, system: str, name: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert find_manager().name == name


@pytest.mark.not_on_windows("it is about other systems")
def test_windows_is_only_on_windows() -> None:
    """One line, no traceback."""
    for ask in (find_manager("windows").check, lambda: find_manager("windows").inspect(None)):
        with pytest.raises(Failure, match="this is not Windows"):
            ask()
