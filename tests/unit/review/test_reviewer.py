"""The review: events in, plugged-in periods out. Examples, then generated stories with a known truth, then any input."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.not_on_windows import SLOW
from tests.rig.scripted import CrashError, Machine, play
from tests.rig.story import DAY, Station
from unplugd.journal.event import decode
from unplugd.journal.timestamps import format_timestamp
from unplugd.review.model import Review
from unplugd.review.parts import join_parts
from unplugd.review.reviewer import review_events, review_part
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from unplugd.journal.event import JournalEvent
    from unplugd.review.model import Period

NOON = 1_790_000_000.0
STICK = {"device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"}
METER = {"device": "1-1.3", "id": "1a79:6210", "name": "Contour Next Link 2.4"}


def line(at: float, event: str, about: dict[str, str] | None = None, **fields: object) -> dict[str, Any]:
    """Return an event `at` seconds after noon, on a computer that was switched on 1000 seconds before it."""
    head = {"time": format_timestamp(NOON + at), "event": event, "host": "anna", "boot": "1", "schema": 1}
    return {**head, "uptime": 1000.0 + at, **(about or {}), **fields}


def read(lines: Iterable[dict[str, Any] | str]) -> list[JournalEvent]:
    """Return the events as the reader gives them."""
    text = "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in lines)
    return decode(text.encode(errors="surrogatepass"), Counter())[0]


def review(*lines: dict[str, Any], until: float | None = None) -> Review:
    """Return the review of events."""
    return review_events(read(lines), until)


PLUGGED = line(0, "plugged_in", STICK)


def test_plain_period() -> None:
    """A period has its uses, its reminders with their outcomes, its snoozes and the unknown programs."""
    found = review(
        line(-10, "started"),
        PLUGGED,
        line(100, "use_began", STICK, program="Tidepool Uploader", evidence="open"),
        line(300, "checkpoint", STICK, plugged_for=300.0, idle_for=100.0),
        line(400, "use_ended", STICK, program="Tidepool Uploader", evidence="open", used_for=300.0),
        line(520, "reminded", count=1, urgency="normal", channel="desktop", devices=["1-1.2"], due=["1-1.2"]),
        line(530, "reminder_ended", STICK, outcome="snoozed"),
        line(530, "snoozed", STICK, snoozed_for=900.0),
        line(600, "stranger", STICK, program="thermometer"),
        line(700, "snooze_ended", STICK, how="cancelled", snoozed_for=170.0),
        line(720, "held_back", STICK, program="Tidepool Uploader", evidence="runs", running_since=900.0),
        line(800, "held_back_ended", STICK, program="Tidepool Uploader", how="over", held_for=80.0),
        line(850, "held_back", STICK, program="unknown", evidence="runs", running_since=900.0),
        line(900, "unplugged", STICK, plugged_for=900.0, idle_for=600.0),
        line(1000, "stopped"),
    )
    (period,) = found.periods
    assert (period.began, period.ended, period.end) == (NOON, NOON + 900, "unplugged")
    assert (period.plugged_for, period.used_for, period.unused_for) == (900, 300, 600)
    assert [(use.began - NOON, use.program) for use in period.uses] == [(100, "Tidepool Uploader")]
    assert [(one.at - NOON, one.outcome) for one in period.reminders] == [(520, "snoozed")]
    assert [(one.began - NOON, one.ended - NOON) for one in period.snoozes] == [(530, 700)]
    assert period.strangers == ("thermometer",)
    assert [(one.began - NOON, one.ended - NOON, one.program) for one in period.held_back] == [
        (720, 800, "Tidepool Uploader"),
        (850, 900, ""),
    ]
    assert [(one.began - NOON, one.ended - NOON) for one in found.watched] == [(-10, 1000)]
    assert not found.notes


def test_a_forgotten_window_was_used_until_data_last_moved() -> None:
    """Its use ended before the event that says so."""
    found = review(
        PLUGGED,
        line(100, "use_began", STICK, program="java", evidence="open"),
        line(300, "checkpoint", STICK, plugged_for=300.0, idle_for=100.0),
        line(1350, "use_ended", STICK, program="java", used_for=50.0, forgotten=True, still_for=1200.0),
        line(1500, "checkpoint", STICK, plugged_for=1500.0, idle_for=1450.0),
        line(2000, "unplugged", STICK, plugged_for=2000.0, idle_for=1950.0),
    )
    (period,) = found.periods
    assert [(use.began - NOON, use.ended - NOON) for use in period.uses] == [(100, 150)]
    assert period.unused_for == 1950


def tell_absences(period: Period) -> list[tuple[float, float, str]]:
    """Return the absences in a period, in seconds after noon."""
    return [(one.began - NOON, one.ended - NOON, one.why) for one in period.absences]


def test_nobody_was_there() -> None:
    """An absence is one of every device that is plugged in meanwhile, and is over with the last one."""
    found = review(
        line(-10, "started"),
        PLUGGED,
        line(100, "away", why="locked"),
        line(200, "plugged_in", METER),
        line(300, "away", why="inactive"),
        line(400, "back"),
        line(500, "away", why="new"),
        line(600, "unplugged", METER, plugged_for=400.0, idle_for=400.0),
        line(605, "plugged_in", METER, continued=True),
        line(700, "unplugged", METER, plugged_for=500.0, idle_for=500.0),
        line(800, "unplugged", STICK, plugged_for=800.0, idle_for=800.0),
        line(900, "plugged_in", STICK),
        line(1000, "unplugged", STICK, plugged_for=100.0, idle_for=100.0),
    )
    stick, meter, later = found.periods
    assert tell_absences(stick) == [(100, 300, "locked"), (300, 400, "inactive"), (500, 800, "")]
    assert tell_absences(meter) == [
        (200, 300, "locked"),
        (300, 400, "inactive"),
        (500, 600, ""),
        (605, 700, ""),
    ]
    assert not later.absences
    assert not found.notes


def remind(at: float, count: int, **fields: Any) -> dict[str, Any]:
    """Return a reminder about the stick."""
    return line(at, "reminded", count=count, devices=["1-1.2"], due=["1-1.2"], **fields)


def test_a_reminder_that_nobody_saw_was_not_ignored() -> None:
    """Without an answer, it has none if somebody was there, and is "away" if nobody was for a part of the time."""
    found = review(
        PLUGGED,
        line(100, "away", why="locked"),
        line(200, "back"),
        remind(200, 1),
        remind(500, 2),
        line(600, "away", why="locked"),
        line(700, "back"),
        remind(1400, 3),
        line(1500, "reminder_ended", STICK, outcome="dismissed"),
        line(1600, "away", why="locked"),
        line(1700, "back"),
        remind(3200, 4),
        remind(5000, 5),
        line(5100, "away", why="inactive"),
        line(5200, "unplugged", STICK, plugged_for=5200.0, idle_for=5200.0),
    )
    (period,) = found.periods
    assert [one.outcome for one in period.reminders] == ["", "away", "dismissed", "", "away"]


def test_each_run_says_anew_that_nobody_is_there() -> None:
    """What is known ends with the run: when unplugd stops, and with the last event before a crash."""
    found = review(
        line(-10, "started"),
        PLUGGED,
        line(100, "away", why="locked"),
        line(200, "stopped"),
        line(300, "started"),
        line(400, "checkpoint", STICK, plugged_for=400.0, idle_for=400.0),
        line(500, "away", why="locked"),
        line(600, "checkpoint", STICK, plugged_for=600.0, idle_for=600.0),
        line(900, "started"),
        line(1000, "checkpoint", STICK, plugged_for=1000.0, idle_for=1000.0),
        line(1100, "away", why="locked"),
        until=NOON + 1300,
    )
    (period,) = found.periods
    assert tell_absences(period) == [(100, 200, "locked"), (500, 600, "locked"), (1100, 1300, "locked")]


def test_nobody_was_there_when_the_journal_begins() -> None:
    """A device that is found plugged in afterwards was so while nobody was there, but not before."""
    found = review(
        line(500, "away", why="locked"),
        line(600, "checkpoint", STICK, plugged_for=600.0, idle_for=600.0),
        line(700, "unplugged", STICK, plugged_for=700.0, idle_for=700.0),
    )
    (period,) = found.periods
    assert tell_absences(period) == [(500, 700, "locked")]


def test_two_people_at_one_computer() -> None:
    """Somebody is in front if one of them is; the reminder of each counts for its own session."""
    ann: dict[str, Any] = {"session": "ann"}
    bob: dict[str, Any] = {"session": "bob"}
    found = review(
        line(-20, "started", **ann),
        line(-10, "started", **bob),
        PLUGGED | ann,
        line(0, "away", why="inactive", **bob),
        PLUGGED | bob,
        remind(300, 1, **ann),
        line(400, "away", why="inactive", **ann),
        line(400, "back", **bob),
        remind(400, 1, **bob),
        line(500, "away", why="locked", **bob),
        line(600, "back", **bob),
        line(700, "stopped", **bob),
        line(800, "back", **ann),
        remind(800, 2, **ann),
        line(1000, "unplugged", STICK, plugged_for=1000.0, idle_for=1000.0, **ann),
    )
    (period,) = found.periods
    assert tell_absences(period) == [(500, 600, "locked"), (700, 800, "inactive")]
    assert [(one.session, one.outcome) for one in period.reminders] == [
        ("ann", "away"),
        ("bob", "away"),
        ("ann", ""),
    ]


def test_what_was_held_back_at_an_unplug_that_nobody_saw_ends_there() -> None:
    """The event was written at the next start, and comes before the unplug."""
    found = review(
        PLUGGED,
        line(300, "held_back", STICK, program="java", evidence="runs", running_since=900.0),
        line(600, "checkpoint", STICK, plugged_for=600.0, idle_for=600.0),
        line(5000, "started"),
        line(5000, "held_back_ended", STICK, program="java", how="unplugged", held_for=300.0, unseen=True),
        line(5000, "unplugged", STICK, plugged_for=600.0, idle_for=600.0, unseen=True),
    )
    (period,) = found.periods
    assert [(one.began - NOON, one.ended - NOON) for one in period.held_back] == [(300, 600)]


@pytest.mark.parametrize(
    ("after", "ended", "end"),
    [
        ([], 300, "open"),
        ([line(900, "started", boot="2")], 300, "cut"),
        ([line(900, "started")], 300, "open"),
        ([line(900, "started"), line(901, "checkpoint", STICK)], 901, "open"),
        (
            [line(900, "started"), line(900, "unplugged", STICK, plugged_for=300.0, unseen=True)],
            300,
            "unseen",
        ),
        ([line(900, "plugged_in", STICK)], 300, "cut"),
        ([line(900, "reminded", count=1, devices=["1-1.2"])], 900, "open"),
    ],
)
def test_ends(after: list[dict[str, Any]], ended: float, end: str) -> None:
    """A period whose end was not seen ends with its last event, and says so."""
    period = review(PLUGGED, line(300, "checkpoint", STICK), *after).periods[0]
    assert (period.ended - NOON, period.end) == (ended, end)


def test_what_is_open_is_extended_until_now() -> None:
    """What is plugged in and in use while unplugd is running lasts until now."""
    lines = (line(-10, "started"), PLUGGED, line(100, "use_began", STICK, program="x"))
    found = review(*lines, until=NOON + 700)
    assert (found.periods[0].ended, found.periods[0].used_for) == (NOON + 700, 600)
    assert found.watched[0].ended == NOON + 700
    stopped = review(*lines, line(200, "checkpoint", STICK), line(200, "stopped"), until=NOON + 700)
    assert stopped.periods[0].ended == NOON + 200
    assert review_events(read(lines), NOON + 700, "another").periods[0].ended == NOON + 100


def test_replug() -> None:
    """A replug within ten seconds continues the period, a later one begins another."""
    gone = line(100, "unplugged", STICK, plugged_for=100.0, idle_for=100.0)
    soon = line(105, "plugged_in", STICK, continued=True)
    late = line(300, "plugged_in", STICK)
    over = line(400, "unplugged", STICK, plugged_for=1.0, idle_for=1.0)
    assert [period.plugged_for for period in review(PLUGGED, gone, soon, over).periods] == [400]
    assert [period.plugged_for for period in review(PLUGGED, gone, late, over).periods] == [100, 100]


@pytest.mark.parametrize(("again", "periods"), [(10.9, 1), (11.1, 2)])
def test_a_poll_that_came_a_second_late_still_finds_a_replug(again: float, periods: int) -> None:
    """The daemon allows ten seconds between two polls, and may write the second a little late."""
    found = review(
        PLUGGED,
        line(100, "unplugged", STICK, plugged_for=100.0, idle_for=100.0),
        line(100 + again, "plugged_in", STICK, continued=True),
    )
    assert len(found.periods) == periods


def test_two_devices_at_once() -> None:
    """Checkpoints of two devices alternate; each counts for its own device."""
    both = [line(0, "plugged_in", STICK), line(0, "plugged_in", METER)]
    for at in (300, 600, 900):
        both += [line(at, "checkpoint", STICK), line(at, "checkpoint", METER)]
    found = review(*both).periods
    assert [(one.device, round(one.plugged_for)) for one in found] == [("1-1.2", 900), ("1-1.3", 900)]


def test_snooze_that_outlives_the_unplug() -> None:
    """Its end is written ten seconds later, and yet it ends with the period."""
    found = review(
        PLUGGED,
        line(50, "snoozed", STICK, snoozed_for=900.0),
        line(100, "unplugged", STICK),
        line(110, "snooze_ended", STICK, snoozed_for=50.0),
    )
    assert [one.ended - NOON for one in found.periods[0].snoozes] == [100]
    assert found.periods[0].ended == NOON + 100


def test_clock_that_was_wrong() -> None:
    """Durations come from the clock that is never set, dates from the last event."""
    wrong = {"time": "1970-01-01T00:00:07.000Z"}
    found = review({**PLUGGED, **wrong}, line(60, "unplugged", STICK, plugged_for=60.0))
    assert (found.periods[0].began, found.periods[0].ended) == (NOON, NOON + 60)
    assert found.notes == {"clock_jumps": 1}


@pytest.mark.parametrize("last", ["checkpoint", "unplugged"])
@pytest.mark.parametrize("wrong", [3600, -3600])
def test_clock_that_was_wrong_for_a_while(last: str, wrong: float) -> None:
    """A clock that is an hour off during checkpoints makes two jumps, and changes no figure."""
    lines = [PLUGGED, *(line(300 * number, "checkpoint", STICK) for number in range(1, 9))]
    for number in (3, 4, 5):
        lines[number]["time"] = format_timestamp(NOON + 300 * number + wrong)
    found = review(*lines, line(2500, last, STICK, plugged_for=2500, idle_for=2500))
    assert found.notes == {"clock_jumps": 2}
    (period,) = found.periods
    assert (round(period.began - NOON), round(period.plugged_for)) == (0, 2500)


def test_missing_beginning() -> None:
    """A checkpoint or the unplug says since when the device was plugged in, and how long it was used."""
    for event in ("checkpoint", "unplugged"):
        (period,) = review(line(0, event, STICK, plugged_for=500.0, idle_for=400.0)).periods
        assert (period.plugged_for, period.used_for) == (500, 100)
    (period,) = review(line(0, "use_ended", STICK, used_for=30.0)).periods
    assert (period.plugged_for, period.used_for) == (30, 30)


def totals(plugged_for: float, idle_for: float) -> dict[str, float]:
    return {"plugged_for": plugged_for, "idle_for": idle_for}


@pytest.mark.parametrize(
    ("later", "used"),
    [
        ([line(900, "unplugged", STICK, **totals(900, 400))], [(0, 500)]),
        ([line(900, "checkpoint", STICK, **totals(900, 400)), line(910, "stopped")], [(0, 500)]),
        (
            [
                line(100, "use_began", STICK, program="x"),
                line(200, "use_ended", STICK, program="x", used_for=100.0),
                line(900, "unplugged", STICK, **totals(900, 500)),
            ],
            [(0, 100), (100, 200), (200, 400)],
        ),
        (
            [
                line(500, "use_began", STICK, program="x"),
                line(900, "unplugged", STICK, **totals(900, 300)),
            ],
            [(0, 200), (500, 900)],
        ),
        (
            [
                line(300, "unplugged", STICK, **totals(300, 0)),
                line(305, "plugged_in", STICK, continued=True),
                line(905, "unplugged", STICK, **totals(600, 400)),
            ],
            [(0, 300), (305, 505)],
        ),
        ([line(900, "unplugged", STICK, **totals(900, 899.5))], []),
        ([line(900, "unplugged", STICK, **totals(9000, 0))], [(0, 900)]),
    ],
)
def test_use_without_events_is_restored(later: list[dict[str, Any]], used: list[tuple[float, float]]) -> None:
    """It counts as the totals of later events say; only when it was is not known."""
    (period,) = review(line(-10, "started"), PLUGGED, *later).periods
    assert [(one.began - NOON, one.ended - NOON) for one in period.uses] == used


def test_missing_start() -> None:
    """An event after unplugd stopped shows that it is running again."""
    found = review(
        line(-10, "started"),
        PLUGGED,
        line(100, "stopped"),
        line(300, "checkpoint", STICK),
        line(600, "checkpoint", STICK),
        until=NOON + 700,
    )
    assert [(one.began - NOON, one.ended - NOON) for one in found.watched] == [(-10, 100), (300, 700)]
    assert found.periods[0].ended == NOON + 700


@pytest.mark.parametrize("last", ["checkpoint", "unplugged"])
def test_event_with_an_invalid_time(last: str) -> None:
    """Its uptime says when it was."""
    odd = {"time": "rubbish"}
    found = review(PLUGGED, {**line(300, "checkpoint", STICK), **odd}, {**line(600, last, STICK), **odd})
    assert found.periods[0].ended == NOON + 600
    assert not found.notes


@pytest.mark.parametrize(
    ("time", "usable"),
    [
        ("1969-12-31T23:59:59.000Z", False),
        ("1970-01-01T00:00:00.000Z", True),
        ("2286-11-20T17:46:40.000Z", True),
        ("2286-11-20T17:46:41.000Z", False),
        ("9999-12-31T23:59:59.000Z", False),
    ],
)
def test_no_time_before_1970_or_after_2286_is_believed(time: str, usable: bool) -> None:
    """Unless something else says when it was, such an event is left out and counted."""
    found = review({**PLUGGED, "time": time, "uptime": None})
    assert len(found.periods) == usable
    assert found.notes.get("no_time", 0) == (not usable)


def test_reminder_for_two_devices() -> None:
    """A reminder belongs to every device for which it is due; an update that only lists a device does not."""
    found = review(
        PLUGGED,
        line(0, "plugged_in", METER),
        line(300, "reminded", count=1, devices=["1-1.2", "1-1.3"], due=["1-1.2", "1-1.3"]),
        line(400, "reminder_ended", STICK, outcome="dismissed"),
        line(400, "reminder_ended", METER, outcome="dismissed"),
        line(600, "reminded", count=2, devices=["1-1.2", "1-1.3"], due=["1-1.3"]),
        line(700, "reminder_ended", STICK, outcome="unplugged"),
    )
    assert [[one.outcome for one in period.reminders] for period in found.periods] == [
        ["dismissed"],
        ["dismissed", ""],
    ]


def test_without_uptime() -> None:
    """Without uptime the wall clock counts, and while it runs backwards no time passes."""
    lines = [line(0, "plugged_in", STICK), line(60, "checkpoint", STICK), line(-500, "checkpoint", STICK)]
    found = review(*({**one, "uptime": None} for one in [*lines, line(-440, "unplugged", STICK)]))
    assert found.periods[0].plugged_for == pytest.approx(120)


def test_names_are_sanitized() -> None:
    """Untrusted names lose their control characters and are cut to a length."""
    hostile = {**STICK, "name": "\x1b[31m" + "x" * 5000}
    (period,) = review(line(0, "plugged_in", hostile)).periods
    assert "\x1b" not in period.name
    assert len(period.name) <= 60


@pytest.mark.parametrize("seed", range(20))
def test_a_story_comes_out_as_it_was(seed: int) -> None:
    """Each period, use, reminder and snooze of a month at a computer comes out as it was."""
    station = Station("station", Random(seed), round(NOON) * 1000)  # noqa: S311 - a story, no secret
    for _ in range(30):
        station.day()
    station._end_run()
    found = review_events(read(station.lines))

    def ms(seconds: float) -> int:
        return round(seconds * 1000)

    truth = sorted(station.told, key=lambda period: period.began)
    assert [(ms(one.began), ms(one.ended), one.end) for one in found.periods] == [
        (one.began, one.ended, one.end) for one in truth
    ]
    for one, true in zip(found.periods, truth, strict=True):
        assert [(ms(use.began), ms(use.ended)) for use in one.uses] == true.uses
        assert [[ms(reminder.at), reminder.outcome] for reminder in one.reminders] == true.reminders
        assert [(ms(snooze.began), ms(snooze.ended)) for snooze in one.snoozes] == true.snoozes
        assert len(one.strangers) == true.strangers
    assert sorted((ms(one.began), ms(one.ended)) for one in found.watched) == sorted(station.watched)
    assert set(found.notes) <= {"clock_jumps"}


def script(dice: Random) -> tuple[list[tuple[float, Callable[[Machine], None]]], list[float]]:
    """Return what happens on a computer in two weeks, and the duration of each period."""
    happens: list[tuple[float, Callable[[Machine], None]]] = []
    plugged: list[float] = []
    at = 200.0

    def device(there: Device | None, port: str = "1-1.2") -> Callable[[Machine], None]:
        def act(machine: Machine) -> None:
            machine.user.pop(port, None)
            if there:
                machine.plugged[port] = there
            else:
                del machine.plugged[port]
            machine.change()

        return act

    def user(name: str | None) -> Callable[[Machine], None]:
        def act(machine: Machine) -> None:
            if name is None:
                machine.user.pop("1-1.2", None)
            else:
                machine.user["1-1.2"] = name

        return act

    def stop(machine: Machine) -> None:
        assert machine.daemon
        machine.daemon.stop("SIGTERM")

    def crash(_machine: Machine) -> None:
        raise CrashError

    def press(key: str) -> Callable[[Machine], None]:
        return lambda machine: machine.person.on_action(key)

    def dismiss(machine: Machine) -> None:
        machine.person.on_closed("dismissed")

    def jump(machine: Machine) -> None:
        machine.offset += dice.choice([3600.0, -3600.0])

    for number in range(40):
        at += dice.randrange(60, 20_000)
        began = at
        there = Device("1-1.2", 0x0A21, 0x8001, address=number + 1, name="CareLink USB")
        happens.append((at, device(there)))
        for _ in range(dice.randrange(6)):
            at += dice.choice([10.0, 70.0, 400.0, 3000.0])
            act = dice.choice(
                [
                    *[user("Tidepool Uploader")] * 3,
                    user(""),
                    *[user(None)] * 3,
                    stop,
                    crash,
                    dismiss,
                    jump,
                    press("snooze"),
                    press("uploading"),
                ]
            )
            happens.append((at, act))
            if dice.random() < 0.1:
                happens += [(at + 1, device(None)), (at + 4, device(replace(there, address=100 + number)))]
                there = replace(there, address=100 + number)
                at += 4
        at += dice.choice([5.0, 100.0, 5000.0])
        happens.append((at, device(None)))
        plugged.append(at - began)
    happens.append((at + 100, stop))
    return happens, plugged


@SLOW
@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_the_daemon(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The review has the same durations as the daemon's own events."""
    happens, plugged = script(Random(seed))  # noqa: S311 - a story, no secret
    journal = play(Machine(happens, NOON), tmp_path, monkeypatch)
    events = read(journal.read_text().splitlines())
    found = review_events(events)
    assert [period.plugged_for for period in found.periods] == pytest.approx(plugged, abs=0.002)
    assert {one.end for one in found.periods} == {"unplugged"}
    unplugged = [one for one in events if one.event == "unplugged"]
    replugs = [later for later in events if later.continued]
    # By definition, it is plugged in and unused during a replug.
    out = sum(one.uptime for one in replugs) - sum(
        max(gone.uptime for gone in unplugged if gone.uptime <= one.uptime) for one in replugs
    )
    assert sum(period.plugged_for for period in found.periods) == pytest.approx(
        sum(one.plugged_for for one in unplugged) + out, abs=0.1
    )
    assert sum(period.unused_for for period in found.periods) == pytest.approx(
        sum(one.idle_for for one in unplugged) + out, abs=0.1
    )
    assert sum(len(period.reminders) for period in found.periods) == sum(
        one.event == "reminded" for one in events
    )
    ended = Counter(one.outcome for one in events if one.event == "reminder_ended")
    outcomes = Counter(
        reminder.outcome for one in found.periods for reminder in one.reminders if reminder.outcome
    )
    # A reminder that was closed and comes back as an update has a second outcome, which does not count.
    assert all(outcomes[outcome] <= count for outcome, count in ended.items())
    snoozed = sum(one.snoozed_for for one in events if one.event == "snooze_ended")
    assert sum(s.ended - s.began for one in found.periods for s in one.snoozes) == pytest.approx(
        snoozed, abs=0.1
    )
    assert set(found.notes) <= {"clock_jumps"}


