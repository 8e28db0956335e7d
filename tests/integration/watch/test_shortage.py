"""No descriptors are left: nothing new can be seen, but nobody stays unreminded, and afterwards all is as before."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.rig.shortage import no_descriptors
from tests.rig.usb import METER, STICK
from tests.rig.wait import never, wait_until

if TYPE_CHECKING:
    from tests.rig.daemon import Daemon
    from tests.rig.programs import Programs
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

SECONDS = 1.0


def spent(daemon: Daemon) -> float:
    """Return the seconds of a processor that it has used."""
    times = psutil.Process(daemon.pid).cpu_times()
    return times.user + times.system


@pytest.mark.parametrize("left", [0, 4, 12])
def test_a_reminder_needs_no_new_descriptor(daemon: Daemon, server: Server, usb: Testbed, left: int) -> None:
    """Plugged in, it neither ends nor spins, and reminds; when descriptors are free again it sees the unplug."""
    daemon.config(after_plug_in="1s", repeat=["1s"])
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("plugged_in")
    with no_descriptors(daemon.pid, left):
        server.notified()
        began, before = monotonic(), spent(daemon)
        never(lambda: not daemon.running(), "it ended", SECONDS)
        assert spent(daemon) - before < (monotonic() - began) / 2
        server.notified(2)
        stick.unplug()
    server.cleared()
    daemon.wait_for("unplugged")
    events = [event["event"] for event in daemon.events() if event["event"] != "reminded"]
    assert events == ["started", "config_loaded", "plugged_in", "reminder_ended", "unplugged"]
    assert daemon.stop() == 0


def test_what_is_plugged_in_meanwhile_is_seen_later(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Its announcement could not be followed, and there is no second one."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    with no_descriptors(daemon.pid):
        usb.plug(METER)
        wait_until(
            lambda: "cannot list the USB devices: Too many open files" in daemon.stderr, "the complaint"
        )
    server.notified()
    daemon.wait_for("plugged_in")
    wait_until(lambda: "can list the USB devices again" in daemon.stderr, "the all-clear")
    assert daemon.stderr.count("cannot list") == 1


def test_a_first_look_without_descriptors(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """Nothing that is loaded at the first look, such as psutil, ends it; who uses the device is found out later."""
    daemon.config(after_plug_in="0s", after_use="0s")
    daemon.start()
    # With a few, the device is listed, but not who holds it.
    with no_descriptors(daemon.pid, daemon.descriptors() + 1):
        stick = usb.plug(STICK)
        daemon.wait_for("plugged_in")
        server.notified()
        programs.uploader().open(stick.nodes[0])
        never(lambda: not daemon.running(), "it ended", SECONDS)
    daemon.wait_for("use_began")
    server.cleared()
