"""Notifications on macOS: by the applet or by osascript, with each of them there, absent, failing and hanging."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rig.mac import applescript
from tests.rig.mac.machine import USER, Mac
from tests.rig.turning import Clock, turn_once, turn_until
from unplugd.notify.message import Message
from unplugd.platforms.macos import notification
from unplugd.platforms.macos.notification import TIMEOUT_SECONDS, Notification
from unplugd_service.applet import Applet
from unplugd_service.system import RealSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from unplugd.notify.channel import NotificationListener

WORDS = Message("Unplug the CareLink USB", ("Plugged in since 11:48.", "Disconnect it."), fresh=True)
TEXT = "Plugged in since 11:48.\nDisconnect it."


class Nobody:
    """Who is told nothing: macOS has no buttons for us, and says nothing."""

    def on_action(self, key: str) -> None:
        raise AssertionError(key)

    def on_closed(self, outcome: str) -> None:
        raise AssertionError(outcome)

    def on_lost(self) -> None:
        raise AssertionError

    def on_server_back(self) -> None:
        raise AssertionError

    def label_menu(self) -> tuple[tuple[str, str], ...]:
        return ()


class Rig:
    """The channel, on a Mac."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mac = Mac(folder, monkeypatch)
        self.clock = Clock()
        events: NotificationListener = Nobody()
        self.channel = Notification(self.clock, events)
        self.outcomes: list[str | None] = []
        self.applet = Applet()

    def with_applet(self) -> None:
        """Have the service installed, and with it the applet."""
        self.applet.install(RealSystem(lambda _line: None))
        (self.mac.folder / "calls").unlink()

    def ask(self, words: Message = WORDS) -> None:
        self.channel.show(words, self.outcomes.append)

    def turn_until(self, condition: Callable[[], object], what: str) -> None:
        """Turn the loop, time standing still."""
        turn_until(self.clock, condition, what, self.channel)

    def show(self, words: Message = WORDS) -> str | None:
        self.ask(words)
        self.turn_until_told(1)
        return self.outcomes.pop()

    def turn_until_told(self, count: int) -> None:
        """Turn the loop until there are so many outcomes; time passes for the look after the applet has taken a notice."""

        def told() -> bool:
            if not self.queue and self.channel.pid is None:
                self.clock.now += notification.POLL_SECONDS
            return len(self.outcomes) == count

        self.turn_until(told, "an outcome")

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
        turn_once(self.clock, self.channel)

    def told(self) -> tuple[str | None, str]:
        """Return what a check tells."""
        told: list[tuple[str | None, str]] = []
        self.channel.check(lambda trouble, what: told.append((trouble, what)))
        return told[0]

    @property
    def programs(self) -> list[str]:
        return [call[0] for call in self.mac.calls]

    @property
    def queue(self) -> list[str]:
        """The notices that wait."""
        with suppress(FileNotFoundError):
            return [file.read_text() for file in sorted(self.applet.notices.glob("*"))]
        # One was taken just now.
        return self.queue


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = Rig(tmp_path, monkeypatch)
    yield rig
    rig.channel.close()
    rig.mac.close()
    assert (rig.channel.fileno(), rig.channel.deadline()) == (-1, None)


# --- the applet


def test_the_applet_shows_the_words(rig: Rig) -> None:
    """Under unplugd's name; the notice is gone once it was taken."""
    rig.with_applet()
    assert rig.show() is None
    assert rig.mac.shown == [("unplugd", WORDS.title, TEXT)]
    assert rig.programs == ["open"]
    assert rig.queue == []
    assert rig.channel.layer == "applet"
    assert rig.told() == (None, "the applet ~/Applications/unplugd.app is there")


def test_words_from_outside_are_shown_as_they_are(rig: Rig) -> None:
    """A title of two lines is one line, so that no part of it becomes the text."""
    rig.with_applet()
    assert rig.show(Message('A\n"; quit', ("$(id)", "`id`", "-n"), fresh=True)) is None
    assert rig.mac.shown == [("unplugd", 'A "; quit', "$(id)\n`id`\n-n")]