def test_agrees_with_the_daemon_on_what_it_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A period that was in use at a crash and was unplugged before the next start ends with its last event."""
    there = Device("1-1.2", 0x0A21, 0x8001, address=3, name="CareLink USB")

    def plug(machine: Machine) -> None:
        machine.plugged["1-1.2"] = there
        machine.change()

    def use(machine: Machine) -> None:
        machine.user["1-1.2"] = "Tidepool Uploader"

    def vanish(machine: Machine) -> None:
        machine.plugged.clear()
        machine.clock += 5000
        raise CrashError

    def stop(machine: Machine) -> None:
        assert machine.daemon
        machine.daemon.stop("SIGTERM")

    story = [(1000.0, plug), (1100.0, use), (1900.0, vanish), (9000.0, stop)]
    events = read(play(Machine(story, NOON), tmp_path, monkeypatch).read_text().splitlines())
    (period,) = review_events(events).periods
    (unplugged,) = [one for one in events if one.event == "unplugged"]
    assert (period.end, unplugged.unseen) == ("unseen", True)
    assert (period.plugged_for, period.unused_for) == pytest.approx(
        (unplugged.plugged_for, unplugged.idle_for)
    )
    assert period.began == pytest.approx(NOON + 1000)
    assert 600 <= period.plugged_for <= 900
    assert [one.ended - one.began for one in review_events(events).watched] == pytest.approx(
        [1800 - 100, 2100], abs=301
    )


VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers(-10, 10**30)
    | st.text(max_size=5)
    | st.lists(st.sampled_from(["1-1.2", "1-1.3", 3, None]), max_size=3)
)
FIELDS = (
    *[
        "device",
        "id",
        "name",
        "host",
        "boot",
        "uptime",
        "time",
        "plugged_for",
        "idle_for",
        "used_for",
        "snoozed_for",
        "held_for",
    ],
    *["continued", "unseen", "program", "count", "devices", "due", "outcome", "lost", "schema"],
)
KINDS = (
    *[
        "started",
        "stopped",
        "plugged_in",
        "unplugged",
        "use_began",
        "use_ended",
        "reminded",
        "reminder_ended",
    ],
    *[
        "snoozed",
        "snooze_ended",
        "stranger",
        "held_back",
        "held_back_ended",
        "away",
        "back",
        "checkpoint",
        "gap",
        "resumed",
        "from_the_future",
    ],
)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return events in any order, some with invalid fields."""
    at = 0.0
    lines = []
    for event in draw(st.lists(st.sampled_from(KINDS), max_size=40)):
        at += draw(st.sampled_from([0.0, 1.0, 9.0, 300.0, 1e5]))
        fields: dict[str, Any] = {
            "plugged_for": draw(st.sampled_from([0.0, 10.0, 1e6])),
            "idle_for": draw(st.sampled_from([0.0, 10.0, 1e6])),
            "used_for": draw(st.sampled_from([0.0, 10.0, 1e6])),
            "snoozed_for": draw(st.sampled_from([0.0, 900.0])),
            "continued": draw(st.booleans()),
            "unseen": draw(st.booleans()),
            "devices": draw(st.sampled_from([["1-1.2"], ["1-1.2", "1-1.3"]])),
            "outcome": draw(st.sampled_from(["unplugged", "in_use", "nonsense"])),
            "boot": draw(st.sampled_from(["1", "1", "1", "2"])),
            "session": draw(st.sampled_from(["", "", "ann", "bob"])),
            "why": draw(st.sampled_from(["locked", "inactive", "new"])),
        }
        fields |= (
            draw(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2)) if draw(st.booleans()) else {}
        )
        about = draw(st.sampled_from([STICK, METER]))
        lines.append(line(at, event, None) | about | fields)
    return lines


