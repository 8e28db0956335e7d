"""Kernel uevents about USB devices. They only trigger a rescan, since they can be lost."""

from __future__ import annotations

import errno
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
MAX_BURST: Final = 512
"""Maximum number of messages read per turn, so that a flood does not starve the other sources."""


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
    """Calls `on_change` when any USB device may have come or gone."""

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
                    self._socket.close()
                    self._socket = _open_socket()
            else:
                changed = changed or parse_subsystem(message) == "usb"
        if changed:
            self._on_change()

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
