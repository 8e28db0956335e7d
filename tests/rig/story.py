"""Stories of stations: what happened, told twice, as the journal that unplugd would write and as what is true.

The truth is kept as the story is made up; nothing here reads a journal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from random import Random

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
STICK = ("1-1.2", "0a21:8001", "CareLink USB")
METER = ("1-1.3", "1a79:6210", "Contour Next Link 2.4")
REPEAT = (5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE)


@dataclass
class Told:
    """One period as it was; times in milliseconds, on the wall clock as it was set when the period was over."""

    host: str
    name: str
    id: str
    began: int
    ended: int = 0
    end: str = ""
    uses: list[tuple[int, int]] = field(default_factory=list)
    reminders: list[list[Any]] = field(default_factory=list)
    """When, and the outcome."""
    snoozes: list[tuple[int, int]] = field(default_factory=list)
    strangers: int = 0

    def shift(self, offset: int) -> None:
        """Set the clock by which it is told."""
        self.began += offset
        self.ended += offset
        self.uses = [(began + offset, ended + offset) for began, ended in self.uses]
        self.snoozes = [(began + offset, ended + offset) for began, ended in self.snoozes]
        for reminder in self.reminders:
            reminder[0] += offset

    def waited(self) -> int | None:
        """Milliseconds from the first reminder after the last use to the end."""
        last = self.uses[-1][1] if self.uses else self.began
        after = [at for at, _ in self.reminders if at >= last]
        return self.ended - after[0] if after else None


class Station:
    """One computer; `true` is the true time in milliseconds, `offset` how far its clock is ahead of it."""

    def __init__(self, host: str, dice: Random, true: int) -> None:
        self.host = host
        self.lines: list[str] = []
        self.told: list[Told] = []
        self.watched: list[tuple[int, int]] = []
        self.jumps = 0
        self.true = true
        self.offset = 0
        self._dice = dice
        self._boots = 0
        self._booted = true
        self._run: int | None = None
        self._last = (true, 0)
        """True time and offset of the last event."""
        self._period: Told | None = None
        self._word = (true, 0)
        """Likewise, of the last one about the period."""
        self._device = STICK
        self._plugged = self._used = self._checkpoint = self._due = self._count = 0
        self._shown = self._silent = False

    # --- a day

    def day(self) -> None:
        """Tell a day: it is switched on, things are plugged in, it is switched off, or loses power, or sleeps."""
        dice = self._dice
        if self._run is None:
            self._boot()
        for _ in range(dice.choice([0, 1, 1, 2, 3])):
            self.true += dice.randrange(5 * MINUTE, 3 * HOUR)
            self._plug_in(dice.choice([STICK, STICK, METER]))
            for _ in range(dice.randrange(1, 5)):
                getattr(self, dice.choice(self.HAPPENS))()
            getattr(self, dice.choice(self.ENDS))()
        self.true += dice.randrange(MINUTE, HOUR)
        if self._run is not None and dice.random() < 0.6:
            self._stop()

    HAPPENS = (
        *["_use", "_idle"] * 4,
        *["_replug", "_restart", "_crash", "_dismiss", "_snooze", "_sleep", "_stranger", "_jump"],
    )
    ENDS = (*["_unplug"] * 7, "_unseen", "_power_loss", "_unplug_in_use")

    # --- unplugd

    def _say(self, event: str, *, about: bool = False, **fields: object) -> None:
        port, id_, name = self._device
        device = {"device": port, "id": id_, "name": name} if about else {}
        head = {"time": format_timestamp((self.true + self.offset) / 1000), "event": event, "host": self.host}
        rest = {
            "boot": f"{self.host} {self._boots}",
            "schema": 1,
            "uptime": (self.true - self._booted) / 1000,
        }
        self.lines.append(json.dumps({**head, **rest, **device, **fields}))
        self._last = self.true, self.offset
        if about or event == "reminded":
            self._word = self._last

    def _start(self) -> None:
        self._end_run()
        self._run = self.true
        self._say("started", version="1")
        self._say("config_loaded")

    def _stop(self) -> None:
        if self._period:
            self._say_checkpoint()
        self._say("stopped", reason="SIGTERM")
        self._end_run()

    def _end_run(self) -> None:
        if self._run is not None:
            ended, offset = self._last
            if ended > self._run:
                self.watched.append((self._run + offset, ended + offset))
        self._run = None

    def _boot(self) -> None:
        self._end_run()
        self._boots += 1
        self._booted = self.true - 20 * SECOND
        self._start()

    # --- the device

    def _plug_in(self, device: tuple[str, str, str]) -> None:
        self._device = device
        self._plugged, self._used, self._count = self.true, 0, 0
        self._checkpoint, self._due = self.true + 5 * MINUTE, self.true + 5 * MINUTE
        self._shown = self._silent = False
        self._period = Told(self.host, device[2], device[1], self.true)
        self._say("plugged_in", about=True, address=3)

    def _so_far(self, at: int) -> dict[str, float]:
        plugged = at - self._plugged
        return {"plugged_for": plugged / 1000, "idle_for": (plugged - self._used) / 1000}

    def _say_checkpoint(self, used: int = 0) -> None:
        plugged = self.true - self._plugged
        idle = plugged - self._used - used
        self._say("checkpoint", about=True, plugged_for=plugged / 1000, idle_for=idle / 1000)

    def _wait(self, long: int, *, using: bool = False) -> None:
        """Let time pass, with the checkpoints and reminders that come."""
        assert self._period
        until = self.true + long
        began = self.true
        while True:
            due = self._due if not using and not self._silent else until + 1
            self.true = max(self.true, min(self._checkpoint, due, until))
            if self.true >= self._checkpoint and self.true <= until:
                self._say_checkpoint(self.true - began if using else 0)
                self._checkpoint = self.true + 5 * MINUTE
            if self.true >= due:
                self._count += 1
                self._period.reminders.append([self.true, ""])
                ports = [self._device[0]]
                fields: dict[str, Any] = {
                    "urgency": "normal",
                    "channel": "desktop",
                    "devices": ports,
                    "due": ports,
                }
                self._say("reminded", count=self._count, **fields)
                self._shown = True
                self._due = self.true + REPEAT[min(self._count, len(REPEAT)) - 1]
            if self.true >= until:
                return

    def _answered(self, outcome: str) -> None:
        assert self._period
        if self._shown:
            self._say("reminder_ended", about=True, outcome=outcome)
            if not self._period.reminders[-1][1]:
                self._period.reminders[-1][1] = outcome
            self._shown = False

    # --- what can happen while it is plugged in

    def _idle(self) -> None:
        self._wait(
            self._dice.choice([SECOND, MINUTE, 20 * MINUTE, 90 * MINUTE, 9 * HOUR])
            + self._dice.randrange(SECOND)
        )

    def _use(self, *, ends: bool = True) -> None:
        assert self._period
        program = self._dice.choice(["Tidepool Uploader", "CareLink Uploader", "unknown"])
        began = self.true
        self._say("use_began", about=True, program=program, evidence="open")
        self._answered("in_use")
        self._wait(self._dice.randrange(SECOND, 25 * MINUTE), using=True)
        if ends:
            self._say_use_ended(program, began, self.true)

    def _say_use_ended(self, program: str, began: int, ended: int) -> None:
        assert self._period
        self._say("use_ended", about=True, program=program, evidence="open", used_for=(ended - began) / 1000)
        self._period.uses.append((began, ended))
        self._used += ended - began
        self._due, self._count = ended + 2 * MINUTE, 0

    def _replug(self) -> None:
        self._answered("unplugged")
        self._say("unplugged", about=True, **self._so_far(self.true))
        self.true += self._dice.randrange(9 * SECOND)
        self._plugged, self._used = self.true, 0
        self._checkpoint = self.true + 5 * MINUTE
        self._say("plugged_in", about=True, address=4, continued=True)

    def _restart(self) -> None:
        self._stop()
        self.true += self._dice.randrange(5 * MINUTE)
        self._start()
        self._say_checkpoint()

    def _crash(self) -> None:
        self.true += self._dice.randrange(20 * MINUTE)
        self._start()
        self._say_checkpoint()

    def _dismiss(self) -> None:
        self._answered("dismissed")

    def _snooze(self) -> None:
        assert self._period
        self._answered("snoozed")
        began = self.true
        self._say("snoozed", about=True, snoozed_for=900.0)
        self._silent = True
        self._wait(self._dice.choice([15 * MINUTE, 7 * MINUTE]))
        self._silent = False
        self._period.snoozes.append((began, self.true))
        self._say("snooze_ended", about=True, how="over", snoozed_for=(self.true - began) / 1000)
        self._due = max(self._due, self.true)

    def _sleep(self) -> None:
        slept = self._dice.randrange(MINUTE, 12 * HOUR)
        self.true += slept
        self._say("resumed", slept_for=slept / 1000)
        self._wait(SECOND)

    def _stranger(self) -> None:
        assert self._period
        if not self._period.strangers:
            self._say("stranger", about=True, program="thermometer")
            self._period.strangers += 1

    def _jump(self) -> None:
        self.offset = self._dice.choice([0, 2 * HOUR, -3 * DAY])
        self._wait(SECOND)

    # --- how it ends

    def _over(self, ended: int, end: str, offset: int) -> None:
        assert self._period
        self._period.ended, self._period.end = ended, end
        self._period.shift(offset)
        self.told.append(self._period)
        self._period = None

    def _unplug(self) -> None:
        self._answered("unplugged")
        self._say("unplugged", about=True, **self._so_far(self.true))
        self._over(self.true, "unplugged", self.offset)

    def _unplug_in_use(self) -> None:
        self._use()
        self._unplug()

    def _unseen(self) -> None:
        known = self._word[0]
        self.true += self._dice.randrange(MINUTE, 3 * HOUR)
        self._start()
        self._answered("unplugged")
        self._say("unplugged", about=True, **self._so_far(known), unseen=True)
        self._over(known, "unseen", self.offset)

    def _power_loss(self) -> None:
        assert self._period
        if self._dice.random() < 0.5:
            # In the middle of a use.
            began = self.true
            self._use(ends=False)
            self._period.uses.append((began, self._word[0]))
        self._over(self._word[0], "cut", self._word[1])
        self.true += self._dice.randrange(MINUTE, DAY)
        self._boot()


# --- what it comes to, the long way round ---------------------------------------------------------------------------


def overlap(began: int, ended: int, low: int, high: int) -> int:
    """Return the milliseconds that two spans have in common."""
    return max(0, min(ended, high) - max(began, low))


def truth(told: list[Told], low: int, high: int) -> dict[str, Any]:
    """Return the figures of a stretch of time."""
    plugged = [overlap(one.began, one.ended, low, high) for one in told]
    used = [sum(overlap(*use, low, high) for use in one.uses) for one in told]
    reminders = [outcome for one in told for at, outcome in one.reminders if low <= at < high]
    reactions = sorted(
        waited
        for one in told
        if one.end == "unplugged" and low <= one.ended < high and (waited := one.waited()) is not None
    )
    waits = [one.waited() or 0 for one in told if low <= one.ended < high]
    middle = len(reactions) // 2
    return {
        "periods": sum(low <= one.began < high for one in told),
        "plugged_for": sum(plugged),
        "used_for": sum(used),
        "unused_for": sum(plugged) - sum(used),
        "longest": max(plugged, default=0),
        "longest_unused": max((p - u for p, u in zip(plugged, used, strict=True)), default=0),
        "uses": sum(low <= began < high for one in told for began, _ in one.uses),
        "reminders": len(reminders),
        "outcomes": {outcome: reminders.count(outcome) for outcome in sorted(set(reminders))},
        "reaction": (reactions[middle] + reactions[~middle]) / 2 if reactions else None,
        "over_half_an_hour": sum(waited > 30 * MINUTE for waited in waits),
        "over_three_hours": sum(waited > 3 * HOUR for waited in waits),
        "snoozes": sum(low <= began < high for one in told for began, _ in one.snoozes),
        "snoozed_for": sum(overlap(*span, low, high) for one in told for span in one.snoozes),
        "strangers": sum(one.strangers for one in told if low <= one.began < high),
    }