@settings(deadline=None, max_examples=100)
@given(histories(), st.none() | st.floats(NOON, NOON + 1e7))
def test_any_history(lines: list[dict[str, Any]], until: float | None) -> None:
    """Whatever is in the journal, used and unused time add up, and uses lie within their period without overlaps."""
    for period in review_events(read(lines), until).periods:
        assert period.used_for + period.unused_for == pytest.approx(period.plugged_for)
        assert period.began <= period.ended
        for spans in (period.uses, period.snoozes, period.held_back, period.absences):
            edges = [edge for span in spans for edge in (span.began, span.ended)]
            assert edges == sorted(edges)
            assert not edges or (period.began <= edges[0] and edges[-1] <= period.ended)
        moments = [reminder.at for reminder in period.reminders]
        assert moments == sorted(moments)
        assert all(period.began <= moment <= period.ended for moment in moments)


HOSTS = st.sampled_from([None, "anna", "bert"])


@settings(deadline=None, max_examples=150)
@given(histories(), st.data(), st.none() | st.floats(NOON, NOON + 1e7), HOSTS)
def test_parts_are_joined_to_the_same_review(
    lines: list[dict[str, Any]], data: st.DataObject, until: float | None, here: str | None
) -> None:
    """Parts that were reviewed apart and joined are the same as the whole, or cannot be joined."""
    for one in lines:
        one["host"] = data.draw(st.sampled_from(["anna", "anna", "anna", "bert"]))
        one["boot"] = data.draw(st.sampled_from(["1", "2", "3"]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), min_size=1, max_size=2)))
    slices = [lines[begin:end] for begin, end in pairwise([0, *cuts, len(lines)])]
    continued = [*(data.draw(HOSTS) for _ in cuts), None]
    parts = [review_part(read(one), until, here, host) for one, host in zip(slices, continued, strict=True)]
    assert join_parts(parts) in (None, review_events(read(lines), until, here))


