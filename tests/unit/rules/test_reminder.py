"""The rules: an example for each, then properties that hold over whole histories."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unplugd.rules import reminder
from unplugd.rules.devices import Device
from unplugd.rules.events import (
    Away,
    Event,
    HeldBack,
    HeldBackEnd,
    HeldBackEnded,
    PluggedIn,
    Reminded,
    ReminderEnded,
    SnoozeEnded,
    Unplugged,
    UseEnded,
)
from unplugd.rules.model import DeviceUse, Observation, Policy, Record, Running, Show, State, Withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.rules.events import Absence
    from unplugd.rules.model import Action, Reminder

Kind = TypeVar("Kind", bound=Event)

STICK = Device("1-1", 0x0A21, 0x8001, address=4, name="CareLink USB")
METER = Device("1-2", 0x1A79, 0x6210, address=5, name="Contour Next Link 2.4")
POLICY = Policy()
LOOK = 15.0
MINUTE = 60.0

idle = DeviceUse(STICK)
uploading = DeviceUse(STICK, "in use", "CareLink Uploader", "holds /dev/ttyUSB0", moved_at=0.0)
traffic = DeviceUse(STICK, "in use", "", "transfers", doubtful=True)
unknown = DeviceUse(STICK, "unknown")


def runs(started: float | None) -> Running | None:
    """Return upload software that started then, None if none runs."""
    return None if started is None else Running("CareLink Uploader", started, "java")


@dataclass
class Person:
    """The loop around the rules, with a clock set by the test and a channel that delivers everything."""

    policy: Policy = POLICY
    state: State = field(default_factory=State)
    now: float = 1000.0
    records: list[Record] = field(default_factory=list)
    shown: list[tuple[float, Reminder]] = field(default_factory=list)
    on_screen: Reminder | None = None
    channel_works: bool = True
    away: Absence | None = None

    def do(self, decided: tuple[State, Sequence[Action]]) -> None:
        self.state, actions = decided
        for action in actions:
            if isinstance(action, Record):
                self.records.append(action)
            elif isinstance(action, Withdraw):
                self.on_screen = None
            elif self.channel_works:
                self.on_screen = action.reminder
                self.shown.append((self.now, action.reminder))
                self.do(reminder.confirm_delivery(self.state, action.reminder.number, "desktop", self.now))
            else:
                self.state = reminder.fail_delivery(self.state, action.reminder.number, self.now, self.policy)

    def look(self, *uses: DeviceUse, running: float | None = None, quiet: float | None = None) -> None:
        observation = Observation(uses, runs(running), quiet, self.away)
        self.do(reminder.step(self.state, observation, self.now, self.policy))

    def wait(
        self, seconds: float, *uses: DeviceUse, running: float | None = None, quiet: float | None = None
    ) -> None:
        """Let time pass as the loop does: a poll at each deadline and every 15 seconds."""
        end = self.now + seconds
        while self.now < end:
            deadline = reminder.next_deadline(self.state, self.policy, self.now)
            assert deadline is None or deadline > self.now, "a deadline that has passed would spin the loop"
            self.now = min(end, self.now + LOOK, deadline or end)
            self.look(*uses, running=running, quiet=quiet)

    def can_change_the_screen(self) -> bool:
        return self.channel_works and self.state.retry_at is None

    def events(self, *names: str) -> list[str]:
        return [record.name for record in self.records if not names or record.name in names]

    def last(self, kind: type[Kind]) -> Kind:
        return next(event for record in reversed(self.records) if isinstance(event := record.event, kind))

    def reminders(self) -> list[float]:
        return [when for when, shown in self.shown if shown.due]


def plugged_in(policy: Policy = POLICY) -> Person:
    person = Person(policy)
    person.look(idle)
    return person


def reminded() -> Person:
    person = plugged_in()
    person.wait(5 * MINUTE, idle)
    assert person.on_screen
    return person


# --- rule 1


def test_upload_software_that_uses_the_device_is_never_disturbed() -> None:
    """Hours of upload bring no reminder, also where it moves data every few minutes only."""
    person = plugged_in()
    for _ in range(60):
        person.wait(5 * MINUTE, replace(uploading, moved_at=person.now))
    assert person.reminders() == []
    assert person.events("use_began", "use_ended") == ["use_began"]


def test_a_forgotten_window_is_no_use() -> None:
    """Nothing has moved for twenty minutes: the use ended with the last data, and the reminder is due at once."""
    person = plugged_in()
    person.wait(MINUTE, replace(uploading, moved_at=1030.0))
    person.wait(60 * MINUTE, replace(uploading, moved_at=1050.0), running=900.0)
    assert person.reminders()[0] == 1050 + 20 * MINUTE
    ended = person.last(UseEnded)
    assert (ended.used_for, ended.forgotten, ended.still_for) == (1050 - 1015, True, 20 * MINUTE)
    assert person.state.present()[0].last_use == 1050
    assert not person.events("held_back")


def test_a_window_through_which_data_move_again_is_used_again() -> None:
    """The reminder goes away, and comes back twenty minutes after the last data."""
    person = plugged_in()
    person.wait(30 * MINUTE, uploading)
    assert person.on_screen
    moved_at = person.now
    person.look(replace(uploading, moved_at=moved_at))
    assert person.on_screen is None
    person.wait(60 * MINUTE, replace(uploading, moved_at=moved_at))
    assert person.reminders()[2] == moved_at + 20 * MINUTE
    assert person.events("use_began", "use_ended") == ["use_began", "use_ended"] * 2


def test_opening_the_device_again_and_again_is_no_use_either() -> None:
    """Data have to move, unless nobody had it open for as long as that."""
    person = plugged_in()
    for _ in range(120):
        person.wait(45, uploading)
        person.wait(15, idle)
    assert person.reminders()[0] <= 1000 + 20 * MINUTE + 2 * LOOK
    person.wait(21 * MINUTE, idle)
    person.look(uploading)
    assert person.state.present()[0].use
    assert person.on_screen is None


def test_where_data_cannot_be_seen_to_move_an_open_device_is_used_for_two_hours() -> None:
    """Opening it anew is all that can be seen of the next upload."""
    blind = replace(uploading, moved_at=None)
    person = plugged_in()
    person.wait(3 * 3600, blind, running=900.0)
    assert person.reminders()[0] == 1000 + LOOK + 2 * 3600
    assert person.last(UseEnded) == UseEnded(
        blind.program, blind.evidence, 2 * 3600.0, forgotten=True, still_for=None
    )
    person.look(idle)
    person.look(blind)
    assert person.on_screen is None


def test_no_limit_makes_every_use_a_forgotten_window() -> None:
    """Who wants no program that only runs to hold reminders back still wants none during an upload."""
    person = plugged_in(replace(POLICY, running_counts_for=0.0))
    for _ in range(60):
        person.wait(MINUTE, replace(uploading, moved_at=person.now))
    assert person.reminders() == []


def test_an_upload_that_begins_takes_the_reminder_away() -> None:
    """Nothing is on the screen during an upload."""
    person = reminded()
    person.look(uploading)
    assert person.on_screen is None
    assert person.last(ReminderEnded) == ReminderEnded("in_use")


# --- rule 2


def test_the_first_reminder_comes_five_minutes_after_plug_in() -> None:
    """To the second, whenever the polls are."""
    person = plugged_in()
    person.wait(299.999, idle)
    assert person.reminders() == []
    person.wait(1, idle)
    assert person.reminders() == [1300.0]


def test_after_an_upload_the_reminder_comes_two_minutes_after_its_end() -> None:
    """However long the upload was, and whatever reminders came before."""
    person = reminded()
    person.wait(10 * MINUTE, uploading)
    person.look(idle)
    ended = person.now
    person.wait(10 * MINUTE, idle)
    assert person.reminders()[1] == ended + 120
    assert person.last(Reminded).count_ == 2


# --- rule 3


def test_an_uploader_that_runs_holds_the_reminder_back_for_twenty_minutes() -> None:
    """Counted from its start, and not for ever: a forgotten window must not silence the reminder."""
    person = plugged_in()
    started = person.now + 60
    person.wait(60, idle)
    person.wait(40 * MINUTE, idle, running=started)
    assert person.reminders()[0] == started + 20 * MINUTE


def test_an_uploader_that_was_forgotten_yesterday_holds_back_from_plug_in_only() -> None:
    """The latest of plug-in, program start and last use counts."""
    person = Person()
    person.look(idle, running=-90000.0)
    person.wait(40 * MINUTE, idle, running=-90000.0)
    assert person.reminders()[0] == 1000 + 20 * MINUTE


@pytest.mark.parametrize("rest", [0.0, 3 * MINUTE, 19 * MINUTE])
def test_an_uploader_that_starts_again_and_again_holds_back_as_if_it_had_started_once(rest: float) -> None:
    """However short it runs, and however long it rests, if only it rests for less than twenty minutes."""
    person = plugged_in()
    for _ in range(20):
        person.wait(4 * MINUTE, idle, running=person.now)
        person.wait(rest, idle)
    assert person.reminders()[0] <= 1000 + 20 * MINUTE
    gaps = [b - a for a, b in zip(person.reminders(), person.reminders()[1:], strict=False)]
    assert max(gaps) <= 30 * MINUTE


def test_an_uploader_that_is_opened_anew_an_hour_later_has_its_twenty_minutes() -> None:
    """A person comes back to the computer, and the reminder that was next due waits."""
    person = plugged_in()
    person.wait(10 * MINUTE, idle, running=person.now)
    person.wait(52 * MINUTE, idle)
    before, started = len(person.reminders()), person.now
    person.wait(60 * MINUTE, idle, running=started)
    assert person.reminders()[before] == started + 20 * MINUTE


def test_what_holds_a_reminder_back_is_in_the_journal() -> None:
    """From when the reminder was due until it comes."""
    person = plugged_in()
    started = person.now - 60
    person.wait(40 * MINUTE, idle, running=started)
    began, ended = person.last(HeldBack), person.last(HeldBackEnded)
    assert began == HeldBack("CareLink Uploader", "runs as java", started)
    assert ended == HeldBackEnded("CareLink Uploader", "over", 15 * MINUTE)
    assert person.events("held_back", "held_back_ended", "reminded")[:3] == [
        "held_back",
        "held_back_ended",
        "reminded",
    ]


@pytest.mark.parametrize("how", ["ended", "in_use", "snoozed", "unplugged"])
def test_why_a_reminder_is_no_longer_held_back_is_in_the_journal(how: HeldBackEnd) -> None:
    """The program ended, or there is another reason for no reminder."""
    person = plugged_in()
    person.wait(7 * MINUTE, idle, running=1000.0)
    if how == "snoozed":
        person.do(reminder.snooze(person.state, POLICY.snooze, person.now, POLICY))
    elif how == "in_use":
        person.look(uploading, running=1000.0)
    else:
        person.look(*([idle] if how == "ended" else []))
    assert person.last(HeldBackEnded) == HeldBackEnded("CareLink Uploader", how, 2 * MINUTE)
    assert person.events("held_back_ended") == ["held_back_ended"]


def test_a_program_holds_nothing_back_for_longer_than_its_time_while_the_computer_sleeps() -> None:
    """The journal says how long it did."""
    person = plugged_in()
    person.wait(7 * MINUTE, idle, running=1000.0)
    person.now += 8 * 3600
    person.look(idle, running=1000.0)
    assert person.last(HeldBackEnded) == HeldBackEnded("CareLink Uploader", "over", 15 * MINUTE)
    assert person.on_screen


def test_a_program_that_runs_before_the_reminder_is_due_holds_nothing_back() -> None:
    """Nobody is accused."""
    person = plugged_in()
    person.wait(4 * MINUTE, idle, running=1000.0)
    person.wait(10 * MINUTE, idle)
    assert not person.events("held_back")


def test_an_uploader_that_ends_without_a_use_no_longer_holds_back() -> None:
    """The reminder that was due comes with the next poll."""
    person = plugged_in()
    person.wait(10 * MINUTE, idle, running=1000.0)
    assert person.reminders() == []
    person.wait(LOOK, idle)
    assert len(person.reminders()) == 1


# --- rule 4


def test_reminders_come_again_after_5_10_15_and_then_every_30_minutes() -> None:
    """From the second on they are urgent: do not disturb and full screen hide the others."""
    person = plugged_in()
    person.wait(3 * 3600, idle)
    gaps = [b - a for a, b in zip(person.reminders(), person.reminders()[1:], strict=False)]
    assert [gap / MINUTE for gap in gaps] == pytest.approx([5, 10, 15, 30, 30, 30, 30])
    urgencies = [r.event.urgency for r in person.records if isinstance(r.event, Reminded)]
    assert urgencies == ["normal"] + ["critical"] * 7


# --- rule 5


def test_two_devices_share_one_notification_that_shrinks_as_they_go() -> None:
    """When one is unplugged, the notification is updated to the other without a new reminder."""
    person = Person()
    both = (idle, DeviceUse(METER))
    person.look(*both)
    person.wait(5 * MINUTE, *both)
    assert person.on_screen
    assert person.on_screen.ports == {"1-1", "1-2"}
    person.look(DeviceUse(METER))
    assert person.on_screen.ports == {"1-2"}
    assert len(person.reminders()) == 1
    assert [r.device for r in person.records if r.name == "reminder_ended"] == [STICK]


def test_a_device_that_is_used_is_left_out_of_the_others_reminder() -> None:
    """Nobody is asked to unplug a device during its upload."""
    person = Person()
    person.look(uploading, DeviceUse(METER))
    person.wait(5 * MINUTE, uploading, DeviceUse(METER))
    assert person.on_screen
    assert person.on_screen.ports == {"1-2"}


def test_unplugging_withdraws_the_reminder() -> None:
    """At the first poll that no longer sees the device."""
    person = reminded()
    person.look()
    assert person.on_screen is None
    assert person.events("reminder_ended", "unplugged") == ["reminder_ended", "unplugged"]
    assert person.last(ReminderEnded) == ReminderEnded("unplugged")


# --- rule 6


def test_a_snooze_silences_for_its_time_and_ends_by_itself() -> None:
    """The reminder that was due comes when the snooze is over."""
    person = reminded()
    person.do(reminder.snooze(person.state, POLICY.snooze, person.now, POLICY))
    assert person.on_screen is None
    person.wait(15 * MINUTE, idle)
    assert person.reminders() == [1300.0, 1300.0 + 15 * MINUTE]
    assert person.last(SnoozeEnded).snoozed_for == 15 * MINUTE


def test_a_snooze_takes_the_place_of_the_pause_before_the_next_reminder() -> None:
    """A snooze of fifteen minutes lasts fifteen minutes, even if the next reminder was half an hour away."""
    person = plugged_in()
    person.wait(60 * MINUTE, idle)
    snoozed_at = person.now
    person.do(reminder.snooze(person.state, POLICY.snooze, person.now, POLICY))
    person.wait(15 * MINUTE, idle)
    assert person.reminders()[-1] == snoozed_at + 15 * MINUTE


def test_snoozes_of_one_plug_in_add_up_to_an_hour_at_most() -> None:
    """A fifth snooze of fifteen minutes is refused, and reminders continue."""
    person = reminded()
    for _ in range(6):
        person.do(reminder.snooze(person.state, POLICY.snooze, person.now, POLICY))
        person.wait(15 * MINUTE, idle)
    assert len(person.events("snoozed")) == 4
    ended = [r.event for r in person.records if isinstance(r.event, SnoozeEnded)]
    assert sum(event.snoozed_for for event in ended) == 3600


def test_a_cancelled_snooze_brings_the_reminder_back_at_once() -> None:
    """The time left of the snooze can be used again."""
    person = reminded()
    person.do(reminder.snooze(person.state, 3600, person.now, POLICY))
    person.wait(10 * MINUTE, idle)
    person.do(reminder.cancel_snooze(person.state, person.now, POLICY))
    assert person.on_screen
    assert person.state.present()[0].snooze_left(person.now, POLICY) == 50 * MINUTE


def test_the_word_of_a_person_who_uploads_holds_back_for_twenty_minutes() -> None:
    """The button counts like running upload software."""
    person = reminded()
    person.do(reminder.hold_back(person.state, person.now, POLICY))
    assert person.on_screen is None
    person.wait(60 * MINUTE, idle)
    assert person.reminders()[1] == 1300 + 20 * MINUTE


# --- rule 7


def test_a_reminder_that_no_channel_took_is_tried_again() -> None:
    """A reminder counts only once a channel has delivered it."""
    person = plugged_in()
    person.channel_works = False
    person.wait(20 * MINUTE, idle)
    assert person.events("reminded") == []
    person.channel_works = True
    person.wait(LOOK, idle)
    assert person.last(Reminded).count_ == 1


def test_a_channel_that_never_answers_does_not_silence() -> None:
    """A delivery without an answer counts as failed after a minute."""
    person = plugged_in()
    person.now += 300
    person.state, actions = reminder.step(person.state, Observation((idle,)), person.now, POLICY)
    assert [type(action) for action in actions if not isinstance(action, Record)] == [Show]
    person.wait(reminder.DELIVERY_TIMEOUT_SECONDS + POLICY.retry, idle)
    assert len(person.reminders()) == 1


def test_a_notification_lost_with_its_server_comes_back_and_is_not_counted_twice() -> None:
    """It is shown again as the same reminder."""
    person = reminded()
    person.on_screen = None
    person.state = reminder.forget_shown(person.state)
    person.look(idle)
    assert person.on_screen
    assert not person.shown[-1][1].fresh
    assert len(person.events("reminded")) == 1


def test_an_answer_that_comes_after_the_reminder_changed_is_not_taken_for_the_new_one() -> None:
    """Late answers are recognized by their number."""
    person = plugged_in()
    person.now += 300
    person.state, _ = reminder.step(person.state, Observation((idle,)), person.now, POLICY)
    old = person.state.reminder
    assert old
    person.look(uploading)
    state, actions = reminder.confirm_delivery(person.state, old.number, "desktop", person.now)
    assert (state, actions) == (person.state, ())


# --- rule 8


def test_unknown_use_does_not_silence() -> None:
    """Where use cannot be seen, reminders come as if nothing used the device."""
    person = Person()
    person.look(unknown)
    person.wait(5 * MINUTE, unknown)
    assert person.reminders() == [1300.0]


def used() -> Person:
    """Return somebody who has been uploading for ten minutes."""
    person = plugged_in()
    person.wait(10 * MINUTE, replace(uploading, moved_at=person.now))
    return person


def test_one_unknown_look_between_two_that_saw_a_use_does_not_end_it() -> None:
    """However often that happens, the upload is one use, and nothing disturbs it."""
    person = used()
    for _ in range(10):
        person.wait(LOOK, unknown)
        person.wait(LOOK, replace(uploading, moved_at=person.now))
    assert person.events("use_began", "use_ended", "reminded") == ["use_began"]


@pytest.mark.parametrize("then", [unknown, idle])
def test_a_use_that_is_not_seen_again_ended_when_it_was_last_seen(then: DeviceUse) -> None:
    """Two looks that cannot tell, or one and an idle device: the reminder comes two minutes after the last that saw it."""
    person = used()
    seen_at = person.now
    person.wait(LOOK, unknown)
    person.wait(10 * MINUTE, then)
    assert person.last(UseEnded).used_for == seen_at - 1000 - LOOK
    assert person.reminders()[0] == seen_at + POLICY.after_use


def test_a_forgotten_window_is_not_kept_by_a_look_that_cannot_tell() -> None:
    """What counts as a use for a limited time counts no longer if nobody can tell whether it goes on."""
    person = plugged_in()
    person.wait(20 * MINUTE, uploading)
    deadline = reminder.next_deadline(person.state, POLICY, person.now)
    assert deadline == 1000 + LOOK + 20 * MINUTE
    person.wait(LOOK, unknown)
    assert person.events("use_began", "use_ended") == ["use_began", "use_ended"]


def test_a_list_of_devices_says_nothing_about_their_use() -> None:
    """Another device that comes or goes repeats what the last poll saw: that is no second look."""
    person = used()
    person.wait(LOOK, unknown)
    seen = Observation((unknown,), is_rescan=True)
    for _ in range(3):
        person.now += 1
        person.do(reminder.step(person.state, seen, person.now, POLICY))
    person.wait(LOOK, replace(uploading, moved_at=person.now))
    assert person.events("use_began", "use_ended") == ["use_began"]


def test_traffic_by_nobody_known_counts_for_twenty_minutes() -> None:
    """Then the reminder comes although the traffic continues."""
    person = plugged_in()
    person.wait(60 * MINUTE, traffic)
    assert person.reminders()[0] == pytest.approx(1000 + LOOK + 20 * MINUTE + 120, abs=LOOK)


def test_a_program_that_asks_the_device_every_minute_cannot_silence_for_ever() -> None:
    """A short rest does not restart the twenty minutes."""
    person = plugged_in()
    for _ in range(60):
        person.wait(LOOK, traffic)
        person.wait(45, idle)
    assert person.reminders()


def test_after_a_long_rest_traffic_counts_again() -> None:
    """The next upload of an unidentified program is not disturbed."""
    person = plugged_in()
    person.wait(MINUTE, traffic)
    person.wait(60 * MINUTE, idle)
    before = len(person.reminders())
    person.wait(10 * MINUTE, traffic)
    assert len(person.reminders()) == before
    assert person.on_screen is None


# --- rule 9

held = replace(idle, unknown_programs=("hexdump",))


def test_an_unknown_program_is_warned_of_once_and_holds_nothing_back() -> None:
    """One warning for each program and plug-in."""
    person = plugged_in()
    person.look(held)
    assert person.on_screen
    assert person.on_screen.unknown_programs == (("hexdump", STICK),)
    assert person.on_screen.devices == ()
    person.wait(60, idle)
    assert person.on_screen is None
    person.wait(300, held)
    assert person.events("stranger") == ["stranger"]
    assert person.reminders() == [1300.0]


def test_a_warning_and_a_reminder_are_one_notification() -> None:
    """Never two at once."""
    person = plugged_in()
    person.wait(5 * MINUTE, held)
    assert person.on_screen
    assert person.on_screen.ports == {"1-1"}
    assert person.on_screen.unknown_programs == (("hexdump", STICK),)


def test_a_warning_that_was_closed_does_not_come_back() -> None:
    """Dismissed is dismissed."""
    person = plugged_in()
    person.look(held)
    person.do(reminder.close(person.state, "dismissed"))
    person.on_screen = None
    person.wait(4 * MINUTE, held)
    assert person.on_screen is None
    # `unplugd status` still tells of the program.
    assert person.state.periods[0].unknown_programs == ("hexdump",)


def test_a_warning_that_had_to_wait_is_not_closed_with_the_reminder() -> None:
    """What was found in quiet hours has not been on the screen: the warning comes when they end."""
    person = reminded()
    person.look(held, quiet=person.now + 60)
    person.do(reminder.close(person.state, "dismissed"))
    person.on_screen = None
    person.wait(60, held, quiet=person.now + 60)
    person.look(held)
    assert person.on_screen
    assert person.on_screen.unknown_programs == (("hexdump", STICK),)


def test_a_program_that_the_person_says_uploads_is_not_warned_of_again() -> None:
    """The reminder was answered: an upload goes on. If adding the program fails, the next one comes in its time."""
    person = reminded()
    person.look(held)
    person.do(reminder.accept_program(person.state, "hexdump", person.now, POLICY))
    assert person.on_screen is None
    assert person.last(ReminderEnded).outcome == "in_use"
    person.wait(4 * MINUTE, held)
    assert person.on_screen is None
    person.wait(MINUTE, held)
    assert person.shown[-1][1].unknown_programs == ()
    assert len(person.reminders()) == 2


# --- what the desktop closes by itself


def expired(policy: Policy = POLICY) -> Person:
    """Return somebody whose first reminder the desktop has moved to its list of notifications."""
    person = plugged_in(policy)
    person.wait(5 * MINUTE, idle)
    person.do(reminder.close(person.state, "expired"))
    return person


def test_after_a_reminder_that_expired_the_next_one_is_urgent() -> None:
    """Perhaps nobody saw it. The ones after it are as urgent as their number makes them."""
    person = expired(replace(POLICY, critical_after=9))
    person.wait(15 * MINUTE, idle)
    assert [shown.critical for _, shown in person.shown] == [False, True, False]


def test_what_was_answered_in_the_list_was_seen() -> None:
    """The next reminder is not urgent for it, whichever button it was; the warning about a program leaves the list."""
    policy = replace(POLICY, critical_after=9)
    for press in ("snooze", "uploading", "add"):
        person = plugged_in(policy)
        person.wait(5 * MINUTE, held)
        person.do(reminder.close(person.state, "expired"))
        if press == "snooze":
            person.do(reminder.snooze(person.state, 15 * MINUTE, person.now, policy))
        elif press == "uploading":
            person.do(reminder.hold_back(person.state, person.now, policy))
        else:
            person.do(reminder.accept_program(person.state, "hexdump", person.now, policy))
        assert person.on_screen is None
        person.wait(21 * MINUTE, held)
        assert not any(shown.critical for _, shown in person.shown)
        assert len(person.reminders()) > 1


def test_what_expired_stays_in_the_list_while_it_is_true() -> None:
    """It goes with the device, or when an upload begins."""
    for after in ((), (uploading,)):
        person = expired()
        person.wait(4 * MINUTE, idle)
        assert person.on_screen
        person.look(*after)
        assert person.on_screen is None


def test_what_expired_can_be_answered_in_the_list() -> None:
    """Both buttons do there what they do on the screen."""
    person = expired()
    ports = reminder.find_announced_ports(person.state)
    person.do(reminder.snooze(person.state, 15 * MINUTE, person.now, POLICY, ports))
    assert person.on_screen is None
    assert person.events("snoozed") == ["snoozed"]
    person = expired()
    person.do(reminder.hold_back(person.state, person.now, POLICY))
    assert person.on_screen is None
    person.wait(19 * MINUTE, idle)
    assert len(person.reminders()) == 1


# --- rule 10


def test_a_replug_within_ten_seconds_goes_on_with_the_same_period() -> None:
    """Replugging a hanging stick does not restart the five minutes."""
    person = plugged_in()
    person.wait(4 * MINUTE, idle)
    person.look()
    person.now += 9.9
    person.look(idle)
    person.wait(60, idle)
    assert person.reminders() == [1300.0]
    assert person.last(PluggedIn).continued is True


def test_a_replug_after_ten_seconds_begins_anew() -> None:
    """It counts as a new plug-in."""
    person = plugged_in()
    person.wait(4 * MINUTE, idle)
    person.look()
    person.now += 10
    person.look(idle)
    assert person.last(PluggedIn).continued is None
    person.wait(4 * MINUTE, idle)
    assert person.reminders() == []


def test_a_replug_between_two_looks_is_noticed_by_the_new_address() -> None:
    """The kernel gives a device a new address each time."""
    person = plugged_in()
    person.now += 5
    person.look(replace(idle, device=replace(STICK, address=9)))
    assert person.events() == ["plugged_in", "unplugged", "plugged_in"]


def test_a_replug_does_not_end_a_snooze() -> None:
    """A snooze survives the replug of a hanging stick; without a replug it ends in the journal."""
    person = reminded()
    person.do(reminder.snooze(person.state, POLICY.snooze, person.now, POLICY))
    person.now += 10
    person.look()
    person.now += 3
    person.look(idle)
    person.wait(14 * MINUTE, idle)
    assert len(person.reminders()) == 1
    person.look()
    person.wait(11, *())
    assert person.events("snoozed", "snooze_ended") == ["snoozed", "snooze_ended"]


def test_another_device_on_the_same_port_is_another_period() -> None:
    """The first counts as unplugged even if no poll saw the port empty."""
    person = plugged_in()
    person.now += 5
    person.look(DeviceUse(replace(METER, port="1-1")))
    assert person.events() == ["plugged_in", "unplugged", "plugged_in"]
    assert person.state.present()[0].since == person.now


# --- rule 11


def test_quiet_hours_hold_the_reminder_and_bring_it_when_they_end() -> None:
    """The journal is written all the while."""
    person = plugged_in()
    person.wait(2 * 3600, idle, quiet=8200.0)
    assert person.reminders() == [8200.0]
    assert "checkpoint" in person.events()


# --- rule 12


def test_sleep_counts() -> None:
    """The reminder for a device left in overnight comes at the first poll after the resume."""
    person = plugged_in()
    person.now += 8 * 3600
    person.look(idle)
    assert person.reminders() == [person.now]


# --- rule 13


def test_a_locked_screen_holds_the_reminder_and_unlocking_brings_it() -> None:
    """As the first: nobody saw those that were due meanwhile."""
    person = plugged_in()
    person.away = "locked"
    person.wait(2 * 3600, idle)
    assert person.reminders() == []
    person.away = None
    person.look(idle)
    assert person.reminders() == [person.now]
    assert person.last(Reminded).count_ == 1
    assert person.events("away", "back", "reminded") == ["away", "back", "reminded"]
    assert person.last(Away).why == "locked"


def test_what_is_shown_stays_on_a_locked_screen_and_is_not_counted_on() -> None:
    """The person will see it after unlocking, and then the next one is due."""
    person = reminded()
    shown = person.on_screen
    person.away = "locked"
    person.wait(2 * 3600, idle)
    assert person.on_screen == shown
    assert len(person.reminders()) == 1
    person.away = None
    person.look(idle)
    assert len(person.reminders()) == 2
    assert person.last(Reminded).count_ == 2


def test_another_persons_screen_shows_no_reminder() -> None:
    """It is withdrawn, and comes back with the person, uncounted; the next is due as long after it as ever."""
    person = reminded()
    first = person.now
    person.away = "inactive"
    person.look(idle)
    assert person.on_screen is None
    person.wait(60, idle)
    person.away = None
    person.look(idle)
    assert person.on_screen is not None
    assert person.reminders() == [first]
    person.wait(POLICY.repeat[0] - 60, idle)
    assert person.reminders() == [first, first + POLICY.repeat[0]]
    assert person.events("reminder_ended") == []


def test_a_reminder_under_way_when_the_person_leaves_is_not_counted() -> None:
    """Another person would have seen it."""
    person = plugged_in()
    person.now += POLICY.after_plug_in
    person.state, actions = reminder.step(person.state, Observation((idle,)), person.now, POLICY)
    sent = next(action.reminder for action in actions if isinstance(action, Show))
    person.away = "inactive"
    person.look(idle)
    person.do(reminder.confirm_delivery(person.state, sent.number, "desktop", person.now))
    assert person.events("reminded") == []
    person.away = None
    person.look(idle)
    assert person.last(Reminded).count_ == 1


def test_nobody_is_away_from_a_computer_without_a_device() -> None:
    """When the screen is locked is written down only while a device is plugged in."""
    person = Person(away="locked")
    person.look()
    assert person.records == []
    person.look(idle)
    assert person.events() == ["plugged_in", "away"]
    person.away = "inactive"
    person.look(idle)
    assert person.last(Away).why == "inactive"
    person.look()
    person.away = None
    person.look()
    assert person.events() == ["plugged_in", "away", "away", "unplugged"]
    person.look(idle)
    assert person.events()[4:] == ["plugged_in"]


def test_a_use_begins_and_ends_whether_somebody_is_in_front_or_not() -> None:
    """An upload goes on behind a locked screen."""
    person = plugged_in()
    person.away = "locked"
    person.look(uploading)
    person.wait(60, idle)
    assert person.events("use_began", "use_ended") == ["use_began", "use_ended"]


# --- what the journal says


def test_used_and_unused_time_add_up_to_the_time_plugged_in() -> None:
    """To the millisecond."""
    person = plugged_in()
    person.wait(100, idle)
    person.look(uploading)
    person.wait(250, uploading)
    person.look(idle)
    person.wait(50, idle)
    person.look()
    assert person.last(Unplugged) == Unplugged(plugged_for=400.0, idle_for=150.0)
    assert person.last(UseEnded).used_for == 250.0


def test_there_is_a_checkpoint_every_five_minutes() -> None:
    """A crash therefore leaves a known end."""
    person = plugged_in()
    person.wait(3600, idle)
    assert len(person.events("checkpoint")) == 12


def test_nothing_plugged_in_asks_for_no_wake_up() -> None:
    """There are no wake-ups while there is nothing to watch."""
    person = reminded()
    person.look()
    assert reminder.next_deadline(person.state, POLICY, person.now) is None


# --- whole histories

USES = (
    None,
    DeviceUse(STICK),
    uploading,
    traffic,
    held,
    unknown,
    replace(uploading, moved_at=None),
    DeviceUse(STICK, "in use", "VirtualBoxVM", "claimed", doubtful=True),
)

AWAY: dict[str, Absence | None] = {"locked": "locked", "inactive": "inactive", "back": None}


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, float, int]]:
    """Sequences of (what happens, how long it lasts, on which of two ports)."""
    what = st.sampled_from([*(f"see {n}" for n in range(len(USES))), "snooze", "cancel", "dismiss", "button",
                            "program", "channel", "lost", "replug", *AWAY])  # fmt: skip
    length = st.one_of(st.floats(0, 30), st.floats(0, 4000), st.sampled_from([10.0, 120.0, 300.0, 1200.0]))
    return draw(st.lists(st.tuples(what, length, st.integers(0, 1)), max_size=25))


class History(Person):
    """Plays a history and checks the invariants at every moment."""

    ports = (STICK, METER)

    def play(self, history: list[tuple[str, float, int]]) -> Iterator[None]:
        self.world: list[DeviceUse | None] = [None, None]
        self.running: float | None = None
        for what, length, port in history:
            word, _, number = what.partition(" ")
            if word == "see":
                seen = USES[int(number)]
                self.world[port] = replace(seen, device=self.ports[port]) if seen else None
            elif word == "replug" and (present := self.world[port]):
                address = present.device.address + 1
                self.world[port] = replace(present, device=replace(present.device, address=address))
            elif word == "program":
                self.running = None if self.running else self.now - length
            elif word == "channel":
                self.channel_works = not self.channel_works
            elif word in AWAY:
                self.away = AWAY[word]
            elif word == "lost":
                self.on_screen = None
                self.state = reminder.forget_shown(self.state)
            elif word == "snooze":
                self.do(reminder.snooze(self.state, length, self.now, self.policy))
            elif word == "cancel":
                self.do(reminder.cancel_snooze(self.state, self.now, self.policy))
            elif word == "dismiss" and self.on_screen:
                self.on_screen = None
                self.do(reminder.close(self.state, "dismissed"))
            elif word == "button" and self.on_screen and self.on_screen.devices:
                self.do(reminder.hold_back(self.state, self.now, self.policy))
            end = self.now + length
            while True:
                self.look(*self.seen(), running=self.running)
                yield
                deadline = reminder.next_deadline(self.state, self.policy, self.now)
                assert deadline is None or deadline > self.now
                if self.now >= end:
                    break
                self.now = min(end, self.now + 120, deadline or end)

    def seen(self) -> list[DeviceUse]:
        return [use for use in self.world if use]


def played(history: list[tuple[str, float, int]]) -> Iterator[History]:
    person = History()
    for _ in person.play(history):
        yield person


@settings(deadline=None)
@given(histories())
@example(
    [("see 1", 0.0, 1), ("see 1", 300.0, 0), ("channel", 0.0, 0), ("see 2", 0.0, 0), ("channel", 30.0, 0)]
)
def test_never_a_reminder_for_a_device_that_upload_software_uses(
    history: list[tuple[str, float, int]],
) -> None:
    """At no moment of any history, unless the channel cannot change what it shows."""
    for person in played(history):
        if not person.can_change_the_screen():
            continue
        holds = {period.device.port: period.hold for period in person.state.present()}
        used = {
            seen.device.port
            for seen in person.seen()
            if seen.verdict == "in use"
            and not seen.doubtful
            and (hold := holds[seen.device.port])
            and person.now < hold.moved_at + POLICY.running_counts_for
        }
        assert not person.on_screen or not person.on_screen.ports & used


@settings(deadline=None)
@given(histories())
def test_a_reminder_never_outlives_its_device(history: list[tuple[str, float, int]]) -> None:
    """A device that is unplugged is not on the screen, once the channel can change it."""
    for person in played(history):
        if not person.can_change_the_screen():
            continue
        present = {use.device.port for use in person.seen()}
        assert not person.on_screen or person.on_screen.ports <= present


@settings(deadline=None)
@given(histories())
def test_an_idle_device_is_reminded_of_within_its_grace(history: list[tuple[str, float, int]]) -> None:
    """With a working channel and no request for quiet, the first reminder is never late."""
    for person in played(history):
        if not person.channel_works or person.state.retry_at or person.running or person.away:
            continue
        for period in person.state.present():
            asked_for_quiet = period.snoozed_until or period.held_until or period.snoozed_for
            grace = POLICY.after_plug_in if period.last_use is None else POLICY.after_use
            overdue = person.now - period.idle_since > grace
            if overdue and not period.use and not asked_for_quiet:
                assert period.reminders >= 1


@settings(deadline=None)
@given(histories())
def test_nobody_is_reminded_who_is_not_in_front(history: list[tuple[str, float, int]]) -> None:
    """Another person's screen shows nothing, and what is shown to nobody is not counted."""
    counted = 0
    for person in played(history):
        if person.away == "inactive" and person.can_change_the_screen():
            assert person.on_screen is None
        if person.away:
            assert len(person.reminders()) == counted
        counted = len(person.reminders())


