"""A journal that cannot be written is no reason not to remind, and no reason to forget."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import LOOK_EVERY
from tests.rig.usb import STICK
from tests.rig.wait import never, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Testbed


@pytest.fixture
def small_disk(daemon: Daemon) -> Iterator[Path]:
    """Yield the state folder, on a disk of 64 kB."""
    if os.geteuid():
        pytest.skip("needs root, to mount a small disk")
    folder = daemon.journal.parent
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", folder], check=True)
    yield folder
    daemon.close()
    subprocess.run(["umount", folder], check=True)


def fill(file: Path) -> None:
    """Let a file take all that the disk has left."""
    with file.open("wb", buffering=0) as opened, suppress(OSError):
        while True:
            opened.write(b"x" * 512)


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
    folder = daemon.journal.parent
    folder.rename(daemon.state / "elsewhere")
    folder.write_text("in the way")
    stick = usb.plug(STICK)
    server.notified()
    stick.unplug()
    server.cleared()
    wait_until(lambda: "journal" in daemon.stderr, "the complaint")
    assert daemon.status()["journal"]["trouble"]
    _, complaint = daemon.stderr.splitlines()
    assert "journal" in complaint
    folder.unlink()
    (daemon.state / "elsewhere").rename(folder)
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
        stick = usb.plug(STICK, f"1-1.{count}")
        server.notified(count)
        stick.unplug()
        server.cleared()
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
    folder = daemon.journal.parent
    folder.rename(daemon.state / "elsewhere")
    folder.write_text("in the way")
    memory = daemon.memory("Anonymous")
    pairs = 260
    for count in range(1, pairs + 1):
        stick = usb.plug(STICK, f"1-1.{count}")
        server.notified(count)
        stick.unplug()
        server.cleared()
    assert daemon.memory("Anonymous") - memory < 4096
    folder.unlink()
    (daemon.state / "elsewhere").rename(folder)
    usb.plug(STICK, "1-2")
    gap = daemon.wait_for("gap")
    assert 0 < gap["lost"] < pairs * 4
    assert gap["from"] <= gap["until"] < gap["time"]
    wait_until(lambda: daemon.events("plugged_in", device="1-2"), "the newest event")
    never(lambda: daemon.events("gap")[1:], "a second gap", 3 * LOOK_EVERY)
    kept = daemon.events("unplugged")
    assert kept[-1]["device"] == f"1-1.{pairs}"
    assert len(kept) < pairs
