"""unplugd on a real kernel, under a real systemd, on a real desktop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.vm.build import OTHER_USER, USER

if TYPE_CHECKING:
    from tests.vm.conftest import Daemon
    from tests.vm.machine import Machine

STICK, METER = "0a21:8001", "1a79:6210"
AT_ONCE = """
[remind]
after_plug_in = "0s"
after_use = "0s"
[watch]
look_every = "500ms"
"""
# Long enough that a reminder before an upload begins would be a mistake, and then at once after it.
AFTER_USE = AT_ONCE.replace('after_plug_in = "0s"', 'after_plug_in = "1h"')
OTHERS = """
[[device]]
name = "Something else"
id = "1209:0001"
[[device]]
name = "Tablet"
id = "0627:0001"
"""
CLAIM = """
import sys, usb.core
device = usb.core.find(idVendor=0x1a79, idProduct=0x6210)
device.detach_kernel_driver(0)
usb.util.claim_interface(device, 0)
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_stick_that_is_left_in_is_reminded_of_until_it_is_unplugged(daemon: Daemon) -> None:
    """Plugged in, shown on the desktop; unplugged, and the notification is gone."""
    daemon.start(AT_ONCE)
    daemon.plug("stick")
    assert daemon.until("plugged_in", id=STICK)["device"] == "1-1"
    assert daemon.until("reminded")["channel"] == "desktop"
    daemon.shown(1)
    daemon.screenshot("vm-stick-left-in")
    daemon.unplug("stick")
    daemon.until("unplugged", id=STICK)
    daemon.shown(0)


@pytest.mark.parametrize(
    ("gadget", "node", "program", "called"),
    [
        ("meter", "/dev/hidraw0", ("java", "-jar", "uploader.jar", "SECRET-TOKEN"), "CareLink Uploader"),
        ("stick", "/dev/ttyUSB0", ("tidepool-uploader",), "Tidepool Uploader"),
        ("meter", "/dev/bus/usb/002/*", ("tidepool-uploader",), "Tidepool Uploader"),
    ],
    ids=["hidraw", "serial", "usbfs"],
)
def test_upload_software_that_holds_the_device_is_not_interrupted(
    daemon: Daemon, gadget: str, node: str, program: tuple[str, ...], called: str
) -> None:
    """While upload software has the device's node open there is no reminder; afterwards there is."""
    daemon.start(AFTER_USE)
    daemon.plug(gadget)
    daemon.until("plugged_in")
    path = daemon.node(node)
    uploader = daemon.program(*program)
    assert uploader.ask(f"o {path}") == "0"
    began = daemon.until("use_began")
    assert began["program"] == called
    assert path in began["evidence"]
    assert uploader.ask("c") == "0"
    daemon.until("use_ended", program=called)
    # As long as it runs it may go on.
    uploader.stop()
    assert "reminded" not in daemon.seen()
    daemon.until("reminded")
    assert not [secret for secret in ("SECRET", daemon.home, "-jar") if secret in str(daemon.events)]


def test_a_short_use_is_seen_at_once(daemon: Daemon) -> None:
    """Long before the next regular look; the reminder comes after it."""
    daemon.start(AFTER_USE.replace("500ms", "1h"))
    daemon.plug("meter")
    daemon.until("plugged_in", id=METER)
    hidraw = daemon.node("/dev/hidraw0")
    # Its node everybody may read from the start. hidraw's is watched by the first look after that, which it brings.
    usbfs = daemon.node("/dev/bus/usb/002/*")
    for path in (usbfs, hidraw):
        uploader = daemon.program("tidepool-uploader")
        assert uploader.ask(f"o {path}") == "0"
        assert path in daemon.until("use_began")["evidence"]
        assert uploader.ask("c") == "0"
        daemon.until("use_ended")
        uploader.stop()
    daemon.until("reminded")


def test_upload_software_that_holds_the_device_and_does_nothing_is_a_forgotten_window(daemon: Daemon) -> None:
    """The kernel counts no transfers of a program that only waits, whichever way it holds the device."""
    daemon.start(AFTER_USE.replace("[watch]", 'running_counts_for = "1s"\n[watch]'))
    daemon.plug("meter")
    daemon.until("plugged_in", id=METER)
    daemon.plug("stick")
    daemon.until("plugged_in", id=STICK)
    for pattern in ("/dev/bus/usb/002/*", "/dev/hidraw0", "/dev/ttyUSB0"):
        path = daemon.node(pattern)
        uploader = daemon.program("tidepool-uploader")
        assert uploader.ask(f"o {path}") == "0"
        daemon.until("use_began", evidence=f"holds {path}")
        ended = daemon.until("use_ended", evidence=f"holds {path}")
        assert ended["forgotten"]
        assert ended["still_for"] >= 1
        uploader.stop()


