"""The channels of every platform: a real terminal, and plyer with a notify-send that works, is missing, fails or hangs."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.tools import need
from tests.rig.turning import Clock, turn_once, turn_until
from tests.rig.wait import wait_until
from unplugd.eventloop import child
from unplugd.eventloop.child import POLL_SECONDS
from unplugd.notify.channel import Channel
from unplugd.notify.message import Message
from unplugd.notify.plyer import TIMEOUT_SECONDS, Plyer
from unplugd.notify.registry import make_channel
from unplugd.notify.terminal import Terminal
from unplugd.platforms.linux.platform import Linux
from unplugd.platforms.macos.platform import MacOS
from unplugd.platforms.portable import Portable
from unplugd.rules.model import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rig.bus import Bus
    from tests.rig.server import Server
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


class Programs:
    """A PATH with nothing on it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def notify_send(self, script: str) -> None:
        file = self.folder / "notify-send"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


def is_running(process: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(") ")[2][0] != "Z"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = Programs(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(programs.folder))
    return programs


def test_plyer_shows_the_message_by_the_real_notify_send(
    bus: Bus, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real bus: title and lines arrive."""
    need("notify-send")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    assert Rig().show() is None
    (notification,) = server.on_screen
    assert (notification.summary, notification.body) == (MESSAGE.title, "\n".join(MESSAGE.lines))


def test_without_a_server_notify_send_fails(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit status, which plyer ignores, becomes an error."""
    need("notify-send")
    bus.kill()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    error = Rig().show()
    assert error
    assert "notify-send failed" in error


@pytest.mark.usefixtures("programs")
def test_without_notify_send_nothing_was_shown() -> None:
    """Where plyer would silently do nothing, the channel reports an error."""
    rig = Rig()
    assert rig.show() == "plyer has no way to notify here"
    results: list[str | None] = []
    rig.plyer.check(lambda error, _: results.append(error))
    assert results == ["there is no notify-send for it to use"]


def test_plyer_passes_the_message_on_unchanged(programs: Programs, tmp_path: Path) -> None:
    """Quotes, dollars and line ends reach notify-send untouched."""
    out = tmp_path / "arguments"
    programs.notify_send(f'printf "%s\\n--\\n" "$1" "$2" > {out}')
    hostile = Message("$(touch x) `id` \"'", ("a;b", "<b>c</b>"), fresh=True)
    assert Rig().show(hostile) is None
    assert out.read_text() == "$(touch x) `id` \"'\n--\na;b\n<b>c</b>\n--\n"


def test_a_message_that_looks_like_an_option_is_refused(programs: Programs, tmp_path: Path) -> None:
    """notify-send would take them for one."""
    out = tmp_path / "ran"
    programs.notify_send(f"echo > {out}")
    error = Rig().show(Message("--icon=/etc/passwd", ("x",), fresh=True))
    assert error
    assert "look like an option" in error
    assert not out.exists()


def test_a_failing_notify_send_is_a_failure(programs: Programs) -> None:
    """Its own output, which may name paths, is not repeated."""
    programs.notify_send("echo secret /home/ann >&2; exit 1")
    error = Rig().show()
    assert error
    assert "notify-send failed" in error
    assert "ann" not in error


def test_a_hanging_child_is_killed(programs: Programs, tmp_path: Path) -> None:
    """At its deadline and not before; neither it nor what it started stays behind."""
    pid = tmp_path / "pid"
    sleep = shutil.which("sleep", path="/usr/bin:/bin")
    programs.notify_send(f"echo $$ > {pid}; exec {sleep} 60")
    rig = Rig()
    rig.ask()
    turn_until(rig.clock, lambda: pid.exists() and pid.read_text().strip(), "the child", rig.plyer)
    process = rig.plyer.pid
    assert process
    rig.clock.now += TIMEOUT_SECONDS - 0.1
    turn_once(rig.clock, rig.plyer)
    assert rig.outcomes == []
    rig.clock.now += 0.1
    turn_once(rig.clock, rig.plyer)
    assert rig.outcomes == ["no answer in time"]
    assert (rig.plyer.fileno(), rig.plyer.deadline()) == (-1, None)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    wait_until(lambda: not is_running(int(pid.read_text())), "the end of notify-send")


def test_a_newer_message_replaces_a_waiting_one() -> None:
    """The older one is reported as superseded, and its child is killed."""
    rig = Rig("sleep", "60")
    rig.ask()
    first = rig.plyer.pid
    assert first
    rig.ask()
    assert rig.outcomes == ["superseded"]
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    rig.plyer.close()


def test_closing_kills_the_child_silently() -> None:
    """At the end of the daemon nothing is reported any more."""
    rig = Rig("sleep", "60")
    rig.ask()
    process = rig.plyer.pid
    assert process
    rig.plyer.close()
    assert rig.outcomes == []
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (("sh", "-c", "cat > /dev/null; echo plyer: one; echo plyer: two; exit 3"), "plyer: two"),
        (("sh", "-c", "cat > /dev/null; echo Traceback; echo /home/ann; exit 1"), "exit status 1"),
        (("sh", "-c", "cat > /dev/null; exit 3"), "exit status 3"),
        (("sh", "-c", "cat > /dev/null; printf 'plyer: \\033[31mred\\n'; exit 1"), "plyer: [31mred"),
        (("sh", "-c", "cat > /dev/null; kill -9 $$"), "exit status -9"),
        (
            ("sh", "-c", "cat > /dev/null; echo plyer $(head -c 3000 /dev/zero | tr '\\0' x); exit 1"),
            "plyer " + "x" * 113 + "…",
        ),
        (("/no/such/program",), "cannot start: No such file or directory"),
    ],
)
def test_the_last_line_of_a_child_is_the_error(command: tuple[str, ...], error: str) -> None:
    """Sanitized and short, if it is one of ours; otherwise the exit status, and never a traceback."""
    assert Rig(*command).show() == error


