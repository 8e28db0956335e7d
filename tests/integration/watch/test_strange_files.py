"""Pipes, devices and folders in place of unplugd's files, and another user's files: reminders go on, and it says so."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rig.command_line import harmless
from tests.rig.daemon import Daemon
from tests.rig.usb import STICK
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rig.bus import Bus
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

NEIGHBOUR = 54321
STRANGE: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
}


def is_reminded(server: Server) -> bool:
    """Whether a reminder is on the screen, where the news that the journal cannot be written may be as well."""
    return any("Unplug" in shown.summary for shown in server.on_screen)


@pytest.mark.parametrize("kind", STRANGE)
def test_in_place_of_the_journal(daemon: Daemon, server: Server, usb: Testbed, kind: str) -> None:
    """The events wait and are all written once it is gone; an older file that is none is passed over."""
    daemon.config(after_plug_in="0s")
    daemon.journal.parent.mkdir(mode=0o700)
    for path in (daemon.journal, daemon.journal.with_name("events.jsonl.1")):
        STRANGE[kind](path)
    daemon.start()
    stick = usb.plug(STICK)
    wait_until(lambda: is_reminded(server), "the reminder")
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


def test_folders_of_another_users(daemon: Daemon) -> None:
    """Root is refused there with one line, before anything is read or written."""
    if os.geteuid():
        pytest.skip("needs root, to give folders away")
    daemon.config()
    for name in ("state", "run"):
        folder = daemon.journal.parents[2] / name / "unplugd"
        folder.mkdir(mode=0o777)
        os.chown(folder, NEIGHBOUR, -1)
    done = daemon.command("run")
    assert done.code == 1
    assert "state/unplugd belongs to another user" in done.stderr
    assert not list(daemon.journal.parent.iterdir())


# --- what another user plants in folders that everybody may write to

PLANT = """
import fcntl, os, pathlib, socket, sys
how, user, state, run, precious = sys.argv[1:]
os.setgroups([])
os.setresgid(*[int(user)] * 3)
os.setresuid(*[int(user)] * 3)
state, run = pathlib.Path(state), pathlib.Path(run)
for path in (state / "events.jsonl", state / "events.jsonl.1", state / "events.lock", state / "control",
             run / "notification", run / "control"):
    if how == "links":
        path.symlink_to(precious)
    elif how == "pipes":
        os.mkfifo(path)
    elif path.name == "control":
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen()
        globals()[str(path)] = listening
        path.chmod(0o777)
    else:
        path.write_text("1\\n" + str(run / "control") + "\\n\\x1b]0;x\\x07\\x1b[2J\\n")
        path.chmod(0o666)
        globals()[str(path)] = file = path.open("r+")
        fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.readline()
for path in (run / "control", state / "control"):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    try:
        client.connect(str(path))
        client.sendall(b'{"command": "snooze"}\\n')
        print(client.recv(1000), flush=True)
    except OSError as error:
        print(error, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["links", "pipes", "files"])
def test_what_another_user_plants(
    open_folder: Path, usb: Testbed, bus: Bus, server: Server, how: str
) -> None:
    """The reminder comes, nothing is written through a link or to the terminal, and they get no answer."""
    if os.geteuid():
        pytest.skip("needs root, to be somebody else")
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={open_folder}/no-system-bus"}
    daemon = Daemon(open_folder, {**usb.environment, **nowhere, **bus.environment})
    daemon.config(after_plug_in="0s")
    precious = open_folder / "precious"
    precious.write_text("precious")
    precious.chmod(0o600)
    folders = [open_folder / "state/unplugd", open_folder / "run/unplugd"]
    for folder in folders:
        folder.parent.chmod(0o755)
        folder.mkdir()
        folder.chmod(0o777)
    command = [sys.executable, "-c", PLANT, how, str(NEIGHBOUR), *map(str, folders), str(precious)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as neighbour:
        assert neighbour.stdin
        assert neighbour.stdout
        assert neighbour.stdout.readline() == "\n"
        try:
            daemon.start()
            stick = usb.plug(STICK)
            wait_until(lambda: is_reminded(server), "the reminder")
            neighbour.stdin.write("ask\n")
            neighbour.stdin.flush()
            answers = neighbour.stdout.readline() + neighbour.stdout.readline()
            assert "snoozed" not in answers
            assert daemon.status()["process"] == daemon.pid
            for words in ("status", "snooze 1m", "snooze --cancel", "doctor", "log", "report", "run"):
                done = daemon.command(*words.split())
                assert harmless(done.stdout + done.stderr), words
            assert f"already running (process {daemon.pid})" in done.stderr
            assert [folder.stat().st_mode & 0o022 for folder in folders] == [0, 0]
            stick.unplug()
            wait_until(lambda: not is_reminded(server), "the reminder to be withdrawn")
            assert daemon.stop() == 0
            assert "Traceback" not in daemon.stderr
            assert harmless(daemon.stderr)
        finally:
            daemon.close()
            neighbour.kill()
    assert (precious.read_text(), precious.stat().st_mode & 0o777) == ("precious", 0o600)
