"""The state of an earlier run is restored from the journal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unplugd.rules import reminder, restore
from unplugd.rules.devices import Device
from unplugd.rules.events import UseEnded, get_fields
from unplugd.rules.model import (
    Action,
    DeviceUse,
    Observation,
    PluggedPeriod,
    Policy,
    Record,
    Running,
    Show,
    State,
    Use,
)
from unplugd.rules.period import CHECKPOINT_SECONDS

STICK = Device("1-1", 0x0A21, 0x8001, address=4, name="CareLink USB")
METER = Device("1-2", 0x1A79, 0x6210, address=5, name="Contour Next Link 2.4")
BOOT = "b00t"
NOW = 1e9


def event(name: str, uptime: float, **fields: Any) -> dict[str, Any]:
    about = {"device": "1-1", "id": "0a21:8001", "name": "CareLink USB", "address": 4}
    return {"time": "", "event": name, "boot": BOOT, "uptime": uptime, **about, **fields}


def restore_period(*events: dict[str, Any]) -> PluggedPeriod:
    ((period, _),) = restore.find_open_periods(events, BOOT, NOW)
    return period


def test_a_plug_in_is_a_period() -> None:
    """It began at the time in the journal, on the clock of this boot."""
    period = restore_period(event("plugged_in", 50))
    assert (period.device, period.since, period.plugged_at, period.gone_at) == (STICK, 50, 50, None)


def test_another_boot_is_another_story() -> None:
    """Uptimes mean nothing after the next boot, and neither do the devices plugged in before it."""
    assert restore.find_open_periods([{**event("plugged_in", 50), "boot": "before"}], BOOT, NOW) == ()


def test_an_unplug_is_remembered_with_its_time() -> None:
    """A replug within seconds continues the period even across a restart."""
    gone = restore_period(
        event("plugged_in", 50), event("use_began", 60, program="p", evidence="e"), event("unplugged", 70)
    )
    assert (gone.gone_at, gone.use) == (70, None)
    again = restore_period(
        event("plugged_in", 50), event("unplugged", 70), event("plugged_in", 75, continued=True, address=9)
    )
    assert (again.since, again.plugged_at, again.gone_at, again.device.address) == (50, 75, None, 9)
    new = restore_period(event("plugged_in", 50), event("unplugged", 70), event("plugged_in", 95))
    assert (new.since, new.plugged_at) == (95, 95)


def test_a_use_in_progress_goes_on() -> None:
    """The use keeps its program, its evidence and its beginning."""
    period = restore_period(
        event("plugged_in", 50), event("use_began", 60, program="java", evidence="holds x")
    )
    assert period.use == Use("java", "holds x", began=60, seen_at=60)


def test_a_use_that_nobody_sees_after_a_restart_ends_with_what_the_journal_knows() -> None:
    """Nothing can be told after the restart: the use ended with the last event about the device."""
    used = [event("plugged_in", 50), event("use_began", 60, program="java", evidence="holds x")]
    checkpoint = event("checkpoint", 350, plugged_for=300, idle_for=10)
    found = restore.find_open_periods([*used, checkpoint], BOOT, 1000.0)
    state = restore.restore_state([period for period, _ in found], 1000.0)
    unknown = Observation((DeviceUse(STICK, "unknown"),))
    state, _ = reminder.step(state, unknown, 1000.0, Policy())
    assert state.present()[0].use
    state, actions = reminder.step(state, unknown, 1015.0, Policy())
    (ended,) = [
        action.event
        for action in actions
        if isinstance(action, Record) and isinstance(action.event, UseEnded)
    ]
    assert (ended.used_for, state.present()[0].last_use) == (290, 350)


def test_a_use_ended_when_it_was_last_seen() -> None:
    """The line is written later, when two polls in a row could not tell."""
    period = restore_period(
        event("plugged_in", 50),
        event("use_began", 60, program="java", evidence="e"),
        event("use_ended", 105, used_for=15),
    )
    assert (period.last_use, period.used_for) == (75, 15)


def test_used_time_is_summed() -> None:
    """Both uses of a period count, and the end of the second is the last use."""
    period = restore_period(
        event("plugged_in", 50),
        event("use_began", 60, program="java", evidence="e"),
        event("use_ended", 70, used_for=10),
        event("use_began", 80, program="java", evidence="e"),
        event("use_ended", 85, used_for=5),
    )
    assert (period.used_for, period.last_use, period.use) == (15, 85, None)
    assert period.seconds_idle(100) == 35


def test_reminders_are_not_counted_anew() -> None:
    """After a restart the next reminder comes at the same time as without it."""
    period = restore_period(
        event("plugged_in", 50), event("reminded", 350, count=2, devices=["1-1", "9-9"], due=["1-1"])
    )
    assert (period.reminders, period.reminded_at, period.shown) == (2, 350, True)
    # The count of a reminder for several is the largest among them: each goes on with its own.
    period = restore_period(event("plugged_in", 50), event("reminded", 350, count=4, devices=["1-1", "9-9"]))
    assert period.reminders == 1
    used = restore_period(
        event("plugged_in", 50),
        event("reminded", 350, count=2, devices=["1-1"]),
        event("reminder_ended", 360, outcome="in_use"),
        event("use_began", 360, program="java", evidence="e"),
    )
    assert (used.reminders, used.reminded_at, used.shown) == (0, None, False)


def test_the_word_of_a_person_who_uploads_holds_across_a_restart() -> None:
    """After "I am uploading", no reminder comes in the middle of the upload."""
    period = restore_period(
        event("plugged_in", 50),
        event("reminded", 350, count=1, devices=["1-1"], due=["1-1"]),
        event("reminder_ended", 360, outcome="in_use", held_for=1200),
    )
    assert period.held_until == 1560


def test_a_restart_does_not_take_what_expired_for_seen() -> None:
    """The next reminder is still urgent."""
    period = restore_period(
        event("plugged_in", 50),
        event("reminded", 350, count=1, devices=["1-1"], due=["1-1"]),
        event("reminder_ended", 360, outcome="expired"),
    )
    assert (period.shown, period.expired) == (False, True)


def test_after_a_restart_what_was_snoozed_in_the_list_was_seen() -> None:
    """The next reminder is not urgent for it."""
    period = restore_period(
        event("plugged_in", 50),
        event("reminded", 350, count=1, devices=["1-1"], due=["1-1"]),
        event("reminder_ended", 360, outcome="expired"),
        event("snoozed", 370, snoozed_for=900),
    )
    assert not period.expired


def test_a_restart_gives_somebody_unknown_no_more_time() -> None:
    """The twenty minutes of doubtful use are not restarted."""
    ((period, _),) = restore.find_open_periods(
        [
            event("plugged_in", 50),
            event("use_began", 100, program="unknown", evidence="claimed through usbfs", doubtful_since=100),
            event("use_ended", 1300, program="unknown", evidence="claimed through usbfs", used_for=1200),
        ],
        BOOT,
        1500.0,
    )
    state = restore.restore_state([period], 1500.0)
    claimed = DeviceUse(STICK, "in use", evidence="claimed through usbfs", doubtful=True)
    state, _ = reminder.step(state, Observation((claimed,)), 1500.0, Policy())
    assert state.present()[0].use is None


RUNS_AGAIN = Running("Tidepool Uploader", 1990.0, "tidepool-uploader")
HELD_BACK = event("held_back", 300, program="Tidepool Uploader", evidence="runs", running_since=40)


@pytest.mark.parametrize(
    "more", [[], [event("held_back_ended", 1250, program="Tidepool Uploader", how="over", held_for=950)]]
)
def test_a_restart_gives_a_program_that_starts_again_and_again_no_more_time(
    more: list[dict[str, Any]],
) -> None:
    """Its first start is known from the journal."""
    found = restore.find_open_periods([event("plugged_in", 50), HELD_BACK, *more], BOOT, 2000.0)
    state = restore.restore_state([period for period, _ in found], 2000.0)
    state, actions = reminder.step(state, Observation((DeviceUse(STICK),), RUNS_AGAIN), 2000.0, Policy())
    assert [action for action in actions if isinstance(action, Show)]


def test_after_a_rest_that_the_journal_knows_of_a_program_has_its_time_anew() -> None:
    """Who opened it before the restart, closed it, and opens it again, uploads."""
    ended = event("held_back_ended", 400, program="Tidepool Uploader", how="ended", held_for=100)
    found = restore.find_open_periods([event("plugged_in", 50), HELD_BACK, ended], BOOT, 2000.0)
    state = restore.restore_state([period for period, _ in found], 2000.0)
    state, _ = reminder.step(state, Observation((DeviceUse(STICK),), RUNS_AGAIN), 2000.0, Policy())
    assert reminder.due_at(state.present()[0], state, Policy()) == 1990.0 + 1200


@pytest.mark.parametrize(("moved_at", "still_for", "limit"), [(0.0, 1080, 1200), (None, 7080, 7200)])
def test_a_restart_gives_a_window_that_is_being_forgotten_no_more_time(
    moved_at: float | None, still_for: float, limit: float
) -> None:
    """It is forgotten as soon as it would have been without the restart, but for the time in which nobody watched."""
    found = restore.find_open_periods(
        [
            event("plugged_in", 50),
            event("use_began", 60, program="java", evidence="holds x"),
            event("checkpoint", 8000, plugged_for=7950, idle_for=10, still_for=still_for),
        ],
        BOOT,
        8500.0,
    )
    state = restore.restore_state([period for period, _ in found], 8500.0)
    holds = DeviceUse(STICK, "in use", "java", "holds x", moved_at=moved_at)
    state, _ = reminder.step(state, Observation((holds,)), 8500.0, Policy())
    forgotten_at = 8500.0 + limit - still_for
    assert reminder.next_deadline(state, Policy(), 8500.0) == forgotten_at
    state, actions = reminder.step(state, Observation((holds,)), forgotten_at, Policy())
    assert state.present()[0].use is None
    assert [action for action in actions if isinstance(action, Show)]


def test_data_that_move_after_a_restart_go_on_with_the_use() -> None:
    """An upload is not cut in two by a restart, nor disturbed after it."""
    found = restore.find_open_periods(
        [
            event("plugged_in", 50),
            event("use_began", 60, program="java", evidence="holds x"),
            event("checkpoint", 2000, plugged_for=1950, idle_for=10, still_for=1190),
        ],
        BOOT,
        2500.0,
    )
    state = restore.restore_state([period for period, _ in found], 2500.0)
    holds = DeviceUse(STICK, "in use", "java", "holds x", moved_at=0.0)
    state, _ = reminder.step(state, Observation((holds,)), 2500.0, Policy())
    state, actions = reminder.step(state, Observation((replace(holds, moved_at=2501.0),)), 2501.0, Policy())
    assert (actions, reminder.next_deadline(state, Policy(), 2501.0)) == ((), 2500.0 + CHECKPOINT_SECONDS)


@pytest.mark.parametrize("moved_at", [0.0, None])
def test_a_window_that_was_forgotten_stays_so(moved_at: float | None) -> None:
    """A restart is no use, whether data can be seen to move or not."""
    ended = {"used_for": 1300} if moved_at is None else {"used_for": 100, "still_for": 1200}
    found = restore.find_open_periods(
        [
            event("plugged_in", 50),
            event("use_began", 60, program="java", evidence="holds x"),
            event("use_ended", 1360, program="java", evidence="holds x", forgotten=True, **ended),
        ],
        BOOT,
        9000.0,
    )
    state = restore.restore_state([period for period, _ in found], 9000.0)
    assert state.present()[0].last_use == (1360 if moved_at is None else 160)
    holds = DeviceUse(STICK, "in use", "java", "holds x", moved_at=moved_at)
    state, actions = reminder.step(state, Observation((holds,)), 9000.0, Policy())
    assert state.present()[0].use is None
    assert [action for action in actions if isinstance(action, Show)]


def test_a_snooze_goes_on() -> None:
    """It ends at the same time as without the restart, and the used part of the limit stays used."""
    period = restore_period(event("plugged_in", 50), event("snoozed", 100, snoozed_for=900))
    assert (period.snoozed_at, period.snoozed_until) == (100, 1000)
    over = restore_period(
        event("plugged_in", 50),
        event("snoozed", 100, snoozed_for=900),
        event("snooze_ended", 400, snoozed_for=300),
    )
    assert (over.snoozed_until, over.snoozed_for) == (None, 300)


def test_nobody_is_warned_of_twice() -> None:
    """An unknown program that the person was warned of is not news after a restart."""
    period = restore_period(event("plugged_in", 50), event("stranger", 60, program="cat"))
    assert period.programs_seen == period.programs_shown == {"cat"}


def test_a_checkpoint_stands_for_a_beginning_that_was_not_read() -> None:
    """Only the end of the journal is read, even for a device plugged in for months."""
    period = restore_period(event("checkpoint", 10_000, plugged_for=9000, idle_for=8900))
    assert (period.since, period.plugged_at, period.used_for) == (1000, 1000, 100)
    assert period.seconds_idle(10_000) == pytest.approx(8900)


def test_events_about_nothing_known_are_passed_over() -> None:
    """The end of a use makes no period of a device that was never plugged in."""
    orphans = [
        event(name, 60, used_for=1, snoozed_for=1, program="p", evidence="e")
        for name in ("unplugged", "use_began", "use_ended", "snoozed", "stranger", "started", "nonsense")
    ]
    assert restore.find_open_periods(orphans, BOOT, NOW) == ()


def test_a_period_is_known_until_its_last_event() -> None:
    """Nothing is known after the last event of the earlier run."""
    events = [
        event("plugged_in", 50),
        event("checkpoint", 350, plugged_for=300, idle_for=300),
        {"time": "", "event": "reminded", "boot": BOOT, "uptime": 360, "count": 1, "devices": ["1-1"]},
        event("plugged_in", 400, device="1-2"),
    ]
    assert [
        (period.device.port, until) for period, until in restore.find_open_periods(events, BOOT, NOW)
    ] == [
        ("1-1", 360),
        ("1-2", 400),
    ]


# --- a journal from anywhere

WILD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.sampled_from(["1-1", "0a21:8001", "x", "", BOOT, 10**400, "\ud800"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(
    [
        "plugged_in",
        "unplugged",
        "use_began",
        "use_ended",
        "reminded",
        "reminder_ended",
        "snoozed",
        "snooze_ended",
        "held_back",
        "held_back_ended",
        "stranger",
        "checkpoint",
    ]
)
KEYS = [
    "uptime",
    "device",
    "id",
    "name",
    "address",
    "continued",
    "program",
    "evidence",
    "used_for",
    "plugged_for",
    "idle_for",
    "snoozed_for",
    "count",
    "devices",
    "running_since",
    "held_for",
    "still_for",
    "forgotten",
    "how",
]


@st.composite
def wild_events(draw: st.DrawFn) -> dict[str, Any]:
    good = event(
        draw(NAMES), draw(st.floats(0, 5000)), program="p", evidence="e", used_for=1.0, plugged_for=9.0, idle_for=8.0,
        snoozed_for=5.0, count=1, devices=["1-1"], running_since=1.0, held_for=1.0, how="over", still_for=1.0,
    )  # fmt: skip
    return {**good, **draw(st.dictionaries(st.sampled_from(KEYS), WILD, max_size=2))}


@given(st.lists(wild_events(), max_size=8))
@example([event("plugged_in", 1, id=5)])
@example([event("plugged_in", 10**400)])
@example([event("plugged_in", 1), event("reminded", 2, count=float("inf"), devices=["1-1"])])
@example([event("plugged_in", float("nan"))])
@example([event("plugged_in", 1), event("snoozed", 2, snoozed_for=float("inf"))])
@example([event("plugged_in", 1), event("reminded", 1e300, count=1, devices=["1-1"])])
@settings(deadline=None)
def test_no_journal_stops_the_start(events: list[dict[str, Any]]) -> None:
    """Whatever a journal holds, the rules can continue from it, and no reminder is silenced for ever."""
    now, policy = 6000.0, Policy()
    periods = [period for period, _ in restore.find_open_periods(events, BOOT, now)]
    state = restore.restore_state(periods, now)
    state, _ = reminder.step(state, Observation((DeviceUse(STICK),)), now, policy)
    deadline = reminder.next_deadline(state, policy, now)
    assert deadline is None or now - reminder.DELIVERY_TIMEOUT_SECONDS <= deadline <= now + CHECKPOINT_SECONDS
    for period in state.present():
        assert reminder.due_at(period, state, policy) <= now + 86_400


# --- what the rules write, history reads


@dataclass
class Run:
    """A run of the rules whose records go through JSON, as through the journal."""

    state: State = field(default_factory=State)
    now: float = 1000.0
    events: list[dict[str, Any]] = field(default_factory=list)

    def do(self, decided: tuple[State, tuple[Action, ...]]) -> None:
        self.state, actions = decided
        for action in actions:
            if isinstance(action, Record):
                device = action.device
                about = {"device": device.port, "id": device.id, "name": device.name} if device else {}
                head = {"event": action.name, "boot": BOOT, "uptime": round(self.now, 3)}
                self.events.append(json.loads(json.dumps({**head, **about, **get_fields(action.event)})))
            elif isinstance(action, Show):
                self.do(reminder.confirm_delivery(self.state, action.reminder.number, "desktop", self.now))


device_uses = st.lists(
    st.sampled_from([STICK, METER]).flatmap(
        lambda device: st.sampled_from(
            [
                DeviceUse(device),
                DeviceUse(device, "in use", "CareLink Uploader", "holds /dev/ttyUSB0", moved_at=0.0),
                DeviceUse(device, unknown_programs=("cat",)),
                DeviceUse(device, "unknown"),
            ]
        )
    ),
    max_size=2,
    unique_by=lambda use: use.device.port,
)
steps = st.tuples(
    st.integers(1, 1200), device_uses, st.sampled_from(["", "", "", "snooze", "dismiss", "program"])
)
REMEMBERED = (
    "device",
    "since",
    "plugged_at",
    "gone_at",
    "last_use",
    "snoozed_at",
    "snoozed_until",
    "programs_seen",
    "shown",
    "held_back",
)


@given(st.lists(steps, max_size=12))
@settings(deadline=None)
def test_a_restart_forgets_nothing_that_matters(story: list[tuple[int, list[DeviceUse], str]]) -> None:
    """At any moment of any history, the state restored from the journal equals the state of the rules."""
    policy = Policy()
    run = Run()
    running = None
    for seconds, seen, press in story:
        run.now += seconds
        if press == "program":
            running = None if running else Running("Tidepool Uploader", run.now)
        run.do(reminder.step(run.state, Observation(tuple(seen), running), run.now, policy))
        if press == "snooze":
            run.do(reminder.snooze(run.state, policy.snooze, run.now, policy))
        elif press == "dismiss":
            run.do(reminder.close(run.state, "dismissed"))
    read = {period.device.port: period for period, _ in restore.find_open_periods(run.events, BOOT, NOW)}
    for period in run.state.periods:
        back = read[period.device.port]
        # That the last poll could not tell is forgotten: after a restart, one more may.
        assert back.use == (period.use and replace(period.use, unknown_at=None))
        for name in REMEMBERED:
            assert getattr(back, name) == getattr(period, name), name
        # That a program closes a device that it does not use, or opens it, is not in the journal: the next poll sees it.
        mine = [event for event in run.events if event.get("device") == period.device.port]
        uses = [event for event in mine if event["event"] in ("use_began", "use_ended")]
        if period.is_forgotten and uses and uses[-1].get("forgotten"):
            assert back.is_forgotten
        assert back.used_for == pytest.approx(period.used_for, abs=0.01)
        assert back.snoozed_for == pytest.approx(period.snoozed_for, abs=0.01)
        assert (back.reminded_at is None) == (period.reminded_at is None)
        assert bool(back.reminders) == bool(period.reminders)
    assert {port for port, period in read.items() if period.gone_at is None} == {
        period.device.port for period in run.state.present()
    }
