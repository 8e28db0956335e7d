"""A journal that cannot be written is no reason not to remind, and no reason to forget."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import LOOK_EVERY
from tests.rig.usb import STICK
from tests.rig.wait import never, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.rig.daemon import Daemon
    from tests.rig.programs import Programs
    from tests.rig.server import Notification, Server
    from tests.rig.usb import Testbed

TROUBLE = "unplugd cannot write its journal"


@contextmanager
def mount_disk(folder: Path, options: str = "") -> Iterator[None]:
    """Have a disk of 64 kB in a folder."""
    if os.geteuid():
        pytest.skip("needs root, to mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size=64k,mode=0700{options}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        # What still has a file open there ends after the test.
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(daemon: Daemon) -> Iterator[Path]:
    """Yield the state folder, on a disk of 64 kB."""
    folder = daemon.journal.parent
    folder.mkdir(mode=0o700)
    with mount_disk(folder):
        yield folder


def fill(file: Path) -> None:
    """Let a file take all that the disk has left."""
    with file.open("wb", buffering=0) as opened, suppress(OSError):
        while True:
            opened.write(b"x" * 512)


def reminders(shown: list[Notification]) -> list[Notification]:
    """Return the notifications that are about a device."""
    return [notification for notification in shown if notification.summary != TROUBLE]


def remind_and_unplug(
    server: Server, usb: Testbed, port: str, count: int = 1, daemon: Daemon | None = None
) -> None:
    """Plug the stick in, wait for the `count`th reminder, and unplug the stick until nothing reminds of it.

    With `daemon`, it counts as reminded of before it is unplugged, so that the journal says so.
    """
    stick = usb.plug(STICK, port)
    wait_until(lambda: len(reminders(server.notifications)) >= count, f"reminder {count}")
    if daemon:
        wait_until(lambda: daemon.status()["devices"][0]["reminded"], "the reminder to be delivered")
    stick.unplug()
    wait_until(lambda: not reminders(server.on_screen), "the reminder to be withdrawn")


def test_folder_is_removed(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Who removes the folder loses what was in it; the next event is in a new one."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    shutil.rmtree(daemon.journal.parent)
    stick.unplug()
    server.cleared()
    daemon.wait_for("unplugged")
    assert daemon.journal.stat().st_mode & 0o777 == 0o600


def test_folder_cannot_be_made(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """While nothing can be written the reminders go on; afterwards every event is there, in its order, at its time."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    daemon.hide_journal()
    remind_and_unplug(server, usb, "1-1.2", daemon=daemon)
    wait_until(lambda: "journal" in daemon.stderr, "the complaint")
    assert daemon.status()["journal"]["trouble"]
    _, complaint = daemon.stderr.splitlines()
    assert "journal" in complaint
    daemon.return_journal()
    usb.plug(STICK, "1-1.4")
    daemon.wait_for("plugged_in", device="1-1.4")
    daemon.wait_for("reminded", 2)
    events = [event["event"] for event in daemon.events()]
    expected = [
        "started",
        "config_loaded",
        "plugged_in",
        "reminded",
        "reminder_ended",
        "unplugged",
        "plugged_in",
        "reminded",
    ]
    assert events == expected
    times = [event["time"] for event in daemon.events()]
    assert times == sorted(times)
    assert not daemon.events("gap")


def test_disk_is_full(daemon: Daemon, server: Server, usb: Testbed, small_disk: Path) -> None:
    """On a full disk the reminders go on, no line is torn, and when there is room every event is written."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    filler = small_disk / "filler"
    fill(filler)
    # The page that the journal is in has some room left.
    for count in range(1, 31):
        remind_and_unplug(server, usb, f"1-1.{count}", count)
    wait_until(lambda: "No space" in daemon.stderr, "the complaint")
    filler.unlink()
    usb.plug(STICK, "1-1.99")
    daemon.wait_for("plugged_in", device="1-1.99")
    assert [event["device"] for event in daemon.events("unplugged")] == [
        f"1-1.{count}" for count in range(1, 31)
    ]
    assert not daemon.events("gap")


def test_what_was_lost_is_told(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """More than can be kept in memory is lost, the oldest first, and a `gap` says how much and from when to when."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    daemon.hide_journal()
    memory = daemon.memory("Anonymous")
    pairs = 260
    for count in range(1, pairs + 1):
        remind_and_unplug(server, usb, f"1-1.{count}", count)
    assert daemon.memory("Anonymous") - memory < 4096
    daemon.return_journal()
    usb.plug(STICK, "1-2")
    gap = daemon.wait_for("gap")
    assert 0 < gap["lost"] < pairs * 4
    assert gap["from"] <= gap["until"] < gap["time"]
    wait_until(lambda: daemon.events("plugged_in", device="1-2"), "the newest event")
    never(lambda: daemon.events("gap")[1:], "a second gap", 3 * LOOK_EVERY)
    kept = daemon.events("unplugged")
    assert kept[-1]["device"] == f"1-1.{pairs}"
    assert len(kept) < pairs


