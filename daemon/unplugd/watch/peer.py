"""Who is at the other end of a Unix socket, as the kernel knows it."""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import NamedTuple

if sys.platform == "win32":
    raise ImportError("Windows has no Unix sockets for Python")


class Peer(NamedTuple):
    """A process id (0 if it is in another PID namespace) and a user id."""

    process: int
    user: int

    @property
    def is_me(self) -> bool:
        """Whether this is the same user; root is not."""
        return self.user == os.geteuid()


def find_peer(connection: socket.socket) -> Peer | None:
    """Return the peer; None if the system cannot tell (then the modes of the folders keep others out)."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    process, user, _ = struct.unpack("iIi", connection.getsockopt(socket.SOL_SOCKET, option, 12))
    return Peer(process, user)
