"""Announcements of device changes, as the kernel frames them and as udev frames them, and who listens in a test bed."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

UDEV_MAGIC = 0xFEEDCAFE


@dataclass(frozen=True)
class Sent:
    """An announcement, and when it was sent (time.monotonic)."""

    action: str
    devpath: str
    monotonic: float


class Speaker:
    """Announces to every program that listens in the test bed `root`.

    umockdev gives each netlink socket of a program a Unix socket in the test bed's folder. Its own sender ends the
    process when a listener is ten messages behind; this one waits for the listener, as a kernel with its large
    buffer has no need to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = count(1)
        self.framing = "udev"
        self.sent: list[Sent] = []

    def say(self, action: str, devpath: str, subsystem: str, properties: Mapping[str, str]) -> Sent:
        """Announce one change."""
        pairs = {"ACTION": action, "DEVPATH": devpath, "SUBSYSTEM": subsystem, **properties}
        pairs["SEQNUM"] = str(next(self._numbers))
        body = b"".join(f"{key}={value}".encode() + b"\0" for key, value in pairs.items())
        if self.framing == "kernel":
            message = f"{action}@{devpath}".encode() + b"\0" + body
        else:
            message = udev_header(subsystem, properties.get("DEVTYPE", ""), len(body)) + body
        sent = Sent(action, devpath, time.monotonic())
        for listener in self._listeners():
            self._send(listener, message)
        self.sent.append(sent)
        return sent

    def _listeners(self) -> Iterator[Path]:
        return self._root.glob("event[0-9]*")

    def _send(self, listener: Path, message: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            speaker.settimeout(GIVE_UP)
            # Its program may have ended. Another one may be about to listen there: nothing is removed.
            with suppress(ConnectionRefusedError, FileNotFoundError):
                speaker.connect(str(listener))
                speaker.send(message)


def udev_header(subsystem: str, devtype: str, length: int) -> bytes:
    """Return the header that udev puts before `length` bytes of properties, for the filters of libudev's listeners."""
    hashes = (murmur(subsystem.encode()), murmur(devtype.encode()) if devtype else 0)
    return (
        b"libudev\0"
        + struct.pack("!I", UDEV_MAGIC)
        + struct.pack("=III", 40, 40, length)
        + struct.pack("!IIII", *hashes, 0, 0)
    )


def murmur(data: bytes) -> int:
    """Return MurmurHash2 with seed 0, by which udev's filters know a subsystem."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    value = len(data)
    whole = len(data) // 4 * 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        mixed = word * multiplier & mask
        mixed = (mixed ^ mixed >> 24) * multiplier & mask
        value = value * multiplier & mask ^ mixed
    if rest := data[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * multiplier & mask
    value = (value ^ value >> 13) * multiplier & mask
    return value ^ value >> 15