@settings(deadline=None)
@given(histories())
def test_every_snooze_ends_within_its_limit(history: list[tuple[str, float, int]]) -> None:
    """All snoozes of one period together stay within the limit."""
    for person in played(history):
        for period in person.state.present():
            assert period.snoozed_for <= POLICY.snooze_limit + 0.001
            if period.snoozed_until is not None and period.snoozed_at is not None:
                assert person.now < period.snoozed_until
                assert (
                    period.snoozed_for + period.snoozed_until - period.snoozed_at
                    <= POLICY.snooze_limit + 0.001
                )


@settings(deadline=None)
@given(histories())
def test_times_add_up_in_every_history(history: list[tuple[str, float, int]]) -> None:
    """For each plug-in, the journal's used and idle times add up to the time plugged in."""
    person = History()
    for _ in person.play([*history, ("see 0", 0, 0), ("see 0", 20, 1)]):
        pass
    used: dict[str, float] = {}
    for record in person.records:
        port = record.device.port if record.device else ""
        event = record.event
        if isinstance(event, UseEnded):
            used[port] = used.get(port, 0.0) + event.used_for
        elif isinstance(event, Unplugged):
            assert used.pop(port, 0.0) + event.idle_for == pytest.approx(event.plugged_for, abs=0.01)
            assert 0 <= event.idle_for <= event.plugged_for