@pytest.mark.parametrize(("code", "outcome"), [(0, None), (3, "exit status 3")])
def test_a_child_may_take_its_time_to_end(tmp_path: Path, code: int, outcome: str | None) -> None:
    """Once it has closed its output it is polled: a late success still counts, and nothing blocks."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    rig = Rig("sh", "-c", f"cat > /dev/null; exec > /dev/null 2>&1; read -r _ < {fifo}; exit {code}")
    rig.ask()
    turn_until(rig.clock, lambda: rig.plyer.fileno() < 0, "the end of its output", rig.plyer)
    for _ in range(3):
        assert rig.plyer.deadline() == rig.clock.now + POLL_SECONDS
        rig.clock.now += POLL_SECONDS
        turn_once(rig.clock, rig.plyer)
    assert rig.outcomes == []
    fifo.write_text("\n")
    assert rig.outcome() == outcome


def test_a_child_that_never_ends_is_killed() -> None:
    """Even if it has closed its output: at its deadline, not later."""
    rig = Rig("sh", "-c", "exec > /dev/null 2>&1; exec sleep 60")
    rig.ask()
    turn_until(rig.clock, lambda: rig.plyer.fileno() < 0, "the end of its output", rig.plyer)
    rig.clock.now += TIMEOUT_SECONDS - POLL_SECONDS / 2
    assert rig.plyer.deadline() == rig.clock.now + POLL_SECONDS / 2
    rig.clock.now += POLL_SECONDS
    turn_once(rig.clock, rig.plyer)
    assert rig.outcomes == ["no answer in time"]
    assert rig.plyer.deadline() is None


@pytest.mark.parametrize("error", [PermissionError, ProcessLookupError])
def test_a_child_that_ends_as_it_is_killed_is_no_error(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    """macOS does not let one kill a group of which only zombies are left."""  # noqa: D403 - its name
    killpg = os.killpg

    def late(group: int, number: int) -> None:
        killpg(group, number)
        raise error

    monkeypatch.setattr(os, "killpg", late)
    rig = Rig("sleep", "60")
    rig.ask()
    rig.ask()
    assert rig.outcomes == ["superseded"]
    rig.plyer.close()


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_child_that_cannot_be_killed_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left behind if the system keeps it from dying."""
    monkeypatch.setattr(os, "killpg", lambda _group, _number: None)
    monkeypatch.setattr(child, "KILL_TIMEOUT_SECONDS", 0.05)
    rig = Rig("sleep", "60")
    rig.ask()
    left = rig.plyer.pid
    assert left
    rig.clock.now += TIMEOUT_SECONDS
    turn_once(rig.clock, rig.plyer)
    assert rig.outcomes == ["no answer in time"]
    os.kill(left, signal.SIGKILL)
    os.waitpid(left, 0)


def test_before_the_session_is_up_plyer_is_not_used() -> None:
    """No child is started at all."""
    rig = Rig("sh", "-c", "exit 1", session_error="no desktop session is up")
    rig.ask()
    assert rig.outcomes == ["no desktop session is up"]
    assert rig.plyer.pid is None


def test_nothing_is_left_open() -> None:
    """After many messages there are as many descriptors as before."""
    rig = Rig("true")
    rig.show()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        rig.show()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


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
