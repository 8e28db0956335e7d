"""Whatever happens on the way to the notification server, there is one notification, and after it none."""

from __future__ import annotations

import gc
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jeepney import DBusAddress, HeaderFields, new_signal

from tests.rig.bus import NOTIFICATIONS
from tests.rig.turning import Clock
from unplugd.notify.message import Message
from unplugd.platforms.linux import freedesktop
from unplugd.platforms.linux.bus import BUS, HANDSHAKE_TIMEOUT_SECONDS, NO_ANSWER
from unplugd.platforms.linux.freedesktop import PRESS_SECONDS, Desktop
from unplugd.platforms.linux.shown_notification import (
    LOST_ANSWER_SECONDS,
    MAX_FAILED_CLOSINGS,
    PAUSE_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable

REMINDER: Final = Message("Reminder", ("Disconnect it.",), (("snooze", "Snooze 15 min"),))
KINDS: Final = {
    "remind": REMINDER,
    "update": replace(REMINDER, title="Update", fresh=False),
    "greet": replace(REMINDER, title="Greeting", buttons=(), passing=True),
}
STEPS: Final = (
    *KINDS,
    "withdraw",
    "serve",
    "refuse",
    "deliver",
    "dismiss",
    "press",
    "press_late",
    "wait",
    "lose",
    "die",
    "settle",
)


@dataclass
class Call:
    """A call on its way to the server, or waiting for its answer."""

    method: str
    body: tuple[Any, ...]
    on_answer: Callable[[tuple[Any, ...] | None, str], None]
    on_late_answer: Callable[[tuple[Any, ...]], None] | None
    deadline: float
    overdue: bool = False


class World:
    """The bus and the server: each call and each answer arrives when `step` says so, in order."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.calls: deque[Call] = deque()
        self.questions: list[Call] = []
        self.incoming: deque[Callable[[], None]] = deque()
        self.shown: dict[int, Message] = {}
        self.last = 0
        self.owner = 1
        self.most = 0
        self.heard: list[str] = []
        self.outcomes: list[str | None] = []
        self.asked: dict[str, Message] = {}
        self.presses = 0
        self.signal: Callable[[Any], None] = lambda _message: None
        self.break_off: Callable[[str], None] = lambda _error: None
        self.channel = Desktop(self.clock, self)

    # --- what the channel takes for its bus

    def connect(
        self, _address: str, _now: object, signal: Callable[[Any], None], break_off: Callable[[str], None]
    ) -> World:
        """Be the connection."""
        self.signal = signal
        self.break_off = break_off
        return self

    def add_match(self, _rule: str) -> None:
        """Match everything."""

    def call(
        self,
        to: DBusAddress,
        method: str,
        _signature: str | None,
        body: tuple[Any, ...],
        on_answer: Callable[[tuple[Any, ...] | None, str], None],
        *,
        on_late_answer: Callable[[tuple[Any, ...]], None] | None = None,
        timeout_seconds: float = HANDSHAKE_TIMEOUT_SECONDS,
        **_more: object,
    ) -> None:
        """Take a call; which server it is stays unsaid, as nothing waits for that."""
        if method == "GetServerInformation":
            return
        call = Call(method, body, on_answer, on_late_answer, self.clock.now + timeout_seconds)
        if method == "GetNameOwner":
            # Here the bus answers: in order, but maybe too late.
            owner = f":1.{self.owner}"
            self.questions.append(call)
            self.incoming.append(lambda: self.deliver(call, (owner,)))
        elif to.bus_name in (f":1.{self.owner}", BUS.bus_name):
            self.calls.append(call)
        else:
            self.incoming.append(lambda: on_answer(None, "there is no such server"))

    def deadline(self) -> None:
        """Have none: `wait` expires what is overdue."""

    def expire(self, now: float) -> None:
        """Give up on what is overdue, as the real one does."""
        for call in [*self.calls, *self.questions]:
            if not call.overdue and now >= call.deadline:
                call.overdue = True
                call.on_answer(None, NO_ANSWER)

    # --- what the channel tells

    def on_action(self, key: str) -> None:
        self.heard.append(f"pressed {key}")

    def on_closed(self, outcome: str) -> None:
        self.heard.append(outcome)

    def on_lost(self) -> None:
        self.heard.append("lost")

    def on_server_back(self) -> None:
        self.heard.append("back")

    def label_menu(self) -> tuple[tuple[str, str], ...]:
        return ()

    # --- what happens

    def step(self, what: str) -> None:
        """Let one thing happen."""
        if what in KINDS:
            # Equal words that are asked for twice are two notifications.
            title = f"{what} {len(self.asked)}"
            self.asked[title] = words = replace(KINDS[what], title=title)
            self.channel.show(words, self.outcomes.append)
        elif what == "withdraw":
            self.channel.withdraw()
        elif what in ("serve", "refuse") and self.calls:
            call = self.calls.popleft()
            # A refusal that comes late is as good as none: the channel waits until it takes the answer for lost.
            self.serve(call, refuse=what == "refuse" and not call.overdue)
        elif what == "deliver" and self.incoming:
            self.incoming.popleft()()
        elif what in ("press", "press_late") and self.shown:
            self.press("snooze", closed_first=what == "press_late")
        elif what == "dismiss" and self.shown:
            self.close(min(self.shown), 2)
        elif what in ("wait", "lose"):
            self.clock.now += LOST_ANSWER_SECONDS if what == "lose" else 4
            self.channel.expire(self.clock.now)
        elif what == "die":
            self.die()
        elif what == "settle":
            self.settle()

    def settle(self) -> None:
        """Let all that is on its way arrive."""
        while self.calls or self.incoming or self.pauses():
            self.step("serve")
            self.step("deliver")

    def pauses(self) -> bool:
        """Wait until what waits for room is shown; return whether something did."""
        deadline = self.channel.deadline()
        if self.calls or self.incoming or deadline is None or deadline > self.clock.now + PAUSE_SECONDS:
            return False
        self.clock.now = max(self.clock.now, deadline)
        self.channel.expire(self.clock.now)
        return True

    def serve(self, call: Call, *, refuse: bool) -> None:
        """Do what a call asks; a refused one does nothing."""
        answer: tuple[Any, ...] | None = ()
        if refuse or call.method == "StartServiceByName":
            answer = None
        elif call.method == "GetCapabilities":
            answer = (["actions", "body"],)
        elif call.method == "Notify":
            answer = (self.notify(call.body),)
        elif call.method == "CloseNotification":
            answer = () if call.body[0] in self.shown else None
            self.close(call.body[0], 3)
        self.incoming.append(lambda: self.deliver(call, answer))

    def deliver(self, call: Call, answer: tuple[Any, ...] | None) -> None:
        """Bring the answer to a call."""
        if call in self.questions:
            self.questions.remove(call)
        if not call.overdue:
            call.on_answer(answer, "" if answer is not None else "refused")
        elif call.on_late_answer and answer is not None:
            call.on_late_answer(answer)

    def notify(self, body: tuple[Any, ...]) -> int:
        """Show a notification; replacing is right only where GNOME and LXQt take it well."""
        words, replaces = self.asked[body[3]], body[1]
        if replaces in self.shown:
            assert not words.fresh, "a reminder that nobody would see"
            assert not self.shown[replaces].passing, "a replacement that a server crashes of"
        else:
            self.last = replaces = self.last + 1
        self.shown[replaces] = words
        self.most = max(self.most, len(self.shown))
        return int(replaces)

    def press(self, key: str, *, closed_first: bool, reason: int = 2) -> None:
        """Press a button, which closes the notification; some servers report that first."""
        self.presses += 1
        notification = min(self.shown)
        if closed_first:
            self.close(notification, reason)
        self.emit("ActionInvoked", "us", (notification, key))
        self.close(notification, reason)

    def close(self, notification: int, reason: int) -> None:
        """Close a notification."""
        if self.shown.pop(notification, None):
            self.emit("NotificationClosed", "uu", (notification, reason))

    def die(self) -> None:
        """Have the server replaced by another one, which gives its own ids."""
        before, self.owner = self.owner, self.owner + 1
        self.shown.clear()
        self.last = 0
        for old, new in ((f":1.{before}", ""), ("", f":1.{self.owner}")):
            self.emit("NameOwnerChanged", "sss", (NOTIFICATIONS, old, new), BUS.bus_name)
        for call in self.calls:
            self.incoming.append(lambda call=call: self.deliver(call, None))  # type: ignore[misc] # bound early
        self.calls.clear()

    def emit(self, member: str, signature: str, body: tuple[Any, ...], sender: str | None = None) -> None:
        """Send a signal."""
        message = new_signal(DBusAddress("/", interface=NOTIFICATIONS), member, signature, body)
        message.header.fields[HeaderFields.sender] = sender or f":1.{self.owner}"
        self.incoming.append(lambda: self.signal(message))


def make_world(patch: pytest.MonkeyPatch) -> World:
    """Return a world in which nothing is shown."""
    patch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    world = World()
    patch.setattr(freedesktop, "Bus", world.connect)
    return world


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world in which a reminder is shown."""
    world = make_world(monkeypatch)
    world.step("remind")
    world.settle()
    assert world.outcomes == [None]
    world.heard.clear()
    return world


@given(st.lists(st.sampled_from(STEPS), max_size=30))
@settings(max_examples=300)
def test_there_is_one_notification_and_then_none(steps: list[str]) -> None:
    """Late, lost and refused answers, a server that dies, a person who presses and closes: never two, none left over."""
    with pytest.MonkeyPatch.context() as patch:
        world = make_world(patch)
        for step in steps:
            world.step(step)
            # Only who gives up on an answer, or may not close, can have a second one for a while.
            assert world.most <= 1 or {"refuse", "lose"} & set(steps)
        world.settle()
        assert world.heard.count("pressed snooze") == world.presses
        world.step("remind")
        world.step("remind")
        world.settle()
        latest = list(world.asked)[-1]
        assert [words.title for words in world.shown.values()] == [latest]
        assert world.outcomes[-1] is None
        assert "refuse" in steps or not any("refused" in outcome for outcome in world.outcomes if outcome)
        world.step("withdraw")
        world.settle()
        assert world.shown == {}


@pytest.mark.parametrize("closed_first", [False, True])
@pytest.mark.parametrize("key", ["snooze", "uploading"])
@pytest.mark.parametrize("reason", [1, 2, 3, 4])
def test_a_press_is_heard_before_the_close(
    world: World, key: str, reason: int, *, closed_first: bool
) -> None:
    """In whichever order the server reports them, and whatever it says of the close."""
    world.press(key, closed_first=closed_first, reason=reason)
    world.settle()
    world.clock.now += PRESS_SECONDS
    world.channel.expire(world.clock.now)
    assert world.heard == [f"pressed {key}", "expired" if reason == 1 else "dismissed"]


@pytest.mark.parametrize(("reason", "outcome"), [(1, "expired"), (2, "dismissed")])
def test_a_close_without_a_press_is_heard_a_moment_later(world: World, reason: int, outcome: str) -> None:
    """The channel asks to be woken for it, and says it once."""
    world.close(1, reason)
    world.settle()
    assert world.heard == []
    assert world.channel.deadline() == world.clock.now + PRESS_SECONDS
    for _ in range(2):
        world.clock.now += PRESS_SECONDS
        world.channel.expire(world.clock.now)
        assert world.heard == [outcome]
    assert world.channel.deadline() is None


@pytest.mark.parametrize("event", ["withdraw", "die", "disconnect"])
def test_a_close_is_heard_at_once_if_no_press_can_follow(world: World, event: str) -> None:
    """Nobody waits for the press when the reminder is withdrawn, the server is gone or the connection is lost."""
    world.step("dismiss")
    world.settle()
    if event == "disconnect":
        world.break_off("the bus connection was lost")
    else:
        world.step(event)
    world.settle()
    assert [said for said in world.heard if said != "back"] == ["dismissed"]
    world.clock.now += PRESS_SECONDS
    world.channel.expire(world.clock.now)
    assert world.heard.count("dismissed") == 1


def test_the_next_reminder_is_not_closed_with_the_one_before(world: World) -> None:
    """It comes in the moment in which the close of the other one waits; a press that was on its way still counts."""
    world.close(1, 2)
    world.settle()
    world.step("remind")
    world.emit("ActionInvoked", "us", (1, "snooze"))
    world.settle()
    world.step("wait")
    assert world.heard == ["pressed snooze"]
    assert [words.title for words in world.shown.values()] == ["remind 1"]


@pytest.mark.parametrize("press", [False, True])
def test_a_change_of_text_does_not_bring_back_what_was_closed(world: World, *, press: bool) -> None:
    """The person has just closed it, which the rules do not know yet."""
    world.close(1, 2)
    world.settle()
    world.step("update")
    if press:
        world.emit("ActionInvoked", "us", (1, "snooze"))
    world.settle()
    world.step("wait")
    assert world.heard == ["pressed snooze", "dismissed"][not press :]
    assert world.shown == {}
    assert world.last == 1
    assert world.outcomes == [None, None]


def test_a_change_of_text_on_its_way_is_removed_after_a_close(world: World) -> None:
    """The server shows it as a new notification, since the one that it should replace is gone."""
    world.step("update")
    world.close(1, 2)
    world.settle()
    assert len(world.shown) == 1
    world.step("wait")
    world.settle()
    assert world.heard == ["dismissed"]
    assert world.shown == {}


def test_closings_that_always_fail_do_not_add_up(world: World) -> None:
    """Only the latest are repeated with each reminder, as a refusal may mean that the notification is gone."""
    closings = 0
    for _ in range(3 * MAX_FAILED_CLOSINGS):
        world.step("remind")
        closings = sum(call.method == "CloseNotification" for call in world.calls)
        while world.calls or world.incoming or world.pauses():
            is_closing = bool(world.calls) and world.calls[0].method == "CloseNotification"
            world.step("refuse" if is_closing else "serve")
            world.step("deliver")
    assert closings == MAX_FAILED_CLOSINGS + 1
    world.step("withdraw")
    world.settle()
    # The server had closed none of them; the latest are gone now.
    assert len(world.shown) == 2 * MAX_FAILED_CLOSINGS


def test_a_server_that_hangs_for_days_costs_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a call whose answer counts as lost, the message is not kept."""
    world = make_world(monkeypatch)
    world.step("greet")
    world.step("deliver")
    world.step("serve")
    world.step("deliver")
    for _ in range(10):
        world.step("remind")
        world.step("lose")
    assert [call.method for call in world.calls] == ["Notify"] * 10
    world.asked.clear()
    gc.collect()
    assert sum(isinstance(found, Message) and found.title[0] == "r" for found in gc.get_objects()) <= 1
