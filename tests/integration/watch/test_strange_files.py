"""Pipes, devices and folders in place of unplugd's files, and another user's files: reminders go on, and it says so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.rig.usb import STICK
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

NEIGHBOUR = 54321
STRANGE: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_in_place_of_the_journal(daemon: Daemon, server: Server, usb: Testbed, kind: str) -> None:
    """The events wait and are all written once it is gone; an older file that is none is passed over."""
    daemon.config(after_plug_in="0s")
    daemon.journal.parent.mkdir(mode=0o700)
    for path in (daemon.journal, daemon.journal.with_name("events.jsonl.1")):
        STRANGE[kind](path)
    daemon.start()
    stick = usb.plug(STICK)
    server.notified()
    status = daemon.status()["journal"]
    assert status["trouble"] == f"it is a {kind}, not a file"
    assert status["waiting"] >= 3
    assert f"the journal cannot be written: it is a {kind}, not a file" in daemon.stderr
    daemon.journal.rename(daemon.journal.with_name("gone"))
    stick.unplug()
    server.cleared()
    daemon.wait_for("unplugged")
    assert len(daemon.events("started")) == len(daemon.events("plugged_in")) == 1


@pytest.mark.parametrize("kind", STRANGE)
def test_in_place_of_the_note(daemon: Daemon, server: Server, usb: Testbed, kind: str) -> None:
    """Without the file that remembers the notification it starts, reminds and withdraws all the same."""
    daemon.config(after_plug_in="0s")
    note = daemon.journal.parents[2] / "run/unplugd/notification"
    note.parent.mkdir(mode=0o700)
    STRANGE[kind](note)
    daemon.start()
    stick = usb.plug(STICK)
    server.notified()
    stick.unplug()
    server.cleared()


@pytest.mark.parametrize("kind", STRANGE)
def test_in_place_of_the_configuration(daemon: Daemon, server: Server, usb: Testbed, kind: str) -> None:
    """A service starts with the defaults, a person gets one line; while it runs the settings stay as they are."""
    configuration = daemon.journal.parents[2] / "config/unplugd/config.toml"
    configuration.parent.mkdir()
    STRANGE[kind](configuration)
    problem = f"config.toml: it is a {kind}, not a file; make it a file that you can read"
    for command in (["run"], ["config", "check"]):
        done = daemon.command(*command)
        assert done.code == 1
        assert problem in done.stderr
    daemon.environment["UNPLUGD_SERVICE"] = "1"
    daemon.start()
    assert daemon.status()["configuration"]["problems"] == [problem]
    configuration.rename(configuration.with_name("gone"))
    daemon.config(after_plug_in="0s")
    daemon.reload()
    daemon.wait_for("config_loaded", 2)
    configuration.unlink()
    STRANGE[kind](configuration)
    daemon.reload()
    wait_until(lambda: "keeping the old settings" in daemon.stderr, "the complaint")
    usb.plug(STICK)
    server.notified()


def test_folders_that_others_may_write_to(daemon: Daemon) -> None:
    """The right to do so is taken from them."""
    daemon.config()
    folders = [daemon.journal.parents[2] / name / "unplugd" for name in ("config", "state", "run")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    daemon.start()
    assert [folder.stat().st_mode & 0o022 for folder in folders] == [0, 0, 0]


def test_files_of_another_users(daemon: Daemon, server: Server, usb: Testbed, tmp_path: Path) -> None:
    """A configuration that would silence it is not used, a link is not written through, and `doctor` names both."""
    if os.geteuid():
        pytest.skip("needs root, to give files away")
    daemon.write_config('[remind]\nquiet_hours = ["00:00-23:59"]\n')
    configuration = daemon.journal.parents[2] / "config/unplugd/config.toml"
    os.chown(configuration, NEIGHBOUR, -1)
    precious = tmp_path / "precious"
    precious.write_text("precious")
    daemon.journal.parent.mkdir(mode=0o700)
    daemon.journal.symlink_to(precious)
    os.chown(daemon.journal, NEIGHBOUR, -1, follow_symlinks=False)
    daemon.environment["UNPLUGD_SERVICE"] = "1"
    daemon.start()
    status = daemon.status()
    assert status["configuration"]["problems"][0].startswith("config.toml: it belongs to another user; ")
    assert status["journal"]["trouble"] == "it belongs to another user"
    assert precious.read_text() == "precious"
    assert "config.toml: it belongs to another user" in daemon.command("doctor").stdout
    configuration.unlink()
    daemon.config(after_plug_in="0s")
    daemon.reload()
    usb.plug(STICK)
    server.notified()


def test_folders_of_another_users(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Nothing is read or written there, and it says so; the reminder comes."""
    if os.geteuid():
        pytest.skip("needs root, to give folders away")
    daemon.config(after_plug_in="0s")
    for name in ("state", "run"):
        folder = daemon.journal.parents[2] / name / "unplugd"
        folder.mkdir(mode=0o777)
        os.chown(folder, NEIGHBOUR, -1)
    daemon.start()
    usb.plug(STICK)
    server.notified()
    assert "run/unplugd: its folder belongs to another user; " in daemon.stderr
    assert "the journal cannot be written: its folder belongs to another user" in daemon.stderr
    assert not daemon.journal.exists()
