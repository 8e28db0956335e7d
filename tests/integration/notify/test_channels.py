"""plyer in a process of its own, with a notify-send that works, is missing, fails or hangs."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.tools import need
from tests.rig.turning import turn_once, turn_until
from tests.rig.wait import wait_until
from tests.unit.notify.test_channels import MESSAGE, Rig
from unplugd.eventloop import child
from unplugd.eventloop.child import POLL_SECONDS
from unplugd.notify.message import Message
from unplugd.notify.plyer import RETRY_SECONDS, TIMEOUT_SECONDS
from unplugd.notify.plyer_child import EXPIRE_SECONDS

if TYPE_CHECKING:
    from tests.rig.bus import Bus
    from tests.rig.server import Server


# --- plyer


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
    except (FileNotFoundError, ProcessLookupError):
        # The latter if it ends between the opening and the reading.
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
    assert rig.show() == "plyer does not support notifications on this system"
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


def test_plyer_imports_nothing_from_the_current_folder(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files there that are named like modules are not run, and the message is shown."""
    programs.notify_send(f"echo > {tmp_path}/shown")
    folder = tmp_path / "current"
    folder.mkdir()
    for name in ("json", "plyer", "warnings", "subprocess", "select", "random", "unplugd"):
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').close()\nraise SystemExit(1)\n"
        )
    monkeypatch.chdir(folder)
    assert Rig().show() is None
    assert (tmp_path / "shown").exists()
    assert not (tmp_path / "ran").exists()


def test_what_plyer_shows_goes_away(bus: Bus, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can withdraw it: the real notify-send is told when it expires, which is never 0."""
    need("notify-send")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    assert Rig().show() is None
    assert server.on_screen[0].timeout == EXPIRE_SECONDS * 1000
    assert not server.on_screen[0].hints.get("resident")


def test_after_a_failure_plyer_rests(programs: Programs, tmp_path: Path) -> None:
    """Each attempt may make the bus start a server, so there is one in a minute; a success needs no rest."""
    runs = tmp_path / "runs"
    programs.notify_send(f"echo >> {runs}; exit 1")
    rig = Rig()
    error = rig.show()
    assert error
    rig.clock.now += RETRY_SECONDS - 1
    assert rig.show() == error
    assert runs.read_text() == "\n"
    programs.notify_send(f"echo >> {runs}")
    rig.clock.now += 1
    assert [rig.show(), rig.show()] == [None, None]
    assert runs.read_text() == "\n\n\n"


def test_a_message_that_looks_like_an_option_is_refused(programs: Programs, tmp_path: Path) -> None:
    """notify-send would take them for one."""
    out = tmp_path / "ran"
    programs.notify_send(f"echo > {out}")
    error = Rig().show(Message("--icon=/etc/passwd", ("x",), fresh=True))
    assert error
    assert "looks like an option" in error
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
    programs.notify_send(f"echo $$ > {pid}; exec {sleep} infinity")
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
    rig = Rig("sleep", "infinity")
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
    rig = Rig("sleep", "infinity")
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
    rig = Rig("sh", "-c", "exec > /dev/null 2>&1; exec sleep infinity")
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
    rig = Rig("sleep", "infinity")
    rig.ask()
    rig.ask()
    assert rig.outcomes == ["superseded"]
    rig.plyer.close()


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_child_that_cannot_be_killed_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left behind if the system keeps it from dying."""
    monkeypatch.setattr(os, "killpg", lambda _group, _number: None)
    monkeypatch.setattr(child, "KILL_TIMEOUT_SECONDS", 0.05)
    rig = Rig("sleep", "infinity")
    rig.ask()
    left = rig.plyer.pid
    assert left
    rig.clock.now += TIMEOUT_SECONDS
    turn_once(rig.clock, rig.plyer)
    assert rig.outcomes == ["no answer in time"]
    os.kill(left, signal.SIGKILL)
    os.waitpid(left, 0)


def test_nothing_is_left_open() -> None:
    """After many messages there are as many descriptors as before."""
    rig = Rig("true")
    rig.show()
    # What other tests have left behind may go at any moment.
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        rig.show()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
