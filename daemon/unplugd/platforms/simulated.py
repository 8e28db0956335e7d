"""The demo's platform: a simulated stick, watched by the real loop, rules and channels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.config.settings import Settings
from unplugd.eventloop.loop import Source
from unplugd.rules.devices import Device
from unplugd.rules.model import DeviceUse, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.notify.channel import Channel, NotificationListener
    from unplugd.platforms.protocol import Platform
    from unplugd.rules.devices import Watch
    from unplugd.rules.uploaders import Uploader

FAST_FACTOR: Final = 8.0
"""How many times faster the story runs with `--fast`."""

STICK: Final = Device(f"demo-{os.getpid()}", 0x0A21, 0x8001, address=1, name="CareLink USB")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the story, `at` seconds after its start: whether the stick is plugged in, and which program uses it."""

    at: float
    narration: str
    plugged_in: bool
    program: str = ""
    events: tuple[str, ...] = ()
    """The events it causes, in this order. The next step waits for them on a slow computer."""


STORY: Final = (
    Step(
        2,
        "You plug in a CareLink USB stick, and then something else comes up.",
        plugged_in=True,
        events=("plugged_in", "reminded"),
    ),
    Step(
        14,
        "You start an upload: CareLink Uploader opens the stick.",
        plugged_in=True,
        program="CareLink Uploader",
        events=("use_began",),
    ),
    Step(
        22,
        "The upload is finished. The stick stays where it is.",
        plugged_in=True,
        events=("use_ended", "reminded", "reminded"),
    ),
    Step(48, "You unplug the stick.", plugged_in=False, events=("unplugged",)),
)
END_SECONDS: Final = 51.0
PATIENCE_SECONDS: Final = 30.0
"""Maximum seconds that a step waits for the events of the one before it."""
REACTIONS: Final = ("snoozed", "reminder_ended")
"""The events of a person who reacts to a reminder: there may be no other reminder then."""


def demo_settings(speed: float) -> Settings:
    """Return settings with seconds instead of minutes, divided by `speed`."""
    policy = Policy(
        after_plug_in=5 / speed,
        after_use=4 / speed,
        repeat=(8 / speed,),
        snooze=8 / speed,
        snooze_limit=32 / speed,
        running_counts_for=8 / speed,
        retry=1 / speed,
    )
    return Settings(policy=policy, look_every=0.5 / speed)


class SimulatedPlatform(Source):
    """A platform with one stick that follows the story; the rest is the real platform. Also the story's source."""

    def __init__(
        self, real: Platform, speed: float, narrate: Callable[[str], None], on_end: Callable[[], None]
    ) -> None:
        self._real = real
        self._start = real.now()
        self._speed = speed
        self._narrate = narrate
        self._on_end = on_end
        self._steps = list(STORY)
        self._awaited: list[str] = []
        self._is_reminding = True
        self._current = Step(0, "", plugged_in=False)
        self._on_change: Callable[[], None] = lambda: None

    def now(self) -> float:
        """Return the real time."""
        return self._real.now()

    def sleep_seconds(self) -> float:
        """Return how many seconds the real machine has been asleep."""
        return self._real.sleep_seconds()

    def boot_id(self) -> str:
        """Return the id of the real boot."""
        return self._real.boot_id()

    def machine_id(self) -> str:
        """Return the id of the real computer."""
        return self._real.machine_id()

    def read_locale(self) -> Mapping[str, str]:
        """Return the real locale."""
        return self._real.read_locale()

    def scan(self, _watches: Sequence[Watch]) -> list[Device]:
        """Return the stick while it is plugged in."""
        return [STICK] if self._current.plugged_in else []

    def find_running(self, _software: Sequence[Uploader]) -> None:
        """Return None: the story's uploader is noticed because it uses the stick."""
        return

    def find_usage(
        self,
        watched: Sequence[Device],
        _software: Sequence[Uploader],
        _running: object,
        _at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return the use of the stick in the current step."""
        program = self._current.program
        use = DeviceUse(STICK, "in use", program, "simulated") if program else DeviceUse(STICK)
        return (use,) if watched else ()

    def find_absence(self) -> None:
        """Return None: nothing tells whether somebody is in front."""

    def list_unwatched_nodes(self) -> None:
        """Return None: no use is announced."""

    def sources(
        self, on_change: Callable[[], None], _on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        """Return the story as a source."""
        self._on_change = on_change
        return [self]

    def channel(self, name: str, events: NotificationListener) -> Channel | None:
        """Return the real channel of this name."""
        return self._real.channel(name, events)

    # --- the story as a source of the loop

    def deadline(self) -> float:
        """Return when the next step is due, or when it waits no longer."""
        due = self._start + (self._steps[0].at if self._steps else END_SECONDS) / self._speed
        return due + PATIENCE_SECONDS if self._awaited else due

    def expire(self, now: float) -> None:
        """Take the next step if it is due."""
        if now < self.deadline():
            return
        if not self._steps:
            self._on_end()
            return
        self._current = self._steps.pop(0)
        self._await_events(self._current.events)
        self._narrate(self._current.narration)
        self._on_change()

    def follow(self, event: str) -> None:
        """Take note of an event; once all that a step waits for have happened, it waits no longer."""
        if event == "delivery_failed":
            # Reported once; no "reminded" follows.
            self._is_reminding = False
            self._await_events(self._awaited)
        elif self._awaited and (
            event == self._awaited[0] or (self._awaited[0] == "reminded" and event in REACTIONS)
        ):
            del self._awaited[0]

    def _await_events(self, events: Sequence[str]) -> None:
        self._awaited = [event for event in events if self._is_reminding or event != "reminded"]