def test_another_users_program_that_claims_the_device_is_use(daemon: Daemon) -> None:
    """A libusb program of another user cannot be looked into, but its claim on the interface is seen."""
    daemon.start(AFTER_USE)
    daemon.plug("meter")
    daemon.until("plugged_in", id=METER)
    daemon.node("/dev/bus/usb/002/*")
    claimer = daemon.start_program("/usr/bin/python3", "-c", CLAIM, user=OTHER_USER)
    assert next(claimer.lines()) == "claimed"
    assert "usbfs" in daemon.until("use_began", id=METER)["evidence"]
    claimer.stop()
    daemon.until("use_ended", id=METER)
    assert "reminded" not in daemon.seen()
    daemon.until("reminded")


def test_data_that_another_users_program_moves_is_use(machine: Machine, daemon: Daemon) -> None:
    """Transfers count as use, whoever makes them."""
    daemon.start(AFTER_USE + OTHERS)
    daemon.plug("other")
    daemon.until("plugged_in")
    # Right after plug-in transfers say nothing yet: the kernel introduces itself.
    machine.sleep()
    machine.wake(after=300)
    daemon.until("resumed")
    path = daemon.node("/dev/hidraw0")
    stranger = daemon.program("someone", user=OTHER_USER)
    for order in (f"o {path}", "w a report", "w another"):
        assert stranger.ask(order) == "0"
        assert daemon.until("use_began")["evidence"] == "transfers"
        daemon.until("use_ended")


def test_a_night_asleep_with_the_stick_left_in(machine: Machine, daemon: Daemon) -> None:
    """Time asleep is time plugged in, and the reminder that came due meanwhile comes at once.

    The kernel's own transfers, when it wakes the stick up, are nobody's use.
    """
    transfers = "cat /sys/bus/usb/devices/1-1/urbnum"
    daemon.start(AFTER_USE)
    daemon.plug("stick")
    plugged = daemon.until("plugged_in", id=STICK)
    path = daemon.node("/dev/ttyUSB0")
    uploader = daemon.program("tidepool-uploader")
    assert uploader.ask(f"o {path}") == "0"
    daemon.until("use_began")
    uploader.stop()
    daemon.until("use_ended")
    assert daemon.until("reminded")["count"] == 1
    before = int(machine.shell(transfers))
    # A nap first: right after plug-in transfers say nothing, so that the night alone would prove nothing.
    for count, asleep in (2, 600), (3, 8 * 3600):
        machine.sleep()
        machine.wake(after=asleep)
        assert abs(daemon.until("resumed")["slept_for"] - asleep) < 60
        reminded = daemon.until("reminded")
        assert daemon.seen().count("use_began") == 1
        assert reminded["count"] == count
    assert int(machine.shell(transfers)) > before
    daemon.shown(1)
    daemon.screenshot("vm-after-a-night")
    daemon.unplug("stick")
    gone = daemon.until("unplugged", id=STICK)
    assert gone["plugged_for"] > 600 + 8 * 3600 - 5
    # However long the test takes.
    assert gone["plugged_for"] == pytest.approx(gone["uptime"] - plugged["uptime"], abs=0.01)
    daemon.shown(0)


def test_a_device_that_is_unplugged_or_plugged_in_asleep_is_noticed(machine: Machine, daemon: Daemon) -> None:
    """What changed while the computer slept is seen when it wakes up."""
    daemon.start(AT_ONCE + OTHERS)
    machine.plug_virtual("usb-tablet")
    daemon.until("plugged_in", id="0627:0001")
    daemon.until("reminded")
    machine.sleep()
    machine.unplug_virtual("usb-tablet")
    machine.wake(after=60)
    daemon.until("unplugged", id="0627:0001")
    daemon.shown(0)
    machine.sleep()
    machine.plug_virtual("usb-tablet")
    machine.wake(after=60)
    daemon.until("plugged_in", id="0627:0001")
    daemon.until("reminded")
    machine.unplug_virtual("usb-tablet")
    daemon.until("unplugged", id="0627:0001")


def test_the_service_of_a_person_who_installs_it_and_forgets_it(machine: Machine, daemon: Daemon) -> None:
    """From `service install` on a real desktop: greeted, reminded, not blind, not killed by sleep, gone again."""
    said = daemon.install(AFTER_USE)
    assert "A first notification was sent (via desktop)." in said
    daemon.shown(1)
    daemon.screenshot("vm-greeting")
    machine.shell("dunstctl close-all", user=USER)
    daemon.plug("stick")
    daemon.until("plugged_in", id=STICK)
    uploader = daemon.program("tidepool-uploader")
    assert uploader.ask(f"o {daemon.node('/dev/ttyUSB0')}") == "0"
    # The unit is hardened with all that does not hide this.
    assert daemon.until("use_began")["program"] == "Tidepool Uploader"
    pid = "$(systemctl --user show --value --property=MainPID unplugd.service)"
    machine.shell(f"until grep -qs ^inotify /proc/{pid}/fdinfo/*; do sleep 0.1; done", user=USER)
    uploader.stop()
    daemon.until("use_ended")
    assert daemon.until("reminded")["channel"] == "desktop"
    machine.sleep()
    machine.wake(after=3600)
    daemon.until("resumed")
    # A night is longer than the watchdog waits.
    restarts = "systemctl --user show --value --property=NRestarts unplugd.service"
    assert machine.shell(restarts, user=USER).strip() == "0"
    assert "Started unplugd.service" in machine.shell("unplugd service logs", user=USER)
    assert "state     running (process " in machine.shell("unplugd service status", user=USER)
    machine.shell("unplugd service uninstall", user=USER)
    assert daemon.until("stopped")["reason"] == "SIGTERM"
    daemon.shown(0)