def test_what_the_applet_does_not_take_in_time_osascript_shows(rig: Rig) -> None:
    """And only osascript: the notice is taken back."""
    rig.with_applet()
    rig.mac.misbehave("open", "nothing")
    rig.ask()
    rig.turn_until(lambda: rig.channel.pid is None, "open to end")
    assert rig.queue == [f"{WORDS.title}\n{TEXT}"]
    deadline = rig.channel.deadline()
    assert deadline is not None
    assert deadline - rig.clock.now <= notification.POLL_SECONDS
    rig.pass_(TIMEOUT_SECONDS - 0.1)
    assert (rig.outcomes, len(rig.queue)) == ([], 1)
    rig.pass_(0.1)
    assert rig.queue == []
    rig.turn_until(lambda: rig.outcomes, "an outcome")
    assert rig.outcomes == [None]
    assert rig.mac.shown == [("Script Editor", WORDS.title, TEXT)]
    assert rig.channel.layer == "osascript"


def test_an_applet_that_takes_its_time_is_waited_for(rig: Rig) -> None:
    """On the slow cores everything takes long."""
    rig.with_applet()
    rig.mac.misbehave("open", "nothing")
    rig.ask()
    rig.turn_until(lambda: rig.channel.pid is None, "open to end")
    rig.pass_(10)
    (notice,) = rig.applet.notices.iterdir()
    notice.unlink()
    rig.pass_(notification.POLL_SECONDS)
    assert rig.outcomes == [None]
    assert rig.programs == ["open"]


def test_an_applet_that_is_quick_is_not_waited_for(rig: Rig) -> None:
    """What it has taken before `open` ends was taken: no time passes."""
    rig.with_applet()
    rig.mac.misbehave("open", "at once")
    rig.ask()
    rig.turn_until(lambda: rig.outcomes, "an outcome")
    assert (rig.outcomes, rig.mac.shown) == ([None], [("unplugd", WORDS.title, TEXT)])


def test_where_the_applet_does_not_start_osascript_shows_it(rig: Rig) -> None:
    """At once; and the applet is tried again next time."""
    rig.with_applet()
    rig.mac.misbehave("open", 1)
    assert rig.show() is None
    assert rig.mac.shown == [("Script Editor", WORDS.title, TEXT)]
    assert (rig.queue, rig.channel.layer) == ([], "osascript")
    assert rig.show() is None
    assert rig.mac.shown[1][0] == "unplugd"
    assert rig.channel.layer == "applet"


def test_where_open_hangs_osascript_shows_it(rig: Rig) -> None:
    """After its time, and no process is left."""
    rig.with_applet()
    rig.mac.misbehave("open", "hang")
    rig.ask()
    rig.turn_until(lambda: rig.programs == ["open"], "open to begin")
    process = rig.channel.pid
    assert process
    rig.pass_(TIMEOUT_SECONDS - 0.1)
    assert rig.programs == ["open"]
    rig.pass_(0.1)
    rig.turn_until(lambda: rig.outcomes, "an outcome")
    assert rig.outcomes == [None]
    assert rig.mac.shown[0][0] == "Script Editor"
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_where_the_folder_cannot_be_written_osascript_shows_it(rig: Rig) -> None:
    rig.with_applet()
    rig.applet.notices.rmdir()
    rig.applet.notices.write_text("a file")
    assert rig.show() is None
    assert rig.programs == ["osascript"]
    assert rig.channel.layer == "osascript"


def test_the_folder_is_the_users_alone(rig: Rig) -> None:
    """It is made where it is missing."""
    rig.with_applet()
    rig.applet.notices.rmdir()
    assert rig.show() is None
    assert rig.applet.notices.stat().st_mode & 0o777 == 0o700
    assert rig.programs == ["open"]


# --- osascript


def test_without_the_applet_osascript_shows_the_words(rig: Rig) -> None:
    """They are its arguments, never part of the script."""
    hostile = Message('-e "', ('" & (do shell script "id") & "', "--", "$(id)"), fresh=True)
    assert rig.show(hostile) is None
    assert rig.mac.shown == [("Script Editor", '-e "', '" & (do shell script "id") & "\n--\n$(id)')]
    assert rig.mac.calls[0][:7] == [
        *("osascript", "-e", "on run argv"),
        *("-e", "display notification (item 3 of argv) with title (item 2 of argv)"),
        *("-e", "end run"),
    ]
    assert rig.told() == (None, "osascript is there; its notifications appear as Script Editor's")
    assert rig.channel.layer == "osascript"


