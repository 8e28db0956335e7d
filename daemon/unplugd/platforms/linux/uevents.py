"""The kernel's announcements of USB changes. They are hints to look, nothing more: they can be lost."""

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
"""The kernel's own announcements: they come even while udev is stopped, which group 2 (after udev's rules) does not."""
MAX_BURST: Final = 512
"""Messages taken at once, so that a flood cannot keep the rest of the program from its work."""


def parse_subsystem(message: bytes) -> str:
    """Return the subsystem that an announcement is about, in the kernel's framing or in udev's; "" if it has none."""
    if message.startswith(b"libudev\0"):
        # udev's header: magic, header size, offset and length of the properties (libudev's monitor protocol).
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
    """A source of the loop: calls `changed` when any USB device may have come or gone."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._socket = _open()

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._socket.fileno()

    def ready(self) -> None:
        """Drain the socket; an overflow or an error means that anything may have happened."""
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
                    self._socket = _open()
            else:
                changed = changed or parse_subsystem(message) == "usb"
        if changed:
            self._changed()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def _open() -> socket.socket:
    listening = socket.socket(AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
    listening.setblocking(False)
    try:
        listening.bind((0, KERNEL_GROUP))
    except OSError:
        listening.close()
        raise
    return listening
