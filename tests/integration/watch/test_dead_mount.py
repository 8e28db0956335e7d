"""A network file system that has died holds up whoever asks it for anything: unplugd never does."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rig.child import Process
from tests.rig.network_mount import NetworkMount
from tests.rig.usb import METER, STICK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.daemon import Daemon
    from tests.rig.programs import Programs
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

HOLD = "import sys; print('up', flush=True); input(); node = open(sys.argv[1], 'rb'); print('held', flush=True); input()"


@pytest.fixture
def mount(tmp_path: Path, programs: Programs) -> Iterator[NetworkMount]:
    """Yield a network mount; it answers again before the programs that use it are ended."""
    del programs
    mount = NetworkMount(tmp_path / "network")
    yield mount
    mount.close()


@pytest.mark.parametrize("detached", [False, True])
def test_a_file_in_somebodys_folder_dev(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, mount: NetworkMount, detached: bool
) -> None:
    """An editor that has ~/dev/notes open on a dead mount, unmounted in vain or not, delays no reminder."""
    file = mount.folder / "dev/notes"
    file.parent.mkdir()
    file.write_text("mine")
    programs.start("editor").open(str(file))
    if detached:
        # Its path is from now on told from the mount's root: /dev/notes.
        mount.detach()
    mount.hang()
    daemon.config(after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    server.notified()
    programs.start("photo-tool").open(stick.nodes[0])
    daemon.wait_for("stranger")
    stick.unplug()
    server.cleared()


def test_the_working_folder_of_a_program_that_has_the_device_open(
    daemon: Daemon, server: Server, usb: Testbed, mount: NetworkMount
) -> None:
    """A program in a folder of a dead mount that was removed is named like any other."""
    folder = mount.folder / "work"
    folder.mkdir()
    daemon.config(after_plug_in="0s")
    daemon.start()
    meter = usb.plug(METER)
    server.notified()
    python = [sys.executable, "-I", "-c", HOLD, meter.nodes[0]]
    holder = Process(["env", "-C", folder, *python], {**os.environ, **usb.environment})
    try:
        assert holder.hear() == "up"
        folder.rmdir()
        mount.hang()
        assert holder.ask("") == "held"
        daemon.wait_for("stranger")
        assert daemon.status()["devices"][0]["strangers"]
    finally:
        holder.close()
