"""A notification that takes as long as the daemon allows: the commands that wait for it still get the result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from unplugd import doctor
from unplugd.cli import service
from unplugd.config.settings import Settings
from unplugd.notify.channel import Channel
from unplugd.paths import Paths
from unplugd.platforms.linux.platform import Linux
from unplugd.rules.reminder import DELIVERY_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from unplugd.notify.message import Message


class Slow(Channel):
    """A channel that accepts a message only two seconds after the timeout of the daemon."""

    name = "desktop"

    def show(self, _message: Message, on_done: Callable[[str | None], None]) -> None:
        self._on_done = on_done

    def withdraw(self) -> None:
        raise NotImplementedError

    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        raise NotImplementedError

    def deadline(self) -> float:
        return 0

    def expire(self, now: float) -> None:
        if now > DELIVERY_TIMEOUT_SECONDS + 2:
            self._on_done(None)


class Slowed(Linux):
    """A computer with such a channel, on which every look at the clock takes a second."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0

    def now(self) -> float:
        self._seconds += 1
        return self._seconds

    def channel(self, _name: str, _events: object) -> Channel:
        return Slow()


def test_the_doctor_gets_it(tmp_path: Path) -> None:
    """The channel counts as working."""
    where = Paths(tmp_path, tmp_path, tmp_path)
    (finding,) = doctor._check_channels(Slowed(), Settings(channels=("desktop",)), where, notify=True)
    assert (finding.ok, finding.what) == (True, "the test notification was sent")


def test_the_installation_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks until a few seconds after the daemon's timeout, and no longer."""
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    assert service._poll(lambda: now > DELIVERY_TIMEOUT_SECONDS + 1)
    assert not service._poll(lambda: None)