# --- from the start


def fill_disk(folder: Path) -> Callable[[], None]:
    """Leave no space; return what frees it."""
    fill(folder / "filler")
    return (folder / "filler").unlink


def make_read_only(folder: Path) -> Callable[[], None]:
    """Let nothing be changed; return what ends that."""
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)

    def repair() -> None:
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)

    return repair


def stand_in_the_way(folder: Path) -> Callable[[], None]:
    """Put a file where unplugd's folder would be; return what removes it."""
    (folder / "unplugd").write_text("")
    return (folder / "unplugd").unlink


def lock_up(folder: Path) -> Callable[[], None]:
    """Let the user not even look into a folder, as into root's; return what ends that."""
    folder.chmod(0)
    return lambda: folder.chmod(0o700)


@pytest.mark.parametrize("runtime", [True, False], ids=["runtime folder", "no runtime folder"])
@pytest.mark.parametrize("service", ["", "1"], ids=["by hand", "service"])
@pytest.mark.parametrize("break_state", [fill_disk, make_read_only, stand_in_the_way, lock_up])
def test_it_starts_where_nothing_can_be_written(
    daemon: Daemon,
    server: Server,
    usb: Testbed,
    break_state: Callable[[Path], Callable[[], None]],
    service: str,
    runtime: bool,
) -> None:
    """It reminds, says once what is wrong, answers commands, and later writes all that happened meanwhile."""
    daemon.environment["UNPLUGD_SERVICE"] = service
    if os.geteuid() == 0:
        # Root may open every folder; now it may not.
        daemon.wrapper = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    if not runtime:
        # Then the socket would be in the state folder.
        del daemon.environment["XDG_RUNTIME_DIR"]
    daemon.config(after_plug_in="0s")
    with ExitStack() as stack:
        if break_state in (fill_disk, make_read_only):
            stack.enter_context(mount_disk(daemon.state))
        repair = break_state(daemon.state)
        daemon.start()
        news = server.notified()
        assert (news.summary, news.hints["urgency"]) == (TROUBLE, 1)
        # A reminder before its delivery is known would take its place, and then it would be shown again.
        wait_until(lambda: daemon.status()["greeted"], "the news to be delivered")
        remind_and_unplug(server, usb, "1-1.2", daemon=daemon)
        assert daemon.status()["journal"]["waiting"] == 6
        told = daemon.command("status").stdout
        assert "The journal cannot be written: " in told
        assert "NO  daemon: cannot write its journal: " in daemon.command("doctor").stdout
        repair()
        remind_and_unplug(server, usb, "1-1.4", 2, daemon)
        daemon.wait_for("unplugged", device="1-1.4")
        period = ["plugged_in", "reminded", "reminder_ended", "unplugged"]
        assert [event["event"] for event in daemon.events()] == ["started", "config_loaded", *period, *period]
        assert [shown.summary for shown in server.notifications].count(TROUBLE) == 1
        assert daemon.status()["journal"] == {"trouble": None, "hint": None, "waiting": 0}
        assert daemon.stop() == 0


def test_a_disk_that_stays_full_costs_only_the_events(daemon: Daemon, server: Server) -> None:
    """At its end it says how many."""
    with mount_disk(daemon.state):
        fill_disk(daemon.state)
        daemon.start()
        server.notified()
        assert daemon.stop() == 0
        assert daemon.stderr.endswith(
            "3 events could not be written to the journal: No space left on device\n"
        )


def test_news_do_not_disturb_an_upload(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """That the journal cannot be written is told when the upload is over."""
    stand_in_the_way(daemon.state)
    stick = usb.plug(STICK)
    program = programs.uploader()
    program.open(stick.nodes[0])
    daemon.config(after_use="1h")
    daemon.start()
    assert daemon.status()["devices"][0]["use"] == "in use"
    assert daemon.status()["journal"]["trouble"]
    never(lambda: server.notifications, "news", 5 * LOOK_EVERY)
    program.close()
    assert server.notified().summary == TROUBLE


def test_without_any_folder_it_still_reminds(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """No state and no runtime folder: commands reach it, and a second one is refused."""
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        daemon.environment[name] = "/dev/null/none"
    daemon.config(after_plug_in="0s")
    daemon.start()
    remind_and_unplug(server, usb, "1-1.2")
    assert daemon.status()["process"] == daemon.pid
    assert daemon.command("run").stderr.startswith("unplugd: unplugd is already running")
    assert daemon.stop() == 0
