"""A socket with a name in Linux's abstract namespace, which needs no file and exists as long as its process.

It is a lock: only one process can have the name. It is also an address that no shell's environment and no removed
folder hides. Any user can take any name, so whoever has it is asked for their user id. Network namespaces have names
of their own.
"""

from __future__ import annotations

import binascii
import os
import socket
import sys
from typing import TYPE_CHECKING

from unplugd.watch.peer import find_peer

if sys.platform == "win32":
    raise ImportError("Windows has no Unix sockets for Python")

if TYPE_CHECKING:
    from pathlib import Path

    from unplugd.watch.peer import Peer


def make_name(lock: Path, system: str = sys.platform) -> str | None:
    """Return the name that belongs to this lock file and user; None on other systems than Linux."""
    if system != "linux":
        return None
    # Everybody can read the names, so this must not contain the path, which may contain the user's name.
    number = binascii.crc32(os.fsencode(os.path.realpath(lock)))
    return f"\0unplugd/{os.geteuid()}/{number:08x}"


def take_name(name: str) -> socket.socket | None:
    """Listen at the name; None if somebody has it already."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(name)
        listening.listen()
    except OSError:
        listening.close()
        return None
    return listening


def find_owner(name: str) -> Peer | None:
    """Return who listens at the name; None if nobody does, or if that cannot be found out without waiting."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            connection.connect(name)
            return find_peer(connection)
        except OSError:
            return None
