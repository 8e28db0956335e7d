"""The kernel's announcements, on real netlink sockets: heard in both framings, and never missed without a look."""

from __future__ import annotations

import os
import select
import socket
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.rig.shortage import no_descriptors
from unplugd.platforms.linux import uevents
from unplugd.platforms.linux.uevents import Uevents, parse_subsystem

if TYPE_CHECKING:
    from collections.abc import Iterator

SO_RCVBUFFORCE = 33
"""From Linux's socket.h; Python has no name for it, nor for the next two."""
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
OWN_GROUP = 32
"""A group of listeners that nobody else joins: what the kernel's group is told, every program of the machine hears."""
PLUG = (
    b"add@/devices/pci0000:00/0000:00:14.0/usb1/1-1\0ACTION=add\0"
    b"DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-1\0SUBSYSTEM=usb\0MAJOR=189\0MINOR=6\0"
    b"DEVNAME=bus/usb/001/007\0DEVTYPE=usb_device\0PRODUCT=a21/8001/110\0TYPE=255/255/255\0SEQNUM=4711\0"
)
OTHER = PLUG.replace(b"SUBSYSTEM=usb\0", b"SUBSYSTEM=mem\0")


def udev(properties: bytes, offset: int = 40) -> bytes:
    """Return udev's framing, as systemd's libudev writes it."""
    header = struct.pack(">8sI", b"libudev\0", 0xFEEDCAFE) + struct.pack("=III", 40, offset, len(properties))
    return header + b"\0" * 16 + properties


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (PLUG, "usb"),
        (OTHER, "mem"),
        (PLUG.replace(b"SUBSYSTEM=usb", b"SUBSYSTEM=usbmisc"), "usbmisc"),
        (PLUG.replace(b"SUBSYSTEM=usb\0", b""), ""),
        (PLUG.replace(b"SUBSYSTEM=usb", b"XSUBSYSTEM=usb"), ""),
        (b"SUBSYSTEM=usb\0ACTION=add\0", ""),
        (udev(b"ACTION=add\0SUBSYSTEM=usb\0"), "usb"),
        (udev(b"SUBSYSTEM=mem\0SUBSYSTEM_MATCHED=usb\0"), "mem"),
        (udev(b"SUBSYSTEM=usb\0", offset=4000), ""),
        (b"libudev\0" + b"\xff" * 40, ""),
        (b"libudev\0", ""),
        (b"", ""),
    ],
)
def test_what_an_announcement_is_about(message: bytes, expected: str) -> None:
    """The kernel's framing and udev's; the first line of the kernel's, which has no name, does not count."""
    assert parse_subsystem(message) == expected


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"libudev\0" + rest))
@example(udev(b"SUBSYSTEM=\xff\xfe\0"))
def test_any_bytes_are_borne(message: bytes) -> None:
    """Whatever arrives, a text comes out."""
    assert isinstance(parse_subsystem(message), str)


# --- on the socket


class Rig:
    def __init__(self) -> None:
        self.changes = 0
        self.heard = Uevents(self.changed)
        self.find()
        self.sender = socket.socket(uevents.AF_NETLINK, socket.SOCK_RAW, uevents.NETLINK_KOBJECT_UEVENT)
        self.sender.bind((0, 0))

    @contextmanager
    def listening(self) -> Iterator[socket.socket]:
        """Yield the socket that it listens on."""
        with socket.socket(fileno=os.dup(self.heard.fileno())) as same:
            yield same

    def find(self) -> None:
        """Learn where it is to be told something."""
        with self.listening() as listening:
            self.port = listening.getsockname()[0]

    def changed(self) -> None:
        self.changes += 1

    def say(self, message: bytes, group: int = 0) -> None:
        """Announce, to this listener alone or to a group of them."""
        try:
            self.sender.sendto(message, (0, group) if group else (self.port, 0))
        except PermissionError:
            pytest.skip("needs root to speak for the kernel")

    def waiting(self, seconds: float = 5) -> bool:
        return bool(select.select([self.heard], (), (), seconds)[0])

    def hear(self) -> int:
        """Return how often `changed` was called for all that has come."""
        before = self.changes
        while self.waiting(0):
            self.heard.ready()
        return self.changes - before


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.heard.close()
    rig.sender.close()


def test_a_plug_in_is_heard(rig: Rig) -> None:
    """In either framing, once for all that has come."""
    rig.say(PLUG)
    rig.say(PLUG)
    rig.say(udev(b"SUBSYSTEM=usb\0"))
    assert rig.waiting()
    rig.heard.ready()
    assert rig.changes == 1
    assert not rig.waiting(0)


@pytest.mark.parametrize("subsystem", [b"hidraw", b"usbmisc", b"tty"])
def test_a_node_that_a_driver_makes_is_heard(rig: Rig, subsystem: bytes) -> None:
    """It can come long after the plug-in."""
    rig.say(PLUG.replace(b"SUBSYSTEM=usb\0", b"SUBSYSTEM=" + subsystem + b"\0"))
    assert rig.waiting()
    assert rig.hear() == 1


def test_other_announcements_wake_nobody_up(rig: Rig) -> None:
    """A battery or a disk is no reason to look."""
    rig.say(OTHER)
    assert rig.waiting()
    rig.heard.ready()
    assert rig.changes == 0


def test_an_overflow_means_look(rig: Rig) -> None:
    """When more came than the socket holds, anything may have happened, even if none of what is left says so."""
    with rig.listening() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        listening.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, OWN_GROUP)
    for _ in range(200):
        # Not to its own address: that would wait until there is room.
        rig.say(OTHER, 1 << (OWN_GROUP - 1))
    assert rig.waiting()
    assert rig.hear() >= 1
    rig.say(PLUG)
    assert rig.hear() == 1


def test_a_flood_leaves_time_for_the_rest(rig: Rig) -> None:
    """One turn takes a bounded number; what is left is taken at the next."""
    with rig.listening() as listening:
        listening.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8_000_000)
    for _ in range(uevents.MAX_BURST + 10):
        rig.say(PLUG)
    rig.heard.ready()
    assert rig.waiting(0)
    rig.heard.ready()
    assert not rig.waiting(0)
    assert rig.changes == 2


def test_a_broken_socket_is_replaced(rig: Rig) -> None:
    """An error means look, and from then on a new socket listens."""
    with Path(os.devnull).open() as no_socket:
        os.dup2(no_socket.fileno(), rig.heard.fileno())
    rig.heard.ready()
    assert rig.changes == 1
    rig.find()
    rig.say(PLUG)
    assert rig.hear() == 1


def test_nothing_to_read_is_no_trouble(rig: Rig) -> None:
    """Being called for nothing does nothing."""
    rig.heard.ready()
    assert rig.changes == 0
    assert rig.heard.deadline() is None


def test_a_child_does_not_inherit_the_socket(rig: Rig) -> None:
    """Programs that the daemon starts hear nothing of it."""
    assert not os.get_inheritable(rig.heard.fileno())


def test_a_socket_that_cannot_be_replaced_is_tried_again(rig: Rig) -> None:
    """Without descriptors for a new one an error still only means look."""
    with Path(os.devnull).open() as no_socket:
        os.dup2(no_socket.fileno(), rig.heard.fileno())
    with no_descriptors():
        rig.heard.ready()
    assert rig.changes == 1
    rig.heard.ready()
    rig.find()
    rig.say(PLUG)
    assert rig.hear() == 1