PAIRS = {
    "plugged_in": "unplugged",
    "use_began": "use_ended",
    "snoozed": "snooze_ended",
    "held_back": "held_back_ended",
}


@settings(deadline=None)
@given(histories())
@example([("see 4", 0.0, 1), ("see 0", 300.0, 0), ("replug", 0.0, 1)])
def test_what_begins_in_the_journal_ends_there_once(history: list[tuple[str, float, int]]) -> None:
    """Plug-ins, uses, snoozes and reminders come in pairs for each device, in order."""
    person = History()
    for _ in person.play([*history, ("see 0", 0, 0), ("see 0", 20, 1)]):
        pass
    for device in History.ports:
        mine = [r for r in person.records if r.device and r.device.port == device.port]
        for begins, ends in PAIRS.items():
            names = [r.name for r in mine if r.name in (begins, ends)]
            assert names == [begins, ends] * (len(names) // 2)
        up = False
        for record in person.records:
            if isinstance(record.event, Reminded) and device.port in record.event.devices:
                up = True
            elif record.name == "reminder_ended" and record.device and record.device.port == device.port:
                assert up
                up = False
        assert not up


@settings(deadline=None)
@given(histories())
@example([("see 2", 0.0, 0), ("program", 1080.0, 0), ("see 1", 120.0, 0), ("see 2", 0.0, 0)])
def test_looking_more_often_changes_nothing(history: list[tuple[str, float, int]]) -> None:
    """A poll without news writes and shows nothing: events are hints, and hints can come twice."""
    for person in played(history):
        seen = Observation(tuple(person.seen()), runs(person.running), away=person.away)
        state, actions = reminder.step(person.state, seen, person.now, person.policy)
        # Taking away what no channel took is all that may be left to do.
        assert all(isinstance(action, Withdraw) for action in actions)
        assert replace(state, on_screen=person.state.on_screen) == person.state