@given(st.text(), st.lists(st.text()))
def test_the_script_shows_its_arguments(title: str, lines: list[str]) -> None:
    """Whatever they are."""
    shown: list[tuple[str, str]] = []
    script = applescript.parse("\n".join(notification.SCRIPT))
    arguments = ["unplugd", title, "\n".join(lines)]
    applescript.Run(lambda title, text: shown.append((title, text)), arguments).block(script)
    assert shown == [(title, "\n".join(lines))]


def test_a_failing_osascript_is_a_failure(rig: Rig) -> None:
    """Its own words, which may name a path, are not repeated."""
    rig.mac.misbehave("osascript", 1)
    assert rig.show() == "osascript: exit status 1"


def test_a_hanging_osascript_is_ended(rig: Rig) -> None:
    rig.mac.misbehave("osascript", "hang")
    rig.ask()
    rig.turn_until(lambda: rig.programs == ["osascript"], "osascript to begin")
    rig.pass_(TIMEOUT_SECONDS)
    assert rig.outcomes == ["osascript: no answer in time"]


def test_without_either_it_is_a_failure(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once; the check says so, too."""
    monkeypatch.setenv("PATH", str(rig.mac.home))
    rig.ask()
    assert rig.outcomes == ["osascript: cannot start: No such file or directory"]
    assert rig.channel.layer == "none"
    assert rig.told()[0] == "there is no applet and no osascript"


def test_words_with_a_zero_byte_cannot_be_shown(rig: Rig) -> None:
    """No words of ours have one; it is no end of the daemon either."""
    rig.ask(Message("a\0b", ("\udcff",), fresh=True))
    assert rig.outcomes == ["the message cannot be shown"]


# --- one after the other


@pytest.mark.parametrize("applet", [True, False])
def test_a_newer_notification_takes_the_place_of_a_waiting_one(rig: Rig, *, applet: bool) -> None:
    """The older one is told so, once, and never shown."""
    if applet:
        rig.with_applet()
    rig.mac.misbehave("open" if applet else "osascript", "hang")
    rig.ask()
    rig.turn_until(lambda: rig.programs, "the first")
    rig.ask(Message("Newer", ("x",), fresh=True))
    assert rig.outcomes == ["superseded"]
    rig.turn_until_told(2)
    assert rig.outcomes[1] is None
    assert [(title, text) for _, title, text in rig.mac.shown] == [("Newer", "x")]


def test_withdrawing_takes_back_what_was_not_shown_yet(rig: Rig) -> None:
    """Also what an earlier run left, whole or not."""
    rig.with_applet()
    for name in ("1.txt", ".4711"):
        (rig.applet.notices / name).write_text(name)
    rig.mac.misbehave("open", "nothing")
    rig.ask()
    rig.turn_until(lambda: rig.channel.pid is None, "open to end")
    rig.channel.withdraw()
    assert rig.queue == []
    assert rig.channel.deadline() is None
    rig.pass_(TIMEOUT_SECONDS)
    assert rig.programs == ["open"]
    assert rig.mac.shown == []


def test_withdrawing_nothing_does_nothing(rig: Rig) -> None:
    """Before anything was shown, and without the folder."""
    rig.channel.withdraw()
    assert list(rig.mac.home.iterdir()) == []


@pytest.mark.parametrize("applet", [True, False])
def test_closing_ends_everything_quietly(rig: Rig, *, applet: bool) -> None:
    """At the daemon's end nobody is told anything any more, and nothing waits to be shown."""
    if applet:
        rig.with_applet()
    rig.mac.misbehave("open" if applet else "osascript", "hang")
    rig.ask()
    rig.turn_until(lambda: rig.programs, "the program")
    process = rig.channel.pid
    assert process
    rig.channel.close()
    assert (rig.outcomes, rig.queue) == ([], [])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_it_promises_nothing_that_macos_does_not_keep(rig: Rig) -> None:
    """No replacing; the name that the configuration knows; nobody's name in what is said."""
    assert (rig.channel.name, rig.channel.replaces) == ("desktop", False)
    rig.with_applet()
    assert USER not in rig.told()[1]
