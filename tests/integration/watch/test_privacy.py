"""What must never be stored, logged or shown is planted, and looked for everywhere."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import Daemon
from tests.rig.usb import METER
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.bus import Bus
    from tests.rig.programs import Programs
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

SERIAL = "SN4711PLANTED"
TOKEN = "token-0815-planted"  # noqa: S105 - not a secret
USER = "planted-user"


@pytest.fixture
def planted(usb: Testbed, bus: Bus, tmp_path: Path) -> Iterator[Daemon]:
    """Yield unplugd as a user of this name runs it, whose folders all have it in their path."""
    folder = tmp_path / USER
    folder.mkdir()
    daemon = Daemon(folder, {**usb.environment, **bus.environment, "USER": USER, "LOGNAME": USER})
    daemon.environment["HOME"] = str(folder)
    yield daemon
    daemon.close()


def test_nothing_planted_comes_out(planted: Daemon, server: Server, usb: Testbed, programs: Programs) -> None:
    """No serial number, command line or user name is in the journal, the log, any answer or any notification."""
    planted.config(after_plug_in="0s", after_use="0s")
    planted.start()
    meter = usb.plug(replace(METER, serial=SERIAL))
    server.notified()
    uploader = programs.uploader(TOKEN)
    uploader.open(meter.nodes[-1])
    planted.wait_for("use_began")
    answers = [
        planted.command(*command)
        for command in (["status"], ["status", "--json"], ["status", "--prometheus"])
    ]
    uploader.close()
    planted.wait_for("use_ended")
    uploader.end()
    stranger = programs.start("photo-tool", f"--password={TOKEN}", USER)
    stranger.open(meter.nodes[0])
    planted.wait_for("stranger")
    # Errors like to name paths.
    planted.config(mistake=1)
    planted.reload()
    wait_until(lambda: "mistake" in planted.stderr, "the refusal")
    planted.hide_journal()
    stranger.close()
    wait_until(lambda: len(server.on_screen) > 0, "the reminder")
    meter.unplug()
    wait_until(lambda: "journal" in planted.stderr, "the complaint")
    answers += [
        planted.command(*command)
        for command in (
            ["status"],
            ["doctor"],
            ["doctor", "--json"],
            ["config", "check"],
            ["config", "show"],
            ["run"],
        )
    ]
    planted.return_journal()
    usb.plug(replace(METER, serial=SERIAL), "1-1.4")
    planted.wait_for("plugged_in", device="1-1.4")
    answers += [
        planted.command(*command)
        for command in (
            ["log"],
            ["log", "--format", "jsonl"],
            ["devices"],
            ["devices", "--json"],
            ["status", "--json"],
        )
    ]
    assert planted.stop(signal.SIGTERM) == 0

    said = {
        "journal": planted.journal.read_text(),
        "lock": planted.journal.with_name("events.lock").read_text(),
        "stderr": planted.stderr,
        "service manager": "\n".join(planted.manager_lines()),
        "notifications": "\n".join(
            f"{shown.text} {shown.hints} {shown.icon}" for shown in server.notifications
        ),
        "answers": "\n".join(answer.stdout + answer.stderr for answer in answers),
    }
    for where, text in said.items():
        assert text, where
        for secret in (SERIAL, TOKEN, USER):
            assert secret not in text, where


def test_files_are_the_users_alone(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Folders are 0700 and files 0600, whatever the umask is."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(METER)
    server.notified()
    daemon.wait_for("reminded")
    for folder in (daemon.journal.parent, daemon.home.parent / "run/unplugd"):
        assert folder.stat().st_mode & 0o777 == 0o700
        for file in folder.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600, file.name


def test_it_has_no_network_socket(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """While it watches and reminds, its sockets are those of this machine: of D-Bus, the kernel and its own commands."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(METER)
    server.notified()
    process = Path(f"/proc/{daemon.pid}")
    # A look opens files and closes them at once.
    with daemon.frozen():
        own = {str(path.readlink()) for path in (process / "fd").iterdir()}
    sockets = {link.removeprefix("socket:[").rstrip("]") for link in own if link.startswith("socket:")}
    # proc(5): the inode is the tenth word of a row, in /proc/net/packet the ninth.
    tables = {**dict.fromkeys(("tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6"), 9), "packet": 8}
    of_network = {
        row.split()[column]
        for name, column in tables.items()
        if (process / "net" / name).exists()
        for row in (process / "net" / name).read_text().splitlines()[1:]
    }
    assert sockets
    assert not sockets & of_network
