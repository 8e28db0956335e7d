"""Containers: where the kernel announces nothing, unplugd knows it, says so, and looks by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.child import Process
from tests.rig.tools import need_namespaces
from tests.rig.usb import STICK

if TYPE_CHECKING:
    from tests.rig.daemon import Daemon
    from tests.rig.usb import Testbed

OWN_USERS = ("unshare", "--user", "--map-root-user")
OWN_NETWORK = ("unshare", "--net")
ROOTLESS = (*OWN_USERS, "--net")
STRANGER = ("setpriv", "--reuid=5556", "--regid=5556", "--clear-groups")
UEVENT = Path("/sys/class/mem/null/uevent")
# Runs the program that follows, with a short time between two polls.
HASTY = """
import runpy, sys
from unplugd.platforms.linux import platform
platform.POLL_SECONDS = 0.05
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
CLAIM = "from unplugd.platforms.linux.uevents import arrive_here; print(arrive_here())"


@pytest.mark.parametrize(
    ("namespaces", "hears"),
    [
        ((), True),
        (OWN_NETWORK, True),
        (OWN_USERS, True),
        ((*OWN_NETWORK, *OWN_USERS), True),
        (ROOTLESS, False),
        ((*STRANGER, *ROOTLESS), False),
        ((*ROOTLESS, *OWN_NETWORK), False),
    ],
)
def test_what_it_says_of_a_namespace_is_true(namespaces: tuple[str, ...], *, hears: bool) -> None:
    """It says that announcements arrive in exactly those namespaces in which a real one does."""
    if not os.access(UEVENT, os.W_OK):
        pytest.skip("needs root and a /sys that can be written to")
    need_namespaces(*namespaces)
    listener = Process([*namespaces, "/usr/bin/python3", "-I", "-c", LISTENER], {"PATH": os.environ["PATH"]})
    try:
        assert listener.hear() == "listening"
        try:
            UEVENT.write_text("change")
        except OSError as error:
            pytest.skip(f"this /sys makes no announcements: {error.strerror}")
        # What is announced is there once the write returns.
        assert listener.ask("heard?") == str(hears)
    finally:
        listener.close()
    # Others may not enter every folder in which Python may be.
    own = [command for command in namespaces if command not in STRANGER]
    said = subprocess.check_output([*own, sys.executable, "-P", "-c", CLAIM], text=True)
    assert said == f"{hears}\n"


LISTENER = """
import socket
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)
netlink.bind((0, 1))
netlink.setblocking(False)
print("listening", flush=True)
input()
heard = False
try:
    # Those of other devices may come first.
    while not heard:
        heard = b"mem" in netlink.recv(16384)
except BlockingIOError:
    pass
print(heard, flush=True)
input()
"""


def test_doctor_says_that_nothing_is_announced(daemon: Daemon) -> None:
    """In plain words, with what can be done, as no failure; outside it says nothing of the kind."""
    need_namespaces(*ROOTLESS)
    outside = daemon.command("doctor").stdout
    assert "ok  plug-in events (via kernel uevents): can be received\n" in outside
    done = subprocess.run(
        [*ROOTLESS, *DOCTOR], env=daemon.environment, capture_output=True, text=True, check=False
    )
    assert (
        "--  plug-in events (via polled every 30 s): the kernel announces nothing in this container, so unplugd looks "
        "every 30 s\n"
        "      hint: run unplugd outside the container, or let the container use the host's network (--network=host)\n"
    ) in done.stdout


DOCTOR = (sys.executable, "-P", "-m", "unplugd", "doctor")


def test_a_plug_in_that_nobody_announces_is_noticed(daemon: Daemon, usb: Testbed) -> None:
    """In such a container the daemon polls, and sees a device come and go."""
    need_namespaces(*ROOTLESS)
    daemon.wrapper = (*ROOTLESS, sys.executable, "-P", "-c", HASTY)
    daemon.config()
    daemon.start()
    stick = usb.plug(STICK, announced=False)
    daemon.wait_for("plugged_in")
    stick.vanish()
    daemon.wait_for("unplugged")
