"""Several people at one computer, each with a daemon: reviewed together, it is as if one had watched all the time."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.not_on_windows import SLOW
from tests.rig.reviewing import review_files
from tests.rig.scripted import CrashError, Machine, play
from unplugd.journal import sources
from unplugd.journal.event import decode
from unplugd.journal.station import find_station
from unplugd.journal.timestamps import format_timestamp
from unplugd.review.reviewer import review_events
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.review.model import Review

    World = list[tuple[float, Callable[[Machine], None]]]
    Absence = tuple[float, float, bool]
    """From when until when a daemon does not run, and whether it crashed."""

NOON = 1_790_000_000.0
MACHINE = "0123456789abcdef0123456789abcdef"
PORT = "1-1.2"


class Person(Machine):
    """A machine on which one person's daemon runs, but for absences; meanwhile the world goes on."""

    def __init__(self, world: World, absences: Sequence[Absence], began: float) -> None:
        super().__init__(world, NOON)
        self.clock = began
        self.machine = MACHINE
        self._back_at = 0.0
        for gone_at, back_at, crashed in absences:
            self.script.append((gone_at, partial(Person._leave, back_at=back_at, crashed=crashed)))
        self.script.sort(key=lambda entry: entry[0])

    @staticmethod
    def _leave(machine: Machine, *, back_at: float, crashed: bool) -> None:
        assert isinstance(machine, Person)
        assert machine.daemon
        machine._back_at = back_at
        if crashed:
            raise CrashError
        machine.daemon.stop("SIGTERM")

    def sources(
        self, on_change: Callable[[], None], on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        """Let the world go on until the person is back."""
        self._on_change = lambda: None
        self.clock = max(self.clock, self._back_at)
        self.expire(self.clock)
        return super().sources(on_change, on_use)

    def change(self) -> None:
        """Have the daemon look at once, also at uses."""
        super().change()
        if self.daemon:
            self.daemon._observer.poll_now()


def plug(device: Device | None) -> Callable[[Machine], None]:
    """Return what plugs a device in, or pulls out what there is."""

    def act(machine: Machine) -> None:
        machine.plugged.clear()
        machine.user.clear()
        if device:
            machine.plugged[device.port] = device
        machine.change()

    return act


def use(program: str | None) -> Callable[[Machine], None]:
    """Return what begins a use, or ends it."""

    def act(machine: Machine) -> None:
        machine.user.clear()
        if program and machine.plugged:
            machine.user[PORT] = program
        machine.change()

    return act


def make_world(dice: Random) -> tuple[World, float]:
    """Return what happens in a few days, and when it is over."""
    happens: World = []
    at = 200.0
    for number in range(12):
        at += dice.choice([30.0, 700.0, 20_000.0])
        for again in range(dice.choice([1, 1, 1, 2])):
            device = Device(PORT, 0x0A21, 0x8001, address=2 * number + again + 1, name="CareLink USB")
            happens.append((at, plug(device)))
            for _ in range(dice.randrange(3)):
                for program in ("Tidepool Uploader", None):
                    at += dice.choice([20.0, 90.0, 700.0])
                    happens.append((at, use(program)))
            at += dice.choice([15.0, 400.0, 4000.0])
            happens.append((at, plug(None)))
            at += 4
    happens.append((at + 50, stop))
    return happens, at + 50


def stop(machine: Machine) -> None:
    """Stop the daemon."""
    assert machine.daemon
    machine.daemon.stop("SIGTERM")


def make_absences(dice: Random, end: float) -> list[Absence]:
    """Return when a daemon does not run; the first absence ends when its person logs in."""
    edges = sorted({100.0 + round(dice.random() * (end - 200)) for _ in range(2 * dice.randrange(5))})
    return [(gone, back, dice.random() < 0.3) for gone, back in zip(edges[::2], edges[1::2], strict=False)]


def watch(
    world: World, absences: Sequence[Absence], account: int, folder: Path, patch: pytest.MonkeyPatch
) -> Path:
    """Return the journal of one person's daemon; the second person logs in a little later."""
    folder.mkdir()
    patch.setattr(os, "getuid", lambda: account)
    return play(Person(list(world), absences, 107.3 if account == 1001 else 100.0), folder, patch)


def review(*journals: Path) -> Review:
    """Return what the journals hold together."""
    notes: Counter[str] = Counter()
    found = sources.find_sources(journals, Path("/nowhere"), notes, print)
    return review_files(found, notes, print)


def describe(review: Review) -> list[tuple[float, float, str, list[tuple[float, float, str]]]]:
    """Return the periods with their uses, to a tenth of a second."""
    return [
        (
            round(period.began - NOON, 1),
            round(period.ended - NOON, 1),
            period.end,
            [(round(one.began - NOON, 1), round(one.ended - NOON, 1), one.program) for one in period.uses],
        )
        for period in review.periods
    ]


@SLOW
@pytest.mark.parametrize("seed", range(10))
def test_two_daemons_see_what_one_sees(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that stops, crashes and starts at random beside one that always runs changes no period, use or unused time."""
    dice = Random(seed)  # noqa: S311 - a story, no secret
    world, end = make_world(dice)
    alone = watch(world, [], 1000, tmp_path / "alone", monkeypatch)
    other = watch(world, make_absences(dice, end), 1001, tmp_path / "other", monkeypatch)
    found, expected = review(alone, other), review(alone)
    assert describe(found) == describe(expected)
    assert len(found.watched) == 1
    assert not found.notes
    reminded = {one.session for period in found.periods for one in period.reminders}
    assert reminded <= {find_station(MACHINE, account).session for account in ("1000", "1001")}
    # As older versions wrote it, and as an older one beside a new one.
    for journal in (other, alone):
        journal.write_text(re.sub(r'"(station|session)": "\w+", ', "", journal.read_text()))
        assert describe(review(alone, other)) == describe(expected)
        assert len(review(alone, other).watched) == 1
        assert not review(alone, other).notes
    together = tmp_path / "together.jsonl"
    together.write_text(alone.read_text() + other.read_text())
    assert [one[0] for one in describe(review(together))] == [one[0] for one in describe(expected)]


@SLOW
@pytest.mark.parametrize("seed", range(8))
def test_it_is_known_what_at_least_one_of_them_saw(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that stop and start at random see what one sees that runs whenever one of them does."""
    dice = Random(seed)  # noqa: S311 - a story, no secret
    world, end = make_world(dice)
    first, second = ([(gone, back, False) for gone, back, _ in make_absences(dice, end)] for _ in range(2))
    both = [
        (max(one[0], other[0]), min(one[1], other[1]), False)
        for one in first
        for other in second
        if max(one[0], other[0]) < min(one[1], other[1])
    ]
    journals = [
        watch(world, absences, account, tmp_path / str(account), monkeypatch)
        for account, absences in ((1000, first), (1001, second), (1002, sorted(both)))
    ]
    found, expected = review(*journals[:2]), review(journals[2])
    assert describe(found) == describe(expected)
    assert [(round(run.began), round(run.ended)) for run in found.watched] == [
        (round(run.began), round(run.ended)) for run in expected.watched
    ]


STATES = st.sampled_from(["in front", "locked", "inactive", "stopped"])
CHANGES = st.dictionaries(st.integers(1, 99), STATES, max_size=8)


def write_journal(changes: dict[int, str], session: str) -> list[dict[str, Any]]:
    """Return what a daemon writes whose person, or itself, changes at these seconds; a device is plugged in for 100."""

    def line(at: int, event: str, **fields: object) -> dict[str, Any]:
        head = {"time": format_timestamp(NOON + at), "event": event, "host": "ann", "boot": "b"}
        return {**head, "uptime": 1000.0 + at, "session": session, **fields}

    about = {"device": PORT, "id": "0a21:8001", "name": "CareLink USB"}
    lines = [line(0, "started"), line(0, "plugged_in", **about, address=1)]
    before = "in front"
    for at, state in sorted(changes.items()):
        lasting = {"plugged_for": float(at), "idle_for": float(at)}
        if state != before and state == "stopped":
            lines.append(line(at, "stopped"))
        elif state != before:
            if before == "stopped":
                lines += [line(at, "started"), line(at, "checkpoint", **about, **lasting)]
            if state != "in front":
                lines.append(line(at, "away", why=state))
            elif before != "stopped":
                lines.append(line(at, "back"))
        before = state
    if before != "stopped":
        lines.append(line(100, "unplugged", **about, plugged_for=100.0, idle_for=100.0))
    return lines


@settings(deadline=None, max_examples=100)
@given(st.lists(CHANGES, min_size=1, max_size=3))
def test_nobody_is_there_while_each_session_says_so(people: list[dict[int, str]]) -> None:
    """At every moment somebody is in front if one of the daemons that run says so, and nobody if all of them say that."""
    journals = [write_journal(changes, str(number)) for number, changes in enumerate(people)]
    lines = sorted((line for journal in journals for line in journal), key=lambda line: float(line["uptime"]))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    periods = review_events(decode(text.encode(), Counter())[0]).periods
    found = [absence for period in periods for absence in period.absences]
    for moment in range(int(max(period.ended for period in periods) - NOON)):
        states = {
            next((state for at, state in sorted(one.items(), reverse=True) if at <= moment), "in front")
            for one in people
        } - {"stopped"}
        expected = [] if "in front" in states else sorted(states, reverse=True)[:1]
        at = NOON + moment + 0.5
        assert [one.why for one in found if one.began <= at < one.ended] == expected, moment


def test_any_number_of_sessions_is_one_plug_in(tmp_path: Path) -> None:
    """A journal in which thousands see one device come and go, one after the other, is reviewed like any other."""
    journal = tmp_path / "events.jsonl"
    about = {"host": "ann", "boot": "b", "device": "1-1", "id": "0a21:8001", "name": "CareLink USB"}
    with journal.open("w") as file:
        for number in range(3000):
            for later, event in enumerate(("plugged_in", "use_began", "use_ended", "unplugged")):
                at = 1000 + number + later / 10
                line = {"time": format_timestamp(NOON + at), "event": event, "uptime": at, "program": "x"}
                file.write(json.dumps({**line, **about, "session": str(number), "used_for": 0.1}) + "\n")
    (period,) = review(journal).periods
    assert (round(period.plugged_for, 1), len(period.uses)) == (2999.3, 3000)
