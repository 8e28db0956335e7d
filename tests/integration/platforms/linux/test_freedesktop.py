"""The desktop's notification server: with one that works, and with everything that can become of one."""

from __future__ import annotations

import select
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from jeepney import (
    DBusAddress,
    HeaderFields,
    MessageType,
    message_bus,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import Proxy

from tests.rig.bus import NOTIFICATIONS
from tests.rig.server import Server
from tests.rig.turning import Clock, turn_once, turn_until
from tests.rig.wait import GIVE_UP, wait_until
from unplugd.languages.language import ENGLISH
from unplugd.notify.message import Message, greet
from unplugd.platforms.linux import freedesktop, shown_notification
from unplugd.platforms.linux.bus import BUS, BUS_SILENT, HANDSHAKE_TIMEOUT_SECONDS
from unplugd.platforms.linux.freedesktop import (
    DELIVERY_TIMEOUT_SECONDS,
    PRESS_SECONDS,
    RETURN_SECONDS,
    START_TIMEOUT_SECONDS,
    Desktop,
)
from unplugd.platforms.linux.notification_server import RESTART_SECONDS
from unplugd.platforms.linux.shown_notification import CLOSE_SECONDS, LOST_ANSWER_SECONDS, PAUSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jeepney.low_level import Message as BusMessage

    from tests.rig.bus import Bus

WORDS = Message(
    "Unplug the CareLink USB",
    ("Plugged in since 11:48.", "Disconnect it."),
    (("snooze", "Snooze 15 min"), ("uploading", "I am uploading")),
    fresh=True,
)
EMITTER = DBusAddress("/org/freedesktop/Notifications", interface=NOTIFICATIONS)
SILENCE = "the notification server does not answer"


@dataclass
class Heard:
    """What the daemon would hear."""

    said: list[str] = field(default_factory=list)

    def on_action(self, key: str) -> None:
        self.said.append(f"pressed {key}")

    def on_closed(self, outcome: str) -> None:
        self.said.append(outcome)

    def on_lost(self) -> None:
        self.said.append("lost")

    def on_server_back(self) -> None:
        self.said.append("back")

    def label_menu(self) -> tuple[tuple[str, str], ...]:
        return ()


class Rig:
    """The channel, and what became of what it was asked to show."""

    def __init__(self, remembered: Path) -> None:
        self.clock = Clock()
        self.heard = Heard()
        self.outcomes: list[str | None] = []
        self.remembered = remembered
        self.desktop = Desktop(self.clock, self.heard, remembered)

    def turn(self) -> None:
        turn_once(self.clock, self.desktop)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        def check() -> Any:
            deadline = self.desktop.deadline()
            if deadline is not None and deadline <= self.clock.now + PAUSE_SECONDS:
                # What is to be shown waits for this moment.
                self.clock.now = max(self.clock.now, deadline)
            return condition()

        return turn_until(self.clock, check, what, self.desktop)

    def ask(self, words: Message = WORDS) -> None:
        self.desktop.show(words, self.outcomes.append)

    def ask_hanging(self, server: Server, words: Message = WORDS) -> None:
        """Ask a server that hangs to show words instead of what is shown; wait until the call has arrived."""
        self.ask(words)
        self.until(lambda: "CloseNotification" in server.unanswered, "the close of the one before")
        self.wait(CLOSE_SECONDS)
        self.until(lambda: "Notify" in server.unanswered, "the call")

    def outcome(self) -> str | None:
        """Wait for the next outcome and return it."""
        self.until(lambda: self.outcomes, "an outcome")
        return self.outcomes.pop(0)

    def show(self, words: Message = WORDS) -> str | None:
        """Have words shown, and return the outcome."""
        self.ask(words)
        return self.outcome()

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.turn()

    def wait_for_close(self) -> None:
        """Wait until a close was reported by the server, and let the moment pass in which a press could follow."""
        at = self.clock.now + PRESS_SECONDS
        self.until(lambda: self.desktop.deadline() == at, "the close")
        self.wait(PRESS_SECONDS)

    def again(self) -> Rig:
        """Return what the next run of the daemon has, after a crash of this one."""
        self.desktop.close()
        return Rig(self.remembered)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the channel wait for a withdrawal, before it closes the connection, as long as a busy machine needs."""
    monkeypatch.setattr(freedesktop, "CLOSE_TIMEOUT_SECONDS", GIVE_UP)


@pytest.fixture
def rig(bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Yield the channel on a session bus, without a display."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    rig = Rig(tmp_path / "notification")
    yield rig
    rig.desktop.close()


# --- what is shown


def test_words_become_a_notification(rig: Rig, server: Server) -> None:
    """Title, lines, buttons; normal urgency; it stays until it is withdrawn."""
    assert rig.show() is None
    (shown,) = server.on_screen
    assert (shown.app_name, shown.summary, shown.timeout) == ("unplugd", WORDS.title, 0)
    assert shown.body == "Plugged in since 11:48.\nDisconnect it."
    assert shown.buttons == ["Snooze 15 min", "I am uploading"]
    assert shown.actions[::2] == ["snooze", "uploading", "default"]
    assert (shown.hints["urgency"], shown.hints.get("suppress-sound")) == (1, None)


def test_desktops_know_whose_notification_it_is(rig: Rig, server: Server) -> None:
    """It names the desktop entry, always with an action for a click, and its icon is a file that every server can read."""
    for words in (WORDS, greet(ENGLISH)):
        assert rig.show(words) is None
        shown = server.on_screen[-1]
        assert shown.hints["desktop-entry"] == "unplugd"
        assert "default" in shown.actions[::2]
        assert Path(unquote(urlsplit(shown.icon).path)).read_text().startswith("<svg")


def test_an_icon_that_is_gone_is_replaced_by_one_of_the_desktop(
    rig: Rig, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade may take it away while the old version still runs; some servers draw a broken sheet then."""
    monkeypatch.setattr(shown_notification, "ICON", tmp_path / "unplugd.svg")
    assert rig.show() is None
    assert server.on_screen[0].icon == "drive-removable-media"


def test_a_click_does_not_dismiss_a_reminder(rig: Rig, server: Server) -> None:
    """Where the desktop can keep it; a greeting need not stay."""
    server.imitate("gnome-43")
    assert rig.show() is None
    rig.heard.said.clear()
    server.press(server.on_screen[0], "default")
    rig.until(lambda: rig.heard.said, "the click")
    assert rig.desktop.deadline() is None
    assert rig.heard.said == ["pressed default"]
    assert len(server.on_screen) == 1
    assert rig.show(greet(ENGLISH)) is None
    assert "resident" not in server.on_screen[-1].hints


def test_a_click_has_no_button_of_its_own(rig: Rig, server: Server) -> None:
    """LXQt makes a button of it and cuts off the others' labels, so it is not offered one."""
    server.imitate("lxqt")
    assert rig.show() is None
    assert server.on_screen[0].actions == ["snooze", "Snooze 15 min", "uploading", "I am uploading"]


def test_an_update_replaces_in_place_and_silently(rig: Rig, server: Server) -> None:
    """There is never a second notification, and what is no news makes no sound."""
    rig.show()
    rig.show(replace(WORDS, lines=("Plugged in since 11:48.",), fresh=False, critical=True))
    (shown,) = server.on_screen
    assert (shown.id, shown.replaces, shown.body) == (1, 1, "Plugged in since 11:48.")
    assert (shown.hints["urgency"], shown.hints["suppress-sound"]) == (2, True)
    assert server.closings == []


@pytest.mark.parametrize("model", ["", "gnome-43", "gnome-48", "swaync"])
def test_a_reminder_is_a_new_notification(rig: Rig, server: Server, model: str) -> None:
    """The one before is closed, which is not taken for the person's doing; the new one is seen with its buttons."""
    server.imitate(model)
    rig.show()
    rig.heard.said.clear()
    for count in (2, 3):
        assert rig.show(replace(WORDS, critical=count == 3)) is None
        (shown,) = server.on_screen
        assert (shown.id, shown.replaces, shown.drawn) == (count, 0, True)
        assert shown.buttons == ["Snooze 15 min", "I am uploading"]
    assert [(closing.id, closing.known) for closing in server.closings] == [(1, True), (2, True)]
    rig.turn()
    assert rig.heard.said == []


@pytest.mark.parametrize(("model", "replaces"), [("gnome-43", 0), ("gnome-48", 1)])
def test_an_urgent_update_keeps_its_buttons(rig: Rig, server: Server, model: str, replaces: int) -> None:
    """It stays on the screen; where a replacement would lose its buttons it is a new one, still without a sound."""
    server.imitate(model)
    rig.show(replace(WORDS, critical=True))
    rig.show(replace(WORDS, critical=True, fresh=False, lines=("Disconnect it.",)))
    (shown,) = server.on_screen
    assert (shown.body, shown.replaces) == ("Disconnect it.", replaces)
    assert shown.buttons == ["Snooze 15 min", "I am uploading"]
    assert shown.hints["suppress-sound"]


def test_the_one_before_is_closed_first(rig: Rig, server: Server) -> None:
    """There are not two, not even for a moment."""
    rig.show()
    rig.show()
    (closing,) = server.closings
    assert closing.monotonic <= server.notified(2).monotonic


def test_a_passing_notification_is_not_replaced(rig: Rig, server: Server) -> None:
    """One that stays is a new one even where it is no news: some servers crash when it replaces one that passes."""
    rig.show(replace(WORDS, title="Hello", passing=True))
    rig.show(replace(WORDS, fresh=False))
    rig.show(replace(WORDS, fresh=False))
    assert [shown.replaces for shown in server.notifications] == [0, 0, 2]
    assert [shown.summary for shown in server.on_screen] == [WORDS.title]


def test_words_asked_for_before_the_answer_are_shown(rig: Rig, server: Server) -> None:
    """What the server is still busy with is not taken for them, and it is closed once its id is known."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server, replace(WORDS, title="Second"))
    rig.ask(replace(WORDS, title="Third"))
    server.catch_up()
    assert rig.outcome() is None
    assert [shown.summary for shown in server.notifications] == [WORDS.title, "Second", "Third"]
    assert [shown.summary for shown in server.on_screen] == ["Third"]


def test_a_closed_notification_is_not_replaced(rig: Rig, server: Server) -> None:
    """Its number may be another program's by then."""
    rig.show()
    server.dismiss(server.notified())
    rig.wait_for_close()
    assert rig.heard.said[-1] == "dismissed"
    rig.show()
    assert server.notified(2).replaces == 0


@pytest.mark.parametrize(
    ("capabilities", "body"), [(("body", "body-markup"), "&lt;b&gt;1 &amp; 2"), (("body",), "<b>1 & 2")]
)
def test_markup_is_escaped_where_it_is_parsed(
    rig: Rig, server: Server, capabilities: tuple[str, ...], body: str
) -> None:
    """A person reads what the words say, on servers that parse markup and on those that do not."""
    server.offer(*capabilities)
    rig.show(replace(WORDS, lines=("<b>1 & 2",)))
    assert server.on_screen[0].body == body


def test_a_server_without_buttons_gets_none(rig: Rig, server: Server) -> None:
    """Some show them as text, or refuse. Where nobody can answer, nothing may stay for ever: notify-osd makes dialogs."""
    server.offer("body")
    rig.show()
    assert server.on_screen[0].actions == []
    assert server.on_screen[0].timeout == -1


def test_a_title_is_no_markup(rig: Rig, server: Server) -> None:
    """The specification's summary is plain text: escaped it would show the escapes."""
    rig.show(replace(WORDS, title="Unplug the <b> & co"))
    assert server.on_screen[0].summary == "Unplug the <b> & co"


# --- what the person does


def test_buttons_and_closings_are_heard(rig: Rig, server: Server) -> None:
    """Which button, and whether the person or time closed it."""
    rig.show()
    rig.heard.said.clear()
    server.press(server.notified(), "snooze")
    rig.wait_for_close()
    assert rig.heard.said == ["pressed snooze", "dismissed"]
    rig.show()
    server.dismiss(server.notified(2), 1)
    rig.wait_for_close()
    assert rig.heard.said[2:] == ["expired"]


def test_a_button_pressed_just_before_the_next_reminder_counts(rig: Rig, server: Server) -> None:
    """The person pressed it while we were asking to close that notification."""
    rig.show()
    rig.heard.said.clear()
    server.behave("hang")
    rig.ask_hanging(server)
    server.press(server.notified(), "snooze")
    rig.until(lambda: rig.heard.said, "the button")
    server.catch_up()
    assert rig.outcome() is None
    assert rig.heard.said == ["pressed snooze"]
    # Its id may be another program's by now.
    server.press(server.notified(), "uploading")
    server.press(server.notified(2), "snooze")
    rig.wait_for_close()
    assert rig.heard.said[1:] == ["pressed snooze", "dismissed"]


def test_other_notifications_and_other_senders_say_nothing(rig: Rig, server: Server, bus: Bus) -> None:
    """Another program's notification is its own business, and no program can press our buttons."""
    rig.show()
    rig.heard.said.clear()
    with bus.connect() as impostor:
        for member, signature, body in (
            ("ActionInvoked", "us", (1, "uploading")),
            ("NotificationClosed", "uu", (1, 2)),
        ):
            impostor.send(new_signal(EMITTER, member, signature, body))
        Proxy(message_bus, impostor, timeout=GIVE_UP).GetId()
    server.dismiss(replace(server.notified(), id=77))
    server.press(server.notified(), "snooze")
    rig.wait_for_close()
    assert rig.heard.said == ["pressed snooze", "dismissed"]


# --- withdrawing


def test_what_is_no_longer_true_is_withdrawn(rig: Rig, server: Server) -> None:
    """And that is not taken for the person's doing."""
    rig.show()
    rig.heard.said.clear()
    rig.desktop.withdraw()
    rig.until(lambda: not server.on_screen, "the withdrawal")
    assert [closing.known for closing in server.closings] == [True]
    rig.turn()
    assert rig.heard.said == []


def test_withdrawn_while_its_id_is_still_to_come(rig: Rig, server: Server) -> None:
    """A stick unplugged within milliseconds leaves nothing on the screen."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server, replace(WORDS, title="Second"))
    rig.desktop.withdraw()
    assert rig.outcome() is None
    server.catch_up()
    rig.until(lambda: not server.on_screen and server.closings, "the withdrawal")
    assert not rig.remembered.exists()


@pytest.mark.usefixtures("patient")
def test_withdrawn_before_the_connection_is_closed(rig: Rig, server: Server) -> None:
    """Who stops unplugd while a notification's id is still to come finds no notification left."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server)
    rig.desktop.withdraw()
    server.catch_up()
    rig.desktop.close()
    assert server.on_screen == []
    assert [closing.id for closing in server.closings] == [1, 2]


@pytest.mark.usefixtures("patient")
def test_what_the_run_before_left_is_withdrawn_before_the_connection_is_closed(
    rig: Rig, server: Server
) -> None:
    """Also by who is stopped before it knows who shows it."""
    rig.show()
    after = rig.again()
    after.desktop.connect()
    after.desktop.withdraw()
    after.desktop.close()
    assert server.on_screen == []
    assert not rig.remembered.exists()


def test_a_hung_server_does_not_keep_the_connection_open(rig: Rig, server: Server) -> None:
    """What it does not answer in a moment is not waited for."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server)
    rig.desktop.withdraw()
    rig.desktop.close()
    assert rig.desktop.fileno() == -1


def test_withdrawing_nothing_asks_for_nothing(rig: Rig, server: Server) -> None:
    """The number 0 is no notification."""
    rig.show()
    rig.desktop.withdraw()
    rig.until(lambda: server.closings, "the withdrawal")
    rig.desktop.withdraw()
    rig.show()
    assert len(server.closings) == 1


# --- a server that hangs


def test_a_hung_server_is_given_up(rig: Rig, server: Server) -> None:
    """After its time and not before, so that the next channel is tried."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server)
    rig.wait(2.9)
    assert rig.outcomes == []
    rig.wait(DELIVERY_TIMEOUT_SECONDS - 2.9)
    assert rig.outcomes == [SILENCE]


def test_nothing_is_doubled_when_a_hung_server_wakes(rig: Rig, server: Server) -> None:
    """However often it was tried meanwhile, the server has one call to answer, and then one notification."""
    rig.show()
    server.behave("hang")
    for number in range(5):
        rig.ask_hanging(server, replace(WORDS, title=f"Try {number}"))
        rig.wait(DELIVERY_TIMEOUT_SECONDS)
        assert rig.outcomes.pop() == SILENCE
    assert server.unanswered.count("Notify") == 1
    rig.heard.said.clear()
    server.catch_up()
    rig.until(lambda: rig.heard.said == ["back"] or server.closings, "the late answer")
    rig.show(replace(WORDS, title="Awake"))
    assert [shown.summary for shown in server.on_screen] == ["Awake"]


def test_an_answer_taken_for_lost_leaves_no_second_notification(rig: Rig, server: Server) -> None:
    """A server that slept longer than anybody waits shows what it was asked for first only until it answers."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server, replace(WORDS, title="Lost"))
    rig.wait(DELIVERY_TIMEOUT_SECONDS)
    assert rig.outcomes.pop() == SILENCE
    rig.clock.now += LOST_ANSWER_SECONDS
    rig.ask(replace(WORDS, title="Awake"))
    rig.until(lambda: server.unanswered.count("Notify") == 2, "the second call")
    server.catch_up()
    assert rig.outcome() is None
    rig.until(lambda: len(server.on_screen) == 1, "the first to be closed")
    assert [shown.summary for shown in server.on_screen] == ["Awake"]
    rig.desktop.withdraw()
    rig.until(lambda: not server.on_screen, "the withdrawal")


def test_a_late_notification_that_is_no_longer_true_is_withdrawn(rig: Rig, server: Server) -> None:
    """The device was unplugged while the server hung."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server, replace(WORDS, title="Late"))
    rig.wait(DELIVERY_TIMEOUT_SECONDS)
    rig.desktop.withdraw()
    server.catch_up()
    rig.until(lambda: not server.on_screen and server.closings, "the withdrawal")


def test_a_server_that_hangs_from_the_start_is_given_up(rig: Rig, server: Server) -> None:
    """Also while it is asked what it can do; when it wakes, the daemon hears of it and can show at once."""
    server.behave("hang")
    rig.ask()
    rig.until(lambda: server.unanswered, "the question")
    rig.wait(DELIVERY_TIMEOUT_SECONDS)
    assert rig.outcomes.pop() == SILENCE
    server.catch_up()
    rig.clock.now += 1
    assert rig.show() is None
    assert len(server.on_screen) == 1


# --- a server that refuses, dies, or is replaced


def test_a_refusal_is_told_and_tried_again(rig: Rig, server: Server) -> None:
    """An error is the server's own word; the next try may succeed."""
    rig.show()
    server.behave("fail")
    trouble = rig.show()
    assert trouble
    assert trouble.startswith("the notification server refused: ")
    server.behave("answer")
    assert rig.show() is None
    # Closing the first was refused, too.
    assert [shown.id for shown in server.on_screen] == [2]


def test_a_server_that_dies_takes_its_notification_with_it(rig: Rig, server: Server) -> None:
    """The daemon hears that it is lost, and when another is there; nothing of the old one is used on the new one."""
    rig.show()
    rig.show()
    rig.heard.said.clear()
    server.kill()
    rig.until(lambda: rig.heard.said == ["lost"], "the loss")
    assert rig.show() is not None
    server.start()
    rig.until(lambda: "back" in rig.heard.said, "the return")
    assert rig.heard.said == ["lost", "back"]
    rig.show(replace(WORDS, title="Again"))
    assert server.notifications[-1].replaces == 0
    assert [shown.summary for shown in server.on_screen] == ["Again"]


def test_a_server_that_dies_of_a_reminder_is_tried_once_more(rig: Rig, server: Server, bus: Bus) -> None:
    """It comes back, as its session starts it again, and shows the reminder: no other channel is needed."""
    rig.show(replace(WORDS, title="Before"))
    server.behave("die")
    rig.ask()
    rig.until(bus.activations, "the activation")
    server.start()
    assert rig.outcome() is None
    assert [shown.summary for shown in server.on_screen] == [WORDS.title]


def test_a_server_that_does_not_come_back_is_given_up(rig: Rig, server: Server, bus: Bus) -> None:
    """The bus is asked to start it; a few seconds later the next channel has its turn."""
    rig.show(replace(WORDS, title="Before"))
    server.behave("die")
    rig.ask()
    rig.until(bus.activations, "the activation")
    at = rig.clock.now + RETURN_SECONDS
    rig.until(lambda: rig.desktop.deadline() == at, "the wait")
    rig.wait(RETURN_SECONDS)
    assert rig.outcome() == "no notification server is running"


def test_a_server_that_dies_of_each_reminder_is_given_up_at_once(rig: Rig, server: Server, bus: Bus) -> None:
    """One chance is enough."""
    rig.show(replace(WORDS, title="Before"))
    server.behave("die")
    rig.ask()
    rig.until(bus.activations, "the activation")
    server.start("die")
    assert rig.outcome() == "no notification server is running"


def test_what_expired_is_closed_with_the_next_one(rig: Rig, server: Server) -> None:
    """It stays in the desktop's list until then; once it is not there any more, it is asked for no more."""
    server.imitate("budgie")
    rig.show()
    rig.wait_for_close()
    assert rig.heard.said[-1] == "expired"
    assert [shown.id for shown in server.in_list] == [1]
    assert server.closings == []
    rig.show(replace(WORDS, critical=True))
    assert (server.in_list, [shown.id for shown in server.on_screen]) == ([], [2])
    rig.desktop.withdraw()
    rig.until(lambda: not server.on_screen, "the withdrawal")
    assert [closing.id for closing in server.closings] == [1, 2]


def test_what_expired_is_closed_by_the_next_run(rig: Rig, server: Server) -> None:
    """A crash leaves nothing in the desktop's list."""
    server.imitate("budgie")
    rig.show()
    rig.wait_for_close()
    rig = rig.again()
    rig.desktop.connect()
    rig.desktop.withdraw()
    rig.until(lambda: not server.in_list, "the withdrawal")
    rig.desktop.close()


def test_a_button_in_the_list_counts(rig: Rig, server: Server) -> None:
    """What has expired still has its buttons there."""
    server.imitate("budgie")
    rig.show()
    rig.wait_for_close()
    server.press(server.notified(), "snooze")
    rig.until(lambda: rig.heard.said[-1] == "pressed snooze", "the button")


def test_the_answer_of_a_server_that_gave_up_the_name_means_nothing(
    rig: Rig, server: Server, bus: Bus
) -> None:
    """The id is not the next server's: nobody else's notification is closed."""
    rig.show()
    server.behave("hang")
    rig.ask_hanging(server, replace(WORDS, title="Second"))
    server.release()
    other = Server(bus)
    other.start()
    server.catch_up()
    assert rig.outcome() is None
    rig.desktop.withdraw()
    rig.until(lambda: other.closings, "the withdrawal")
    assert [(closing.id, closing.known) for closing in other.closings] == [(1, True)]
    assert [(shown.replaces, shown.summary) for shown in other.notifications] == [(0, "Second")]
    other.kill()


def test_a_server_that_comes_late_is_announced(rig: Rig, bus: Bus) -> None:
    """A daemon that is older than the desktop shows its reminder as soon as there is somebody to show it."""
    assert rig.show() is not None
    server = Server(bus)
    server.start()
    rig.until(lambda: rig.heard.said == ["back"], "the server")
    assert rig.show() is None
    server.kill()


def test_a_bus_that_dies_is_reconnected_to(rig: Rig, server: Server, bus: Bus) -> None:
    """What waits is answered with it, what was shown is lost, and the next try finds the new bus."""
    rig.show()
    rig.heard.said.clear()
    server.behave("hang")
    rig.ask(replace(WORDS, fresh=False))
    rig.turn()
    bus.kill()
    assert rig.outcome() is not None
    assert rig.heard.said == ["lost"]
    assert rig.show() is not None
    server.kill()
    bus.start()
    server.start()
    assert rig.show() is None
    assert [shown.replaces for shown in server.on_screen] == [0]


@pytest.mark.parametrize("display", [":0", ""])
@pytest.mark.parametrize("stall", ["before the login", "after the login", "during a reminder"])
def test_a_bus_that_is_slow_once_costs_nothing(
    rig: Rig, server: Server, bus: Bus, monkeypatch: pytest.MonkeyPatch, stall: str, display: str
) -> None:
    """After a stall of more than three seconds at the connection, a reminder is shown, once, and is withdrawn."""
    monkeypatch.setenv("DISPLAY", display)
    rig.desktop = Desktop(rig.clock, rig.heard, rig.remembered)
    assert rig.desktop.connect() is None
    assert select.select([rig.desktop.fileno()], [], [], GIVE_UP)[0], "the login is not answered"
    if stall != "before the login":
        bus.freeze()
        rig.turn()
    if stall == "during a reminder":
        rig.ask()
    rig.wait(HANDSHAKE_TIMEOUT_SECONDS + 0.2)
    bus.thaw()
    if stall != "during a reminder":
        rig.ask()
    assert rig.outcome() is None
    assert [shown.summary for shown in server.on_screen] == [WORDS.title]
    assert len(server.notifications) == 1
    rig.desktop.withdraw()
    rig.until(lambda: not server.on_screen, "the withdrawal")


def test_a_bus_that_is_slow_to_start_a_server_costs_nothing(
    rig: Rig, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server that comes in the end is heard of and used, and no second one is asked for."""
    monkeypatch.setenv("DISPLAY", ":0")
    rig = rig.again()
    rig.desktop.connect()
    rig.until(lambda: rig.desktop.deadline() is None, "the bus to answer")
    bus.freeze()
    for error in (SILENCE, "no notification server is running"):
        rig.ask()
        rig.wait(START_TIMEOUT_SECONDS)
        assert rig.outcomes.pop() == error
    bus.thaw()
    server = Server(bus)
    server.start()
    rig.until(lambda: "back" in rig.heard.said, "the server")
    assert rig.show() is None
    assert len(server.on_screen) == 1
    rig.until(bus.activations, "the activation")
    assert len(bus.activations()) == 1
    rig.desktop.close()
    server.kill()


def test_without_a_session_bus_it_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    rig.ask()
    assert rig.outcomes == ["there is no session bus"]
    assert (rig.desktop.fileno(), rig.desktop.deadline()) == (-1, None)


class Scripted:
    """A server that answers as a test says, for answers that no real one should give."""

    def __init__(self, bus: Bus, *answers: tuple[str, tuple[Any, ...]]) -> None:
        self.connection = bus.connect()
        Proxy(message_bus, self.connection, timeout=GIVE_UP).RequestName(NOTIFICATIONS)
        self.answers = list(answers)
        self.calls: list[BusMessage] = []

    def serve(self) -> bool:
        """Answer what has come, and return whether all answers are given."""
        try:
            message = self.connection.receive(timeout=0.001)
        except TimeoutError:
            return not self.answers
        if message.header.fields.get(HeaderFields.member) == "GetServerInformation":
            self.connection.send(new_method_return(message, "ssss", ("rig", "unplugd", "1", "1.2")))
            return not self.answers
        if message.header.message_type is MessageType.method_call:
            self.calls.append(message)
        if message.header.message_type is MessageType.method_call and self.answers:
            self.connection.send(new_method_return(message, *self.answers.pop(0)))
        return not self.answers


@pytest.fixture
def scripted(bus: Bus) -> Iterator[Scripted]:
    scripted = Scripted(bus)
    yield scripted
    scripted.connection.close()


@pytest.mark.parametrize("answer", [("s", ("none",)), ("", ()), ("u", (3,))])
def test_a_server_that_cannot_say_what_it_can_do_is_sent_text(
    rig: Rig, scripted: Scripted, answer: tuple[str, tuple[Any, ...]]
) -> None:
    """A reminder without buttons is better than none."""
    scripted.answers = [answer, ("u", (1,))]
    rig.ask()
    rig.until(lambda: scripted.serve() and rig.outcomes, "the answers")
    assert rig.outcomes == [None]
    assert scripted.calls[-1].body[5] == []


@pytest.mark.parametrize("answer", [("s", ("one",)), ("", ()), ("as", (["1"],)), ("u", (0,))])
def test_a_server_that_returns_no_id_does_not_fill_the_screen(
    rig: Rig, scripted: Scripted, answer: tuple[str, tuple[Any, ...]]
) -> None:
    """What it was sent counts as shown and is not changed; the next ones expire, since nobody can withdraw them."""
    scripted.answers = [("as", (["actions", "body"],)), answer, answer, ("u", (7,))]
    for words in (WORDS, replace(WORDS, fresh=False), WORDS, WORDS):
        rig.ask(words)
        rig.until(lambda: scripted.serve() or rig.outcomes, "the answers")
        assert rig.outcome() is None
    shown = [call for call in scripted.calls if call.header.fields[HeaderFields.member] == "Notify"]
    assert [(call.body[1], call.body[7]) for call in shown] == [(0, 0), (0, -1), (0, -1)]
    # The last one has an id.
    rig.desktop.withdraw()
    rig.until(lambda: scripted.serve() and scripted.calls[-1].body == (7,), "the withdrawal")


# --- whether another program may be made to show a notification


def test_no_other_program_waits_for_a_server_that_hangs(rig: Rig, server: Server) -> None:
    """It would show what nobody can withdraw when the server wakes up; one that refuses may take it from another."""
    rig.desktop.connect()
    assert rig.desktop.check_other_program() == SILENCE
    server.behave("hang")
    rig.ask()
    rig.until(lambda: server.unanswered, "the question")
    rig.wait(DELIVERY_TIMEOUT_SECONDS)
    assert rig.outcomes.pop() == SILENCE
    assert rig.desktop.check_other_program() == SILENCE
    server.catch_up()
    assert rig.show() is None
    assert rig.desktop.check_other_program() is None
    server.behave("hang")
    rig.ask_hanging(server)
    rig.wait(DELIVERY_TIMEOUT_SECONDS)
    assert rig.outcomes.pop() == SILENCE
    assert rig.desktop.check_other_program() == SILENCE
    server.catch_up()
    server.behave("fail")
    rig.until(lambda: rig.desktop.check_other_program() is None, "the late answer")
    refusal = rig.show()
    assert refusal
    assert refusal.startswith("the notification server refused: ")
    assert rig.desktop.check_other_program() is None


@pytest.mark.parametrize("is_let_in", [False, True])
def test_no_other_program_waits_for_a_bus_that_hangs(
    rig: Rig, bus: Bus, monkeypatch: pytest.MonkeyPatch, is_let_in: bool
) -> None:
    """Before and after it has let us in; a bus that does not exist is no obstacle in a session."""
    monkeypatch.setenv("DISPLAY", ":0")
    rig = rig.again()
    if is_let_in:
        rig.desktop.connect()
        assert select.select([rig.desktop.fileno()], [], [], GIVE_UP)[0], "the login is not answered"
    bus.freeze()
    rig.ask()
    rig.turn()
    rig.wait(DELIVERY_TIMEOUT_SECONDS)
    error = SILENCE if is_let_in else BUS_SILENT
    assert rig.outcomes.pop() == error
    assert rig.desktop.check_other_program() == error
    bus.thaw()
    bus.kill()
    rig.until(lambda: rig.desktop.fileno() < 0, "the loss")
    assert rig.show() == "the bus cannot be reached: No such file or directory"
    assert rig.desktop.check_other_program() is None
    rig.desktop.close()


def test_another_program_starts_no_server_past_the_one_a_minute(
    rig: Rig, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither after our own attempt nor twice; and none before the desktop is up."""
    rig.show()
    assert rig.desktop.check_other_program() == "no desktop session is up"
    monkeypatch.setenv("DISPLAY", ":0")
    rig = rig.again()
    assert rig.show() == "no notification server is running"
    assert len(bus.activations()) == 1
    assert rig.desktop.check_other_program() == "no notification server is running"
    rig.clock.now += RESTART_SECONDS
    assert rig.desktop.check_other_program() is None
    assert rig.desktop.check_other_program() == "no notification server is running"
    # The start that the other program has caused counts as ours.
    assert rig.show() == "no notification server is running"
    assert len(bus.activations()) == 1
    rig.desktop.close()


def test_another_program_is_tried_where_no_server_can_be_started(
    rig: Rig, bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have another way to the person's screen."""
    monkeypatch.setenv("DISPLAY", ":0")
    rig = rig.again()
    (tmp_path / f"session/services/{NOTIFICATIONS}.service").unlink()
    bus.call(new_method_call(BUS, "ReloadConfig"))
    for _ in range(2):
        assert rig.show() == "no notification server is running"
        assert rig.desktop.check_other_program() is None
    rig.desktop.close()


# --- no desktop yet


def test_no_server_is_started_before_the_desktop_is_up(rig: Rig, bus: Bus) -> None:
    """Without a display in our environment or the session's nobody is activated: it might never start again."""
    assert rig.show() == "no notification server is running, and no desktop session is up to start one"
    assert bus.activations() == []


def test_the_session_may_know_a_display_that_we_do_not(rig: Rig, bus: Bus) -> None:
    """A service is older than the desktop: the user manager's environment tells."""
    manager = Scripted(bus)
    Proxy(message_bus, manager.connection, timeout=GIVE_UP).ReleaseName(NOTIFICATIONS)
    Proxy(message_bus, manager.connection, timeout=GIVE_UP).RequestName("org.freedesktop.systemd1")
    rig.ask()
    manager.answers = [("v", (("as", ["PATH=/bin", "WAYLAND_DISPLAY=wayland-0"]),))]
    rig.until(lambda: manager.serve() and bus.activations(), "the activation")
    manager.connection.close()


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_with_a_display_the_bus_may_start_a_server(
    rig: Rig, bus: Bus, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Once: an update does not start it again right away, and it is given up in time."""
    monkeypatch.setenv(variable, "0")
    rig = rig.again()
    rig.ask()
    rig.until(bus.activations, "the activation")
    # The service that the bus started ends without ever owning the name.
    rig.clock.now += START_TIMEOUT_SECONDS
    assert rig.outcome() is not None
    assert rig.show(replace(WORDS, fresh=False)) == "no notification server is running"
    assert len(bus.activations()) == 1
    rig.desktop.close()


# --- a crash of our own


@pytest.mark.parametrize("fresh", [True, False])
def test_a_notification_of_the_run_before_is_closed(rig: Rig, server: Server, fresh: bool) -> None:
    """After a crash there are not two; it is not replaced, since it may have been a passing one."""
    rig.show()
    after = rig.again()
    assert after.show(replace(WORDS, title="After", fresh=fresh)) is None
    assert [(shown.id, shown.summary) for shown in server.on_screen] == [(2, "After")]
    assert (server.notifications[-1].replaces, [closing.id for closing in server.closings]) == (0, [1])
    after.heard.said.clear()
    after.turn()
    assert after.heard.said == []
    after.desktop.close()


def test_a_notification_of_the_run_before_is_withdrawn(rig: Rig, server: Server) -> None:
    """The device was unplugged meanwhile: asked for before the bus has even let us in."""
    rig.show()
    after = rig.again()
    after.desktop.connect()
    after.desktop.withdraw()
    after.until(lambda: not server.on_screen, "the withdrawal")
    assert not rig.remembered.exists()
    after.desktop.close()


def test_another_servers_number_is_not_used(rig: Rig, server: Server) -> None:
    """The server was replaced while we were away: the number means another program's notification now."""
    rig.show()
    server.kill()
    server.start()
    after = rig.again()
    assert after.show() is None
    assert server.notifications[-1].replaces == 0
    after.desktop.close()


@pytest.mark.parametrize(
    "content", [b"", b":1.1", b":1.1 x", b"\xff\xff", b":1.1 -5", b":1.1 99999999999", b"x" * 10_000]
)
def test_a_broken_note_is_no_note(rig: Rig, server: Server, bus: Bus, content: bytes) -> None:
    """Whatever the file holds, the reminder is shown."""
    rig.remembered.write_bytes(content.replace(b":1.1", bus.owner(NOTIFICATIONS).encode()))
    assert rig.show() is None
    assert len(server.on_screen) == 1
    rig.desktop.withdraw()
    rig.until(lambda: not server.on_screen, "the withdrawal")


@pytest.mark.usefixtures("server")
def test_the_note_follows_the_screen(rig: Rig) -> None:
    """It is there while something is shown; a folder that cannot be written to costs only the note."""
    rig.show()
    assert rig.remembered.read_text().endswith(" 1")
    rig.desktop.withdraw()
    assert not rig.remembered.exists()
    rig.remembered.mkdir()
    assert rig.show() is None


# --- the doctor's question


def test_a_check_shows_nothing(rig: Rig, server: Server) -> None:
    """It says what is there and what it lacks."""
    told: list[tuple[str | None, str]] = []
    rig.desktop.check(lambda trouble, what: told.append((trouble, what)))
    rig.until(lambda: told, "the answer")
    server.offer("body")
    rig.desktop.check(lambda trouble, what: told.append((trouble, what)))
    rig.until(lambda: len(told) == 2, "the answer")
    assert told == [
        (None, "a notification server is there"),
        (None, "a notification server is there, without buttons"),
    ]
    assert server.notifications == []


def test_a_check_says_what_is_wrong(rig: Rig, bus: Bus) -> None:
    """No server, a hung one, no bus; and nobody is started."""
    told: list[str | None] = []
    rig.desktop.check(lambda trouble, _: told.append(trouble))
    rig.until(lambda: told, "the answer")
    server = Server(bus)
    server.start()
    server.behave("hang")
    rig.desktop.check(lambda trouble, _: told.append(trouble))
    rig.until(lambda: server.unanswered, "the question")
    rig.wait(HANDSHAKE_TIMEOUT_SECONDS)
    wait_until(lambda: len(told) == 2, "the answer")
    server.kill()
    bus.kill()
    rig.until(lambda: rig.desktop.fileno() < 0, "the loss of the bus")
    rig.desktop.check(lambda trouble, _: told.append(trouble))
    assert told[:2] == ["no notification server is running", SILENCE]
    assert told[2]
    assert told[2].startswith("the bus cannot be reached")
    assert bus.activations() == []
