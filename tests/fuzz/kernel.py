"""What the kernel tells, in which a device and other programs choose names: uevents, sysfs, /proc."""

from __future__ import annotations

import os
import shutil
import socket
from functools import cache
from typing import TYPE_CHECKING, Final
from unittest import mock

import psutil

from tests.fuzz.target import SEPARATOR, folder_for, split
from tests.rig import harmless
from unplugd import sanitize
from unplugd.platforms import processes
from unplugd.platforms.linux import holders
from unplugd.platforms.linux.platform import Linux
from unplugd.platforms.linux.sysfs import Tree
from unplugd.platforms.linux.uevents import SUBSYSTEMS, Uevents, parse_subsystem
from unplugd.rules import devices, uploaders

if TYPE_CHECKING:
    from pathlib import Path

# --- uevents

UEVENT: Final = (
    b"add@/devices/pci0000:00/usb1/1-1\0ACTION=add\0DEVPATH=/devices/pci0000:00/usb1/1-1\0SUBSYSTEM=usb\0"
    b"DEVNAME=bus/usb/001/007\0DEVTYPE=usb_device\0PRODUCT=a21/8001/110\0SEQNUM=4711\0"
)
UDEV: Final = (
    b"libudev\0\xfe\xed\xca\xfe\x28\0\0\0\x28\0\0\0\x1c\0\0\0" + b"\0" * 16 + b"ACTION=add\0SUBSYSTEM=usb\0"
)


def find_uevent_seeds() -> list[bytes]:
    """Return announcements in the kernel's framing and in udev's."""
    others = [UEVENT.replace(b"=usb", subsystem) for subsystem in (b"=mem", b"=hidraw", b"=tty")]
    return [UEVENT, UDEV, *others, UEVENT + SEPARATOR + UDEV, b""]


def take_uevents(raw: bytes) -> None:
    """Announce each part on the socket: it means a look exactly if it is about a USB device or a node."""
    changes: list[None] = []
    heard = Uevents(lambda: changes.append(None))
    heard._socket.close()
    heard._socket, speaker = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard._socket.setblocking(False)
    # An empty datagram cannot be told from nothing.
    messages = [part for part in raw.split(SEPARATOR) if part]
    with speaker:
        for message in messages[:8]:
            speaker.send(message[:16384])
        heard.ready()
    heard.close()
    is_meant = any(parse_subsystem(message[:16384]) in SUBSYSTEMS for message in messages[:8])
    assert len(changes) == is_meant


# --- sysfs

ATTRIBUTES: Final = (
    "idVendor",
    "idProduct",
    "bDeviceClass",
    "busnum",
    "devnum",
    "product",
    "urbnum",
    "uevent",
)
STICK: Final = (
    b"0a21\n",
    b"8001\n",
    b"ff\n",
    b"1\n",
    b"7\n",
    b"CareLink USB\n",
    b"67\n",
    b"DEVNAME=bus/usb/001/007\n",
)


def find_sysfs_seeds() -> list[bytes]:
    """Return the attributes of a stick, and of a meter without a class."""
    meter = (b"1a79\n", b"6210\n", b"00\n", b"300\n", b"127\n", b"", b"4294967295\n", b"DEVNAME=hidraw0\n")
    return [SEPARATOR.join(STICK), SEPARATOR.join(meter), SEPARATOR.join((b"", *STICK[1:]))]


def take_sysfs(raw: bytes) -> None:
    """List a device with these attributes, and one below it that is as it should be, which is always found."""
    sysfs = folder_for("sysfs")
    for port, values in (("1-1.2", split(raw, len(ATTRIBUTES))), ("1-1.2.1", list(STICK))):
        for folder in (sysfs / f"bus/usb/devices/{port}", sysfs / f"bus/usb/devices/{port}/{port}:1.0"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "dev").touch()
            for name, value in zip(ATTRIBUTES, values, strict=True):
                (folder / name).write_bytes(value)
    tree, linux = Tree(sysfs), Linux(sysfs=sysfs)
    assert linux.scan(devices.BUILT_IN)[-1].port == "1-1.2.1"
    for device in linux.list_all_devices():
        harmless.on_terminal(sanitize.one_line(linux.product_names()(device.port)))
        assert all(node.startswith("/dev/") for node in tree.find_nodes(device))
        tree.count_transfers(device.port)
        tree.is_claimed(device.port)


# --- /proc

STAT: Final = "7 (%s) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0\n"
STATUS: Final = "Name:\tx\nPid:\t7\nPPid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"


def find_process_seeds() -> list[bytes]:
    """Return names and command lines of upload software, known by each of the ways in which it is known."""
    programs = (
        (b"java", b"java\0-jar\0/opt/uploader.jar\0", b"/usr/bin/java"),
        (
            b"tidepool-upload",
            b"/opt/Tidepool Uploader/tidepool-uploader\0--type=gpu\0",
            b"/opt/Tidepool Uploader/x",
        ),
        (b"python3", b"python3\0-m\0decocare.stick\0", b"/usr/bin/python3.11"),
        (b"ddguard.py", b"/usr/bin/python3\0/usr/local/bin/ddguard.py\0", b"/usr/bin/python3 (deleted)"),
        (b"VBoxHeadless", b"", b""),
    )
    return [SEPARATOR.join(program) for program in programs]


@cache
def _make_proc() -> Path:
    proc = folder_for("proc")
    for name in ("1", "7"):
        (proc / name / "fd").mkdir(parents=True)
        (proc / name / "status").write_text(STATUS)
    (proc / "1/comm").write_text("init\n")
    (proc / "1/stat").write_text(STAT.replace("7 (%s)", "1 (init)"))
    (proc / "1/cmdline").write_bytes(b"/sbin/init\0")
    (proc / "stat").write_text("cpu  0 0 0 0 0 0 0 0 0 0\nbtime 1700000000\n")
    return proc


def take_process(raw: bytes) -> None:
    """Look at a process with this name, command line and program: its name is shown harmless, and never stored whole."""
    comm, arguments, program = split(raw, 3)
    proc = _make_proc()
    # The kernel's own limit; only NUL cannot be in a name.
    name = comm.replace(b"\0", b"")[:15]
    (proc / "7/comm").write_bytes(name + b"\n")
    (proc / "7/stat").write_bytes(os.fsencode(STAT).replace(b"%s", name))
    (proc / "7/cmdline").write_bytes(arguments)
    (proc / "7/exe").unlink(missing_ok=True)
    if target := program.replace(b"\0", b"")[:4000]:
        os.symlink(target, os.fsencode(proc / "7/exe"))  # noqa: PTH211 - bytes
    with mock.patch.object(psutil, "PROCFS_PATH", str(proc)):
        found = holders.find_running(uploaders.BUILT_IN, str(proc))
        assert found is None or (found[0] in {known.name for known in uploaders.BUILT_IN} and found[1] >= 0)
        assert not holders.find_holders(["/dev/zero"], str(proc)).pids
        holder = processes.identify(7, uploaders.BUILT_IN)
    assert holder
    assert 0 < len(holder.name) <= sanitize.MAX_CHARACTERS
    harmless.on_terminal(holder.name)


def forget() -> None:
    """Make /proc anew where FOLDER has changed."""
    _make_proc.cache_clear()
    shutil.rmtree(folder_for("proc"), ignore_errors=True)