def test_a_disk_that_is_full_from_the_start_keeps_nobody_from_being_reminded(
    machine: Machine, daemon: Daemon
) -> None:
    """The person is told once and reminded; when there is space, the journal has all that happened meanwhile."""
    folder = daemon.state
    machine.shell(f"mkdir -p {folder}", user=USER)
    machine.shell(f"mount -t tmpfs -o size=64k,mode=0700,uid={USER} tmpfs {folder}")
    try:
        machine.shell(f"cat /dev/zero >{folder}/filler 2>/dev/null || true", user=USER)
        daemon.start(AT_ONCE)
        daemon.shown(1)
        daemon.screenshot("vm-disk-full")
        machine.shell("dunstctl close-all", user=USER)
        daemon.shown(0)
        daemon.plug("stick")
        daemon.shown(1)
        daemon.screenshot("vm-reminder-on-a-full-disk")
        assert "The journal cannot be written" in machine.shell("unplugd status", user=USER)
        assert not daemon.seen()
        machine.shell(f"rm {folder}/filler", user=USER)
        daemon.until("reminded")
        assert daemon.seen() == ["started", "config_loaded", "plugged_in", "reminded"]
        restarts = "systemctl --user show --value --property=NRestarts unplugd.service"
        assert machine.shell(restarts, user=USER).strip() == "0"
    finally:
        machine.shell("systemctl --user stop unplugd", user=USER)
        machine.shell(f"umount --lazy {folder}")


def test_an_overflow_of_announcements_hides_nothing(machine: Machine, daemon: Daemon) -> None:
    """When the kernel had to drop its announcements, unplugd looks for itself."""
    room, lost = "/proc/sys/net/core/rmem_default", "awk '$2 == 15 {n += $9} END {exit !n}' /proc/net/netlink"
    # Room for a few: else it takes hundreds to fill, and udev half a minute to work them off.
    usual = machine.shell(f"cat {room}; echo 8192 >{room}")
    daemon.start(AT_ONCE)
    machine.shell(f"echo {usual} >{room}")
    daemon.signal("SIGSTOP")
    daemon.plug("meter")
    daemon.unplug("meter")
    daemon.plug("stick")
    machine.shell(f"until {lost}; do sleep 0.05; done")
    daemon.signal("SIGCONT")
    daemon.until("plugged_in", id=STICK)
    daemon.until("reminded")
    daemon.unplug("stick")
    daemon.until("unplugged", id=STICK)


def test_the_kernels_own_announcements_are_enough(machine: Machine, daemon: Daemon) -> None:
    """With udev stopped, plugging in and out is noticed all the same."""
    udev = "systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket"
    daemon.start(AT_ONCE)
    daemon.plug("stick")  # its kernel module is loaded by udev
    daemon.until("plugged_in", id=STICK)
    daemon.unplug("stick")
    daemon.until("unplugged", id=STICK)
    machine.shell(f"systemctl stop {udev}")
    try:
        daemon.plug("meter")
        daemon.until("plugged_in", id=METER)
        daemon.until("reminded")
        daemon.unplug("meter")
        daemon.until("unplugged", id=METER)
    finally:
        machine.shell(f"systemctl start {udev}")


def test_of_two_devices_the_one_left_in_is_still_reminded_of(daemon: Daemon) -> None:
    """One notification speaks of both; when one is unplugged it speaks of the other."""
    daemon.start(AT_ONCE)
    daemon.plug("stick")
    daemon.plug("meter")
    daemon.until("plugged_in", id=METER)
    assert [event["id"] for event in daemon.events if event["event"] == "plugged_in"] == [STICK, METER]
    daemon.until("reminded", devices=["1-1", "2-1"])
    daemon.shown(1)
    daemon.screenshot("vm-both")
    daemon.unplug("stick")
    daemon.until("unplugged", id=STICK)
    daemon.shown(1)
    daemon.screenshot("vm-the-meter-left")
    daemon.unplug("meter")
    daemon.until("unplugged", id=METER)
    daemon.shown(0)
