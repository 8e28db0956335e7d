"""Watchdog keep-alives: in time, and with as few wake-ups as possible."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.watch.sd_notify import RESTING_FACTOR, Watchdog


class Manager:
    """A service manager that fails the test when no keep-alive comes within the timeout."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, wanted: str = "60000000", process: str | None = None
    ) -> None:
        monkeypatch.setenv("WATCHDOG_USEC", wanted)
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if process is None else process)
        self.limit = int(wanted) / 1_000_000 if wanted.isdigit() else 0.0
        self.last = 0.0
        self.signs = 0
        self.deaf = 0
        self.lost = False
        self.now = 0.0
        self.watchdog = Watchdog(self.hear)

    def hear(self, *lines: str) -> bool:
        """Receive a message, unless this one is to be lost; two in a row never are."""
        self.lost = self.deaf > 0 and not self.lost
        if self.lost:
            self.deaf -= 1
            return False
        for line in lines:
            name, value = line.split("=")
            if name == "WATCHDOG_USEC":
                # systemd begins to count anew.
                self.limit, self.last = int(value) / 1_000_000, self.now
            else:
                assert (name, value) == ("WATCHDOG", "1")
                self.signs += 1
                self.last = self.now
        return True

    def pass_time(self, seconds: float, *, resting: bool) -> None:
        """Let the loop run for so many seconds, waking up only for the watchdog."""
        end = self.now + seconds
        self.watchdog.keep_alive(self.now, resting=resting)
        while (deadline := self.watchdog.deadline()) is not None and deadline < end:
            self.now = max(self.now, deadline)
            self.watchdog.keep_alive(self.now, resting=resting)
            assert self.now - self.last < self.limit
        self.now = end


@given(st.lists(st.tuples(st.floats(0, 5000), st.booleans(), st.integers(0, 1)), max_size=20))
def test_never_silent_for_too_long(times: list[tuple[float, bool, int]]) -> None:
    """However resting and working alternate, and even if a message is lost now and then."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        manager = Manager(monkeypatch)
        for seconds, resting, deaf in times:
            manager.deaf = deaf
            manager.pass_time(seconds, resting=resting)
            assert manager.now - manager.last < manager.limit


def test_a_resting_service_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine wake-ups an hour while nothing is plugged in, three a minute while something is."""
    manager = Manager(monkeypatch)
    manager.pass_time(3600, resting=True)
    assert manager.limit == 60 * RESTING_FACTOR
    assert manager.signs <= 10
    manager.signs = 0
    manager.pass_time(60, resting=False)
    assert manager.limit == 60
    assert manager.signs == 3


@pytest.mark.parametrize(
    ("wanted", "process"),
    [("", ""), ("0", ""), ("60000000", f"{os.getpid() + 1}"), ("soon", ""), ("-5", "")],
    ids=["none", "zero", "another process", "no number", "negative"],
)
def test_nobody_wants_a_sign(monkeypatch: pytest.MonkeyPatch, wanted: str, process: str) -> None:
    """Without a watchdog, or with one for another process, nothing is sent and nothing wakes up."""
    manager = Manager(monkeypatch, wanted, process)
    assert manager.watchdog.deadline() is None
    manager.watchdog.keep_alive(1e9, resting=True)
    assert manager.signs == 0