def test_parts_of_different_boots_are_joined() -> None:
    """What is open in the first part was cut off, since the second one has a later boot; only that may stay open."""
    first = [PLUGGED, line(300, "checkpoint", STICK)]
    second = [
        line(900, "started") | {"boot": "2", "uptime": 10.0},
        line(950, "plugged_in", STICK) | {"boot": "2", "uptime": 60.0},
    ]
    until = NOON + 2000
    parts = [review_part(read(first), until, None, "anna"), review_part(read(second), until, None)]
    found = join_parts(parts)
    assert found == review_events(read([*first, *second]), until)
    assert found is not None
    assert [(one.end, round(one.plugged_for)) for one in found.periods] == [("cut", 300), ("open", 1050)]
    # A shorter period that began at the same time comes first, whichever part it is in.
    shorter = [one | {"boot": "0"} for one in (PLUGGED, line(200, "checkpoint", STICK))]
    apart = [
        review_part(read(one), None, None, continued) for one, continued in ((first, "anna"), (shorter, None))
    ]
    assert join_parts(apart) == review_events(read([*first, *shorter])) != Review()
    assert [round(one.plugged_for) for one in review_events(read([*first, *shorter])).periods] == [200, 300]
    assert join_parts([review_part(read(first)), parts[1]]) is None
    assert join_parts([parts[0], review_part(read([]))]) is None
    assert (
        join_parts([review_part(read(first[:1]), None, None, "anna"), review_part(read(first[1:]))]) is None
    )


def test_a_torn_line_changes_nothing_before_it() -> None:
    """A journal cut off in the middle of a line has the same review as without that line."""
    station = Station("station", Random(3), round(NOON * 1000) + DAY)  # noqa: S311 - a story, no secret
    for _ in range(2):
        station.day()
    text = "".join(one + "\n" for one in station.lines[:40]).encode()
    for cut in range(0, len(text), 7):
        whole = text[: text.rfind(b"\n", 0, cut) + 1]
        torn = decode(text[:cut], Counter())[0]
        left = decode(whole, Counter())[0]
        assert review_events(torn[: len(left)]) == review_events(left)
        assert len(torn) - len(left) <= 1
