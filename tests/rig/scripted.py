"""The real daemon on a simulated machine whose clock a script moves: months pass in seconds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from unplugd.config.settings import Settings
from unplugd.notify.channel import Channel
from unplugd.paths import Paths
from unplugd.rules.model import DeviceUse
from unplugd.watch import daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import NotificationListener
    from unplugd.notify.message import Message
    from unplugd.rules.devices import Device, Watch
    from unplugd.rules.model import Running


class CrashError(Exception):
    """The program crashes."""


class Machine(Channel):
    """A platform and a notification channel that do what `script` says, at the times that it gives."""

    name = "desktop"
    replaces = True

    def __init__(self, script: Sequence[tuple[float, Callable[[Machine], None]]], wall: float) -> None:
        self.clock = 100.0
        self.offset = wall
        self.boots = 1
        self.machine = ""
        self.asleep = 0.0
        self.plugged: dict[str, Device] = {}
        self.user: dict[str, str] = {}
        self.daemon: daemon.Daemon | None = None
        self.script = sorted(script, key=lambda entry: entry[0])
        self.person: NotificationListener
        """What a person does with the notification goes here."""
        self._on_change: Callable[[], None] = lambda: None

    # --- the clock

    def now(self) -> float:
        """Return the time."""
        return self.clock

    def time(self) -> float:
        """Return the wall clock."""
        return self.clock + self.offset

    def turn(self, sources: Sequence[Source], _now: object, until: float | None) -> None:
        """Move the clock to the next deadline, where `loop.turn` would wait for it."""
        deadlines = [until, *(source.deadline() for source in sources)]
        self.clock = max(self.clock, min(deadline for deadline in deadlines if deadline is not None))
        for source in sources:
            source.expire(self.clock)

    # --- the platform

    def sleep_seconds(self) -> float:
        """Return how long it slept."""
        return self.asleep

    def boot_id(self) -> str:
        """Return the boot."""
        return str(self.boots)

    def machine_id(self) -> str:
        """Return the id of the computer."""
        return self.machine

    def read_locale(self) -> dict[str, str]:
        """Return nothing: the environment tells."""
        return {}

    def scan(self, watches: Sequence[Watch]) -> list[Device]:  # noqa: ARG002 - all devices are watched
        """Return what is plugged in."""
        return list(self.plugged.values())

    def find_running(self, _software: object) -> Running | None:
        """Return None: nothing runs without using a device."""
        return None

    def find_absence(self) -> None:
        """Return None: somebody is always in front."""

    def find_usage(
        self,
        watched: Sequence[Device],
        software: object,  # noqa: ARG002 - the script knows
        running: object,  # noqa: ARG002 - likewise
        at: float,  # noqa: ARG002 - likewise
    ) -> tuple[DeviceUse, ...]:
        """Return who uses it."""
        return tuple(
            DeviceUse(device, "in use", self.user[device.port], "open", doubtful=not self.user[device.port])
            if device.port in self.user
            else DeviceUse(device)
            for device in watched
        )

    def list_unwatched_nodes(self) -> None:
        """Return None: no use is announced."""

    def sources(
        self,
        on_change: Callable[[], None],
        on_use: Callable[[], None] | None = None,  # noqa: ARG002 - no use is announced
    ) -> list[Source]:
        """Return none: the script is played by the channel."""
        self._on_change = on_change
        return []

    def channel(self, name: str, events: NotificationListener) -> Channel | None:
        """Return itself as the desktop."""
        self.person = events
        return self if name == "desktop" else None

    def change(self) -> None:
        """Announce that a device came or went."""
        self._on_change()

    # --- the script, as a source of the event loop

    def deadline(self) -> float | None:
        """Return the time of the next entry."""
        return self.script[0][0] if self.script else None

    def expire(self, now: float) -> None:
        """Run the entries that are due."""
        while self.script and self.script[0][0] <= now:
            self.script.pop(0)[1](self)

    # --- the channel

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:  # noqa: ARG002 - nobody reads it
        """Accept the message."""
        on_done(None)

    def withdraw(self) -> None:
        """Remove nothing."""

    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        """Work always."""
        on_result(None, "scripted")


def play(machine: Machine, folder: Path, patch: pytest.MonkeyPatch, look_every: float = 30.0) -> Path:
    """Run the daemon, again after each crash or stop, until the script is over; return the path of its journal."""
    patch.setattr(daemon, "turn", machine.turn)
    patch.setattr(daemon, "time", SimpleNamespace(time=machine.time))
    paths = Paths(folder / "config", folder / "state", folder / "run")
    for path in (paths.configuration, paths.state, paths.runtime):
        path.mkdir(mode=0o700)
    while machine.script:
        machine.daemon = daemon.Daemon(
            machine, paths, lambda: Settings(look_every=look_every), lambda _line: None
        )
        try:
            machine.daemon.run()
        except CrashError:
            pass
        finally:
            machine.daemon.close()
    return paths.journal
