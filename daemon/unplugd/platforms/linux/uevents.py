"""Kernel uevents about USB devices and their nodes. They only trigger a rescan, since they can be lost."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable

AF_NETLINK: Final[int] = getattr(socket, "AF_NETLINK", 16)
NETLINK_KOBJECT_UEVENT: Final = 15
KERNEL_GROUP: Final = 1
"""The kernel's own multicast group, which works even while udev is stopped; group 2 is udev's."""
SUBSYSTEMS: Final = frozenset({"usb", "hidraw", "usbmisc", "tty"})
"""USB devices, and the nodes of theirs that a driver can make later: hidraw, hiddev, serial."""
MAX_BURST: Final = 512
"""Maximum number of messages read per turn, so that a flood does not starve the other sources."""


NS_GET_USERNS: Final = 0xB701
"""The ioctl that returns a descriptor of the user namespace to which a namespace belongs (ioctl_ns(2))."""
INITIAL_USER_NAMESPACE: Final = 0xEFFFFFFD
"""Its inode number, which is the same on every Linux."""


def arrive_here(network: str = "/proc/self/ns/net") -> bool:
    """Return whether the kernel broadcasts uevents to this network namespace.

    It does so only if the namespace belongs to the initial user namespace. That of a container run without root belongs
    to the container's own, unless it uses the host's network.
    """
    try:
        namespace = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        # Without /proc, or in a kernel without namespaces.
        return True
    try:
        owner: int = fcntl.ioctl(namespace, NS_GET_USERNS)
    except OSError:
        # EPERM: it belongs to a user namespace above this process's, most likely to the initial one.
        return True
    finally:
        os.close(namespace)
    try:
        return os.fstat(owner).st_ino == INITIAL_USER_NAMESPACE
    finally:
        os.close(owner)


def parse_subsystem(message: bytes) -> str:
    """Return the subsystem of a uevent in the kernel's or udev's format, "" if it has none."""
    if message.startswith(b"libudev\0"):
        # udev's header: magic number, header size, offset and length of the properties (libudev's monitor protocol).
        if len(message) < 24:
            return ""
        offset, length = struct.unpack_from("=II", message, 16)
        properties = message[offset : offset + length]
    else:
        properties = message.partition(b"\0")[2]
    for pair in properties.split(b"\0"):
        if pair.startswith(b"SUBSYSTEM="):
            return pair[10:].decode(errors="replace")
    return ""


class Uevents(Source):
    """Calls `on_change` when any USB device or a node of one may have come or gone."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._socket = _open_socket()

    def fileno(self) -> int:
        """Return the descriptor of the netlink socket."""
        return self._socket.fileno()

    def ready(self) -> None:
        """Drain the socket; after an overflow or an error, anything may have changed."""
        changed = False
        for _ in range(MAX_BURST):
            try:
                message = self._socket.recv(16384)
            except BlockingIOError:
                break
            except OSError as error:
                changed = True
                if error.errno != errno.ENOBUFS:
                    self._reopen()
                    break
            else:
                changed = changed or parse_subsystem(message) in SUBSYSTEMS
        if changed:
            self._on_change()

    def _reopen(self) -> None:
        """Open a new socket, or keep the old one if there can be none, as in a shortage of descriptors."""
        with contextlib.suppress(OSError):
            fresh = _open_socket()
            self._socket.close()
            self._socket = fresh

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _open_socket() -> socket.socket:
    netlink = socket.socket(AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
    netlink.setblocking(False)
    try:
        netlink.bind((0, KERNEL_GROUP))
    except OSError:
        netlink.close()
        raise
    return netlink
