"""unplugd on the simulated Mac, as launchd starts it: the real command line over the stand-in for IOKit.

What is plugged in and how long the Mac has slept is in a folder, so that it outlives a crash. Orders come through a pipe
and are carried out between two turns of the loop. Only the script that `usb.Usb` writes imports this for `main`.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.rig.iokit import Frameworks
from tests.rig.mac.state import here
from unplugd.cli import dispatch
from unplugd.eventloop.loop import Source
from unplugd.platforms import current
from unplugd.platforms.macos import clock
from unplugd.platforms.macos.announcements import HAS_POWERED_ON, WILL_SLEEP
from unplugd.platforms.macos.platform import MacOS

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARY: Final = "UNPLUGD_STAND_IN"
"""The environment variable with the path of the stand-in's library."""
POLL_SECONDS: Final = 0.005
"""Seconds between looks whether an entry has ended."""


class Machine:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.orders = folder / "orders"
        self.kept = folder / "machine"
        self._done = folder / "done"

    def read(self) -> tuple[list[dict[str, Any]], float]:
        """Return the entries of the registry, and for how many seconds the Mac has slept."""
        entries, slept = json.loads(self.kept.read_text())
        return entries, slept

    def count_done(self) -> int:
        """Return the number of the last order that was carried out."""
        return int(self._done.read_text()) if self._done.exists() else 0

    def mark_done(self, number: int) -> None:
        """Tell that an order was carried out."""
        fresh = self.folder / f"done.{os.getpid()}"
        fresh.write_text(str(number))
        fresh.replace(self._done)


class Orders(Source):
    """Carries out the orders; one that lets an entry end is done once that has happened."""

    def __init__(self, machine: Machine, frameworks: Frameworks) -> None:
        self._machine = machine
        self._frameworks = frameworks
        self._pipe = os.open(machine.orders, os.O_RDWR | os.O_NONBLOCK)
        self._waiting = 0

    def fileno(self) -> int:
        return -1 if self._waiting else self._pipe

    def ready(self) -> None:
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(self._pipe, 1)
        number, what, *words = json.loads(line)
        if what == "doom":
            self._frameworks.doom(*words)
            self._waiting = number
            return
        entries, _ = self._machine.read()
        if what == "lay":
            self._frameworks.lay(*entries)
            for word in words:
                self._frameworks.announce(*word)
        else:
            assert what == "sleep", what
            self._frameworks.power(WILL_SLEEP)
            self._frameworks.power(HAS_POWERED_ON)
        self._machine.mark_done(number)

    def deadline(self) -> float | None:
        return clock.now() + POLL_SECONDS if self._waiting else None

    def expire(self, now: float) -> None:  # noqa: ARG002 - as often as possible
        if self._waiting and not self._frameworks.dooms:
            self._machine.mark_done(self._waiting)
            self._waiting = 0

    def close(self) -> None:
        os.close(self._pipe)


class Mac(MacOS):
    """The platform, with the orders among its sources."""

    def __init__(self, machine: Machine, frameworks: Frameworks) -> None:
        super().__init__(frameworks.libraries, frameworks.system)
        self._orders = Orders(machine, frameworks)

    def sources(
        self, on_change: Callable[[], None], on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        return [*super().sources(on_change, on_use), self._orders]


def main(arguments: list[str]) -> int:
    """Do what `unplugd ARGUMENTS` does on that Mac."""
    machine = Machine(here().folder / "usb")
    frameworks = Frameworks(Path(os.environ[LIBRARY]), machine.folder / str(os.getpid()))
    frameworks.sysctl("kern.bootsessionuuid", b"5E6FFEBE-0000-4000-8000-000000000000\0")
    frameworks.lay(*machine.read()[0])
    real_wall = time.time
    vars(time)["time"] = lambda: real_wall() + machine.read()[1]
    vars(clock)["now"] = lambda: time.clock_gettime(clock.CONTINUOUS) + machine.read()[1]
    vars(clock)["sleep_seconds"] = lambda: machine.read()[1]
    vars(current)["current_platform"] = lambda _where=None: Mac(machine, frameworks)
    return dispatch.main(arguments)
