"""What `unplugd service install` says of its first notification, by system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unplugd.cli import service
from unplugd.paths import Paths
from unplugd.platforms.macos.platform import ALLOW


@pytest.mark.not_on_windows("it is about other systems")
@pytest.mark.parametrize(("system", "way"), [("linux", ""), ("darwin", f"{ALLOW}\nStill nothing? ")])
def test_where_the_system_asks_first_it_is_said_how_to_allow_it(
    system: str, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Mac shows nothing until then, and reports no error; Script Editor is not even listed at first."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(
        service, "ask_if_running", lambda _where, _command: {"greeted": {"channel": "desktop"}}
    )
    service._greet(Paths(*[Path("/home/ann")] * 3))
    assert capsys.readouterr().err == (
        f"A first notification was sent (via desktop). Didn't see it? {way}Run: unplugd doctor --notify\n"
    )
