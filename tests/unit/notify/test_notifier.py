"""The channels are tried in order: the first that works is used, and every error is reported once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.notify.channel import Channel
from unplugd.notify.message import Message
from unplugd.notify.notifier import REPEAT_ERROR_SECONDS, Notifier
from unplugd.notify.plyer import TIMEOUT_SECONDS
from unplugd.platforms.linux import freedesktop
from unplugd.platforms.macos import notification
from unplugd.rules import reminder

if TYPE_CHECKING:
    from collections.abc import Callable

FRESH = Message("Unplug it", ("now",), fresh=True)
UPDATE = Message("Unplug it", ("please",), fresh=False)


@dataclass
class Fake(Channel):
    """A channel that answers when the test says so, and fails the test on a call that no channel may get."""

    name: str
    replaces: bool = False
    shown: list[Message] = field(default_factory=list)
    waiting: list[Callable[[str | None], None]] = field(default_factory=list)
    withdrawn: int = 0
    at_once: str | None = ""
    """What it answers at once: None for success, "" to wait."""

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        assert message.fresh or self.replaces, "an update on a channel that cannot replace"
        self.shown.append(message)
        if self.at_once == "":
            self.waiting.append(on_done)
        else:
            on_done(self.at_once)

    def withdraw(self) -> None:
        self.withdrawn += 1

    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        raise NotImplementedError

    def answer(self, error: str | None = None) -> None:
        self.waiting.pop(0)(error)


@dataclass
class Listener:
    """Records the calls that the daemon would get."""

    calls: list[tuple[object, ...]] = field(default_factory=list)

    def on_delivered(self, number: int, channel: str) -> None:
        self.calls.append(("delivered", number, channel))

    def on_undelivered(self, number: int) -> None:
        self.calls.append(("undelivered", number))

    def on_delivery_error(self, channel: str, error: str) -> None:
        self.calls.append(("failed", channel, error))


class Rig:
    def __init__(self) -> None:
        self.now = 0.0
        self.listener = Listener()
        self.desktop = Fake("desktop", replaces=True)
        self.plyer = Fake("plyer")
        self.terminal = Fake("terminal")
        self.channels = (self.desktop, self.plyer, self.terminal)
        self.notifier = Notifier(self.channels, self.listener, lambda: self.now)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_first_channel_that_works_is_the_one(rig: Rig) -> None:
    """The others are not called, and it is named."""
    rig.notifier.show(1, FRESH)
    assert rig.listener.calls == []
    rig.desktop.answer()
    assert rig.listener.calls == [("delivered", 1, "desktop")]
    assert rig.notifier.last_channel == "desktop"
    assert (rig.plyer.shown, rig.terminal.shown) == ([], [])


def test_the_next_one_is_tried_when_one_fails(rig: Rig) -> None:
    """In order, each error reported with its text."""
    rig.notifier.show(1, FRESH)
    rig.desktop.answer("no server")
    rig.plyer.answer("no notify-send")
    rig.terminal.answer()
    assert rig.listener.calls == [
        ("failed", "desktop", "no server"),
        ("failed", "plyer", "no notify-send"),
        ("delivered", 1, "terminal"),
    ]


def test_a_message_that_no_channel_accepts_is_undelivered(rig: Rig) -> None:
    """Each channel is tried first; the rules then try again later."""
    rig.notifier.show(1, FRESH)
    for channel in rig.channels:
        channel.answer("no")
    assert rig.listener.calls[-1] == ("undelivered", 1)
    assert rig.notifier.last_channel == ""


@pytest.mark.parametrize(
    "in_turn",
    [
        (freedesktop.DELIVERY_TIMEOUT_SECONDS, freedesktop.START_TIMEOUT_SECONDS, TIMEOUT_SECONDS),
        # The applet, for which `open` has the same time, and then osascript.
        (notification.TIMEOUT_SECONDS, notification.TIMEOUT_SECONDS),
    ],
    ids=["Linux", "macOS"],
)
def test_a_notification_is_waited_for_until_the_last_channel_has_given_up(in_turn: tuple[float, ...]) -> None:
    """The rules give up on a delivery only after every channel, one after another, has timed out."""
    assert sum(in_turn) < reminder.DELIVERY_TIMEOUT_SECONDS


def test_an_update_goes_only_where_it_replaces(rig: Rig) -> None:
    """A change of the text must not ring a second time on a channel that cannot withdraw the first one."""
    rig.notifier.show(1, UPDATE)
    rig.desktop.answer("no server")
    assert rig.listener.calls == [("failed", "desktop", "no server"), ("undelivered", 1)]
    assert rig.plyer.shown == []


def test_without_channels_nothing_is_delivered() -> None:
    """That is reported at once."""
    listener = Listener()
    Notifier((), listener, lambda: 0.0).show(5, FRESH)
    assert listener.calls == [("undelivered", 5)]


def test_an_answer_to_an_older_message_is_ignored(rig: Rig) -> None:
    """A message that was replaced or withdrawn meanwhile is neither delivered nor tried on the next channel."""
    rig.notifier.show(1, FRESH)
    rig.notifier.show(2, FRESH)
    rig.desktop.answer("superseded")
    rig.desktop.answer()
    assert rig.listener.calls == [("delivered", 2, "desktop")]
    rig.notifier.show(3, FRESH)
    rig.notifier.withdraw()
    rig.desktop.answer("too late")
    assert rig.listener.calls == [("delivered", 2, "desktop")]
    assert rig.plyer.shown == []


def test_withdrawing_reaches_every_channel(rig: Rig) -> None:
    """Also those that have shown nothing."""
    rig.notifier.show(1, FRESH)
    rig.notifier.withdraw()
    assert [channel.withdrawn for channel in rig.channels] == [1, 1, 1]


def test_the_same_error_is_reported_now_and_then(rig: Rig) -> None:
    """Deliveries are tried every few seconds for days: a line for each would flood the journal."""
    rig.desktop.at_once = "no server"
    rig.plyer.at_once = None

    def count_errors() -> int:
        return sum(call[0] == "failed" for call in rig.listener.calls)

    for rig.now in (0, 15, REPEAT_ERROR_SECONDS - 1):
        rig.notifier.show(1, FRESH)
    assert count_errors() == 1
    rig.now = REPEAT_ERROR_SECONDS
    rig.notifier.show(2, FRESH)
    assert count_errors() == 2
    rig.desktop.at_once = "another reason"
    rig.notifier.show(3, FRESH)
    assert count_errors() == 3
    rig.desktop.at_once = None
    rig.notifier.show(4, FRESH)
    rig.desktop.at_once = "another reason"
    rig.notifier.show(5, FRESH)
    assert count_errors() == 4


@given(st.lists(st.tuples(st.booleans(), st.tuples(*[st.sampled_from([None, "no", "hm"])] * 3))))
def test_every_reminder_has_one_outcome(shows: list[tuple[bool, tuple[str | None, ...]]]) -> None:
    """Delivered by the first that took it, or undelivered; never both, never neither."""
    rig = Rig()
    for number, (fresh, answers) in enumerate(shows, 1):
        for channel, answer in zip(rig.channels, answers, strict=True):
            channel.at_once = answer
        rig.notifier.show(number, FRESH if fresh else UPDATE)
        usable = [(c.name, a) for c, a in zip(rig.channels, answers, strict=True) if fresh or c.replaces]
        took = next((name for name, answer in usable if answer is None), None)
        outcome = [call for call in rig.listener.calls if call[0] != "failed" and call[1] == number]
        assert outcome == [("delivered", number, took) if took else ("undelivered", number)]
