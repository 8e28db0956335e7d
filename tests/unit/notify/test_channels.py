"""The channels by their names, the terminal, and when plyer is not used."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import termios
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.turning import Clock, turn_until
from unplugd.notify.channel import Channel
from unplugd.notify.factory import make_channel
from unplugd.notify.message import Message
from unplugd.notify.plyer import Plyer
from unplugd.notify.terminal import Terminal
from unplugd.platforms.linux.platform import Linux
from unplugd.platforms.macos.platform import MacOS
from unplugd.platforms.portable import Portable
from unplugd.rules.events import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unplugd.platforms.protocol import Platform

MESSAGE = Message("Unplug the CareLink USB", ("Plugged in since 11:48.", "Disconnect it."), fresh=True)


# --- the terminal


@pytest.fixture
def pty() -> Iterator[tuple[int, io.TextIOWrapper]]:
    """Yield a terminal: the end that a person sees, and the end that a program writes to."""
    master, slave = os.openpty()
    stream = open(slave, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - a descriptor
    yield master, stream
    try:
        stream.close()
    except OSError:
        os.close(slave)
    with contextlib.suppress(OSError):
        os.close(master)


def show(channel: Terminal) -> list[str | None]:
    outcomes: list[str | None] = []
    channel.show(MESSAGE, outcomes.append)
    return outcomes


def test_the_terminal_shows_the_message_and_rings(pty: tuple[int, io.TextIOWrapper]) -> None:
    """Title and lines, each on a line of its own, and the bell once."""
    master, stream = pty
    assert show(Terminal(stream)) == [None]
    assert os.read(master, 4096).decode().split("\r\n") == [
        "\aUnplug the CareLink USB",
        "Plugged in since 11:48.",
        "Disconnect it.",
        "",
    ]


def test_a_pipe_is_no_terminal() -> None:
    """A log file that nobody reads is not a person: the reminder counts as not delivered."""
    stream = io.StringIO()
    assert show(Terminal(stream)) == ["unplugd was not started in a terminal"]
    assert stream.getvalue() == ""


def test_a_terminal_that_was_closed_is_an_error(pty: tuple[int, io.TextIOWrapper]) -> None:
    """The window is gone, but the daemon goes on."""
    master, stream = pty
    os.close(master)
    (error,) = show(Terminal(stream))
    assert error


def test_a_paused_terminal_is_an_error(
    pty: tuple[int, io.TextIOWrapper], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-S nothing is written, which would block; nor with macOS' poll(), which calls every terminal invalid."""
    _master, stream = pty
    monkeypatch.delattr(select, "poll")
    termios.tcflow(stream.fileno(), termios.TCOOFF)
    assert show(Terminal(stream)) == ["the terminal is paused (Ctrl-S)"]
    termios.tcflow(stream.fileno(), termios.TCOON)
    assert show(Terminal(stream)) == [None]


def test_a_closed_stream_is_an_error() -> None:
    """Both showing and checking report it."""
    stream = io.StringIO()
    stream.close()
    channel = Terminal(stream)
    (error,) = show(channel)
    assert error
    results: list[str | None] = []
    channel.check(lambda error, _: results.append(error))
    assert results[0]


def test_a_program_without_stderr_has_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Started with `2>&-` Python has no stderr at all."""
    monkeypatch.setattr(sys, "stderr", None)
    (error,) = show(Terminal())
    assert error


def test_a_check_says_whether_there_is_a_terminal(pty: tuple[int, io.TextIOWrapper]) -> None:
    """Without writing to it."""
    results: list[tuple[str | None, str]] = []
    for stream in (pty[1], io.StringIO()):
        Terminal(stream).check(lambda error, what: results.append((error, what)))
    assert results == [(None, "this terminal"), ("unplugd was not started in a terminal", "this terminal")]
    os.set_blocking(pty[0], False)
    with pytest.raises(BlockingIOError):
        os.read(pty[0], 1)


# --- plyer


class Rig:
    def __init__(self, *command: str, session_error: str | None = None) -> None:
        self.clock = Clock()
        self.outcomes: list[str | None] = []
        self.plyer = Plyer(self.clock, lambda: session_error, command)

    def ask(self, message: Message = MESSAGE) -> None:
        self.plyer.show(message, self.outcomes.append)

    def outcome(self) -> str | None:
        turn_until(self.clock, lambda: self.outcomes, "an outcome", self.plyer)
        return self.outcomes.pop(0)

    def show(self, message: Message = MESSAGE) -> str | None:
        self.ask(message)
        return self.outcome()


def test_before_the_session_is_up_plyer_is_not_used() -> None:
    """No child is started at all."""
    rig = Rig("sh", "-c", "exit 1", session_error="no desktop session is up")
    rig.ask()
    assert rig.outcomes == ["no desktop session is up"]
    assert rig.plyer.pid is None


# --- which there are


@pytest.mark.parametrize("platform", [Linux, MacOS, Portable])
def test_an_unknown_channel_is_an_error(platform: Callable[[], Platform]) -> None:
    """On no platform a name that is no channel's becomes another channel."""
    events: Any = None
    with pytest.raises(ValueError, match='no channel called "telegram"'):
        platform().channel("telegram", events)


@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "desktop"])
def test_every_channel_in_the_table_has_its_module(name: str) -> None:
    """Besides the desktop's own, each channel that can be configured can be made, and knows its name."""
    channel = make_channel(name, Clock())
    assert isinstance(channel, Channel)
    assert channel.name == name
