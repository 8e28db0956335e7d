"""Half a year at a computer, in seconds: the real daemon on a simulated machine, whose clock moves from deadline to deadline.

Devices are plugged in and forgotten; uploads move data, stop, and leave their windows open; programs start for hours on
end; the computer sleeps, crashes and is switched off; the notification server goes and comes; somebody presses buttons
and sets the clock. What may be on the screen is worked out from what happens, not from what the daemon knows.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.scripted import CrashError, Machine, play
from unplugd.journal.event import decode
from unplugd.journal.files import list_files
from unplugd.review.reviewer import review_events
from unplugd.rules.devices import Device
from unplugd.rules.events import REPLUG_SECONDS
from unplugd.rules.model import DeviceUse, Policy, Running
from unplugd.rules.period import BLIND_HOLD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from unplugd.eventloop.loop import Source
    from unplugd.notify.message import Message

    Act = Callable[["Year"], None]

NOON = 1_790_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
LOOK = 120.0
"""Seconds between two polls."""
LATE = LOOK + 1
"""Seconds after which the daemon must have seen what happened."""
STICK = Device("1-1.2", 0x0A21, 0x8001, address=3, name="CareLink USB")
METER = Device("1-1.3", 0x1A79, 0x6210, address=4, name="Contour Next Link 2.4")
DEVICES = {"CareLink USB": STICK, "Contour Next Link 2.4": METER}
POLICY = Policy()
LIMIT = POLICY.running_counts_for


@dataclass
class Holder:
    """A program that uses a device: it opened it, and moves data until then; `program` is "" if nobody can name it."""

    program: str
    opened: float
    moves_until: float
    moves_since: float = 0.0


@dataclass
class Plug:
    """What is true of a device that is plugged in."""

    since: float
    idle_since: float
    """When it was plugged in or last used."""
    holder: Holder | None = None
    traffic_began: float = -DAY
    traffic_seen: float = -DAY
    reminded_at: float = -DAY
    silent_until: float = -DAY
    """How long the person has silenced it."""
    snoozed_for: float = 0.0
    closed_at: float = -DAY

    def last_move(self, now: float) -> float:
        """Return when data last moved, or when the device was opened."""
        assert self.holder
        return max(self.holder.opened, min(now, self.holder.moves_until))


class Year(Machine):
    """The machine, and what is true of it."""

    def __init__(self, dice: Random, length: float) -> None:
        super().__init__([], NOON)
        self.dice = dice
        self.plugs: dict[str, Plug] = {}
        self.gone: dict[str, tuple[float, Plug]] = {}
        self.programs: dict[int, float] = {}
        """The start of each upload program that runs."""
        self.chain_began = self.chain_seen = -DAY
        self.server = True
        self.message: Message | None = None
        self.awake_since = self.up_since = self.server_since = self.clock
        self.looks_to_fail = 0
        """How many of the next looks cannot tell who uses the devices."""
        self.unknown_in_a_row = 0
        """How many looks in a row could not."""
        self.blind_at = self.clock
        """When two looks in a row last could not, so that nothing counted as a use."""
        self.turns = 0
        self.acts: Counter[str] = Counter()
        at = self.clock
        while at < self.clock + length:
            at += dice.expovariate(1 / (40 * MINUTE))
            act = dice.choices(list(ACTS), list(ACTS.values()))[0]
            self.script.append((at, _named(act)))
        self.script.append((at + DAY, lambda _machine: self.stop()))

    # --- the platform

    def find_running(self, _software: object) -> Running | None:
        """Return the program that started first."""
        started = min(self.programs.values(), default=None)
        return None if started is None else Running("Tidepool Uploader", started, "tidepool-uploader")

    def find_usage(
        self, watched: Sequence[Device], _software: object, _running: object, at: float
    ) -> tuple[DeviceUse, ...]:
        """Return who holds what. Data that move through the meter cannot be seen, nor what moved before the start."""
        if self.looks_to_fail:
            self.looks_to_fail -= 1
            self.unknown_in_a_row += 1
            if self.unknown_in_a_row > 1:
                self.blind_at = self.clock
            return tuple(DeviceUse(device, "unknown") for device in watched)
        self.unknown_in_a_row = 0
        return tuple(self._see(device, at) for device in watched)

    def _see(self, device: Device, at: float) -> DeviceUse:
        holder = self.plugs[device.port].holder
        if holder is None:
            return DeviceUse(device)
        if not holder.program:
            return DeviceUse(device, "in use", "", "transfers", doubtful=True)
        moved = min(at, holder.moves_until)
        seen = moved if moved >= self.up_since and moved > holder.opened else 0.0
        return DeviceUse(
            device, "in use", holder.program, "open", moved_at=None if device.port == METER.port else seen
        )

    def sources(
        self, on_change: Callable[[], None], on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        """Note that the daemon starts."""
        self.up_since = self.clock
        if self.programs:
            self.chain_began = self.clock
        return super().sources(on_change, on_use)

    # --- the notification server

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        """Show it, if the server is there."""
        if not self.server:
            on_done("no server")
            return
        self.message = message
        for port in self.ports_on_screen() & set(self.plugs) if message.fresh else ():
            self.plugs[port].reminded_at = self.clock
        on_done(None)

    def withdraw(self) -> None:
        """Remove it."""
        self.message = None

    def ports_on_screen(self) -> set[str]:
        """Return the ports of the devices that the notification asks to unplug."""
        text = " ".join((self.message.title, *self.message.lines)) if self.message else ""
        return {device.port for name, device in DEVICES.items() if name in text}

    def is_used(self, port: str) -> bool:
        """Return whether the daemon takes a device for used."""
        assert self.daemon
        return any(
            period.use for period in self.daemon._reminders.state.present() if period.device.port == port
        )

    # --- what must be true whenever the daemon waits

    def turn(self, sources: Sequence[Source], now: object, until: float | None) -> None:
        """Check what is on the screen, and go on to the next deadline."""
        self.turns += 1
        if self.programs and self.plugs:
            self.chain_seen = self.clock
        assert self.ports_on_screen() <= set(self.plugs), "a reminder outlived its device"
        for port, plug in self.plugs.items():
            self._check(port, plug)
        super().turn(sources, now, until)

    def _check(self, port: str, plug: Plug) -> None:
        clock, holder, idle_since = self.clock, plug.holder, plug.idle_since
        on_screen = port in self.ports_on_screen()
        may_wait = []
        if holder and holder.program:
            is_blind = port == METER.port
            used_until = max(
                holder.opened + BLIND_HOLD_SECONDS if is_blind else plug.last_move(clock) + LIMIT,
                self.up_since + (BLIND_HOLD_SECONDS if is_blind else LIMIT),
            )
            is_sure = clock < (holder.opened + BLIND_HOLD_SECONDS if is_blind else holder.moves_until)
            seen_since = max(
                holder.opened, holder.moves_since, self.awake_since, self.up_since, self.blind_at
            )
            if is_sure and clock > seen_since + LATE:
                assert not on_screen, "a reminder during an upload"
                assert self.is_used(port), "an upload that is no use"
            may_wait.append(used_until)
        elif holder:
            # A use by nobody known is over then.
            idle_since = max(idle_since, min(clock, plug.traffic_began + LIMIT + LATE))
            plug.traffic_seen = clock
        may_wait += [
            idle_since + POLICY.after_plug_in,
            plug.silent_until,
            plug.reminded_at + POLICY.repeat[-1],
        ]
        # No longer than the programs ran.
        may_wait.append(min(self.chain_seen, max(idle_since, self.chain_began) + LIMIT))
        if not self.server:
            may_wait.append(clock)
        may_wait += [self.awake_since, self.up_since, self.server_since + POLICY.retry]
        assert clock <= max(may_wait) + LATE, f"no reminder for {port} at {clock}"

    # --- what happens

    def stop(self) -> None:
        """Stop the daemon."""
        assert self.daemon
        self.daemon.stop("SIGTERM")

    def later(self, seconds: float, act: Act) -> None:
        """Have something happen later."""
        self.script.append((self.clock + seconds, lambda _machine: act(self)))
        self.script.sort(key=lambda entry: entry[0])

    def skip(self, seconds: float) -> None:
        """Let time pass in which nothing happens."""
        self.clock += seconds
        self.script = [(at + seconds, act) for at, act in self.script]

    def pick(self) -> Plug | None:
        """Return one of the devices that are plugged in."""
        return self.dice.choice(list(self.plugs.values())) if self.plugs else None

    def end_use(self, plug: Plug) -> None:
        """Have whoever uses a device let go of it."""
        if plug.holder and plug.holder.program:
            plug.idle_since = self.clock
        elif plug.holder:
            plug.idle_since = max(plug.idle_since, min(self.clock, plug.traffic_began + LIMIT + LATE))
        plug.holder, plug.closed_at = None, self.clock


def _named(name: str) -> Callable[[Machine], None]:
    def act(machine: Machine) -> None:
        assert isinstance(machine, Year)
        machine.acts[name] += 1
        globals()[name](machine)

    return act


def plug_in(year: Year) -> None:
    missing = [device for device in DEVICES.values() if device.port not in year.plugs]
    if not missing:
        return
    device = year.dice.choice(missing)
    gone_at, before = year.gone.pop(device.port, (-DAY, None))
    continued = before and year.clock < gone_at + REPLUG_SECONDS
    plug = before if before and continued else Plug(year.clock, year.clock)
    year.plugs[device.port] = plug
    year.plugged[device.port] = replace(device, address=year.dice.randrange(3, 100))
    year.change()


def unplug(year: Year) -> None:
    for port in list(year.plugs)[:1]:
        plug = year.plugs.pop(port)
        year.end_use(plug)
        del year.plugged[port]
        year.gone[port] = year.clock, plug
        year.change()
        if year.dice.random() < 0.2:
            year.later(year.dice.uniform(1, 15), plug_in)


def upload(year: Year) -> None:
    """Data move for a while; then the program lets go, or its window is forgotten.

    Between two polls no device is closed and opened again, which would look as if it had been open all the time.
    """
    plug = year.pick()
    if plug is None or plug.holder or year.clock < plug.closed_at + 2 * LOOK:
        return
    lasts = year.dice.uniform(MINUTE, 40 * MINUTE)
    holder = plug.holder = Holder("CareLink Uploader", year.clock, year.clock + lasts)
    forgotten_for = year.dice.choice([0.0, 0.0, 0.0, 5 * MINUTE, 5 * HOUR])

    def close(year: Year) -> None:
        if plug.holder is holder:
            year.end_use(plug)

    def move_again(year: Year) -> None:
        if plug.holder is holder:
            holder.moves_since, holder.moves_until = year.clock, year.clock + 5 * MINUTE

    if forgotten_for > HOUR and plug is year.plugs.get(STICK.port):
        year.later(lasts + 2 * HOUR, move_again)
    year.later(lasts + forgotten_for, close)


def somebody(year: Year) -> None:
    """Somebody who cannot be named moves data."""
    plug = year.pick()
    if plug is None or plug.holder:
        return
    holder = plug.holder = Holder("", year.clock, year.clock)
    if year.clock > plug.traffic_seen + LIMIT - 2 * LOOK:
        plug.traffic_began = year.clock

    def end(year: Year) -> None:
        if plug.holder is holder:
            year.end_use(plug)

    year.later(year.dice.choice([2 * MINUTE, 10 * MINUTE, 3 * HOUR]), end)


def start_program(year: Year, lasts: float | None = None) -> None:
    number = year.turns * 1000 + len(year.programs)
    if not year.programs and year.clock > year.chain_seen + LIMIT - 2 * LOOK:
        year.chain_began = year.clock
    year.programs[number] = year.clock
    lasts = year.dice.choice([MINUTE, 10 * MINUTE, 2 * HOUR]) if lasts is None else lasts

    def end(year: Year) -> None:
        year.programs.pop(number, None)

    year.later(lasts, end)


def start_for_ever(year: Year) -> None:
    """A program starts again and again, before it ends or soon after."""
    every = year.dice.uniform(2 * MINUTE, 12 * MINUTE)
    lasts = every + year.dice.choice([30.0, -90.0])
    for number in range(int(4 * HOUR / every)):
        year.later(number * every, lambda year: start_program(year, lasts))


def sleep(year: Year) -> None:
    slept = year.dice.choice([2 * MINUTE, HOUR, 8 * HOUR])
    year.skip(slept)
    year.asleep += slept
    year.awake_since = year.clock
    for plug in year.plugs.values():
        if slept > LIMIT - 2 * LOOK:
            # Whoever cannot be named rested, too.
            plug.traffic_began = year.clock
    if year.dice.random() < 0.8:
        year.change()


def crash(year: Year) -> None:
    year.skip(year.dice.choice([0.0, 20.0, 30 * MINUTE]))
    year.chain_seen = -DAY
    raise CrashError


def reboot(year: Year) -> None:
    year.boots += 1
    year.programs.clear()
    for plug in year.plugs.values():
        plug.holder = None
        plug.silent_until = plug.reminded_at = plug.traffic_began = plug.traffic_seen = -DAY
        plug.snoozed_for = 0.0
    # The screen is gone, too.
    year.message = None
    year.skip(year.dice.choice([MINUTE, 10 * HOUR]))
    for plug in year.plugs.values():
        plug.since = plug.idle_since = year.clock
    year.gone.clear()
    year.chain_seen = -DAY
    if year.dice.random() < 0.5:
        raise CrashError
    year.stop()


def lose_server(year: Year) -> None:
    if not year.server:
        return
    year.server = False
    year.message = None
    year.person.on_lost()

    def come_back(year: Year) -> None:
        year.server, year.server_since = True, year.clock
        year.person.on_server_back()

    year.later(year.dice.choice([30.0, 20 * MINUTE, 5 * HOUR]), come_back)


def press_snooze(year: Year) -> None:
    for port in year.ports_on_screen() & set(year.plugs):
        plug = year.plugs[port]
        # How much is left of the limit is the daemon's business; silence is bounded by what it may be at most.
        plug.silent_until = year.clock + POLICY.snooze
        plug.snoozed_for += POLICY.snooze
        if plug.snoozed_for > POLICY.snooze_limit + POLICY.snooze:
            plug.silent_until = -DAY
    year.person.on_action("snooze")


def press_uploading(year: Year) -> None:
    for port in year.ports_on_screen() & set(year.plugs):
        year.plugs[port].silent_until = year.clock + LIMIT
    year.person.on_action("uploading")


def dismiss(year: Year) -> None:
    if year.message:
        year.message = None
        year.person.on_closed("dismissed")


def fail_to_tell(year: Year) -> None:
    """One look cannot tell who uses the devices, or some in a row."""
    year.looks_to_fail = year.dice.choice([1, 1, 1, 2, 5])


def set_clock(year: Year) -> None:
    year.offset += year.dice.choice([-HOUR, HOUR, DAY, -3.0])


def reload(year: Year) -> None:
    assert year.daemon
    year.daemon._reload()


ACTS = {
    **dict.fromkeys(["plug_in", "upload"], 20),
    **dict.fromkeys(["unplug"], 30),
    **dict.fromkeys(["press_snooze", "press_uploading", "dismiss", "sleep", "start_program", "somebody"], 4),
    **dict.fromkeys(["lose_server", "set_clock", "reload", "start_for_ever"], 2),
    "fail_to_tell": 20,
    "crash": 1,
    "reboot": 1,
}
"""What happens, and how often compared with the rest."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_half_a_year_in_three_parts_without_a_missed_or_a_wrong_reminder(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No device is idle for longer than the rules allow without a reminder, and none is reminded of during an upload."""
    year = Year(Random(seed), 61 * DAY)  # noqa: S311 - a story, no secret
    journal = play(year, tmp_path, monkeypatch, LOOK)
    assert set(year.acts) == set(ACTS)
    text = b"".join(file.read_bytes() for file in list_files(journal))
    notes: Counter[str] = Counter()
    events, _ = decode(text, notes)
    assert not +notes
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert {"held_back", "held_back_ended", "use_ended", "reminded"} <= {event.event for event in events}
    assert any(line.get("forgotten") for line in lines)
    for line in lines:
        if "idle_for" in line:
            assert 0 <= line["idle_for"] <= line["plugged_for"]
        if line["event"] == "held_back_ended":
            assert line["held_for"] <= LIMIT
    found = review_events(events)
    assert set(found.notes) <= {"clock_jumps", "failed_deliveries"}
    for period in found.periods:
        assert period.used_for + period.unused_for == pytest.approx(period.plugged_for)
        assert 0 <= period.unused_for <= period.plugged_for + 0.001
    held = sum(one.ended - one.began for period in found.periods for one in period.held_back)
    assert held >= sum(line["held_for"] for line in lines if line["event"] == "held_back_ended") - 1
    print(f"{year.turns} turns, {len(lines)} events, {len(found.periods)} periods")
