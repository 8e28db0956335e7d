"""`unplugd report` in this process, over a month whose journal was written by hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests import TESTS
from tests.rig.daemon import Done
from tests.rig.home import move_in
from tests.rig.zone import set_zone
from unplugd.cli import dispatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

MONTH = TESTS / "histories" / "month.jsonl"
NOW = 1_796_126_400.0
"""Noon on 1 December 2026, UTC: after the month."""
RANGE = ("--since", "2026-10-01", "--until", "2026-10-31")


def make_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Return what runs `unplugd report` for a user with folders of their own, in Berlin, a month after the month."""
    home = folder / "home"
    home.mkdir()
    move_in(home, monkeypatch)
    set_zone("Europe/Berlin")
    monkeypatch.setattr(time, "time", lambda: NOW)

    def run(*arguments: str | Path) -> Done:
        try:
            code = dispatch.main(["report", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run
