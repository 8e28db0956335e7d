"""The only place where a test waits: for something real, with a deadline, and saying what it waited for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")

LONGEST = 10
"""How many times the seconds that it was given a deadline may take."""
LONGEST_LOOK = 2.0
"""Maximum seconds that count between two looks."""
GIVE_UP = 600.0
"""Seconds after which a program that says nothing is given up, where there can be no `Deadline`."""


class Deadline:
    """The end of so many seconds in which no program of this machine had to wait for a processor or a disk.

    A deadline is for what never comes. What comes late because the machine is busy is waited for, up to `LONGEST` times
    as long; always so long where the kernel does not say who had to wait. While nobody asks for `left`, everything may
    stand still, as in a virtual machine that its host stops: that does not count either.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = time.monotonic()
        self._looked = self.began
        self._unseen = 0.0
        self._stalled = stalled()

    def left(self) -> float:
        """Return the seconds until it is reached at the earliest, 0 once it is."""
        now = time.monotonic()
        self._unseen += max(0.0, now - self._looked - LONGEST_LOOK)
        self._looked = now
        passed = now - self.began - self._unseen
        if passed < self.seconds:
            return self.seconds - passed
        most = self.seconds * LONGEST - passed
        if self._stalled is not None and (latest := stalled()) is not None:
            most = min(most, self.seconds - passed + latest - self._stalled)
        return max(0.0, most)


def stalled() -> float | None:
    """Return for how many seconds since it started programs of this machine had to wait; None if nobody knows."""
    seconds = 0.0
    for resource in ("cpu", "io"):
        try:
            some = Path(f"/proc/pressure/{resource}").read_text().splitlines()[0]
        except OSError:
            return None
        seconds += int(some.rpartition("=")[2]) / 1_000_000
    return seconds


def wait_until(condition: Callable[[], Found], what: str, seconds: float = 10) -> Found:
    """Return what `condition` returns once that is true; fail, naming `what`, after `seconds`: see `Deadline`."""
    deadline = Deadline(seconds)
    while not (found := condition()):
        if not deadline.left():
            pytest.fail(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.003)
    return found


def never(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Fail, naming `what`, if `condition` is true at any moment of the next `seconds`: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            pytest.fail(f"{what}: {found}")
        time.sleep(0.01)
