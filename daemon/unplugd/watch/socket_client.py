"""A command's end of the daemon's socket."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING

from unplugd.watch.control_socket import MAX_PATH_BYTES
from unplugd.watch.named_socket import make_name
from unplugd.watch.peer import find_peer
from unplugd.watch.protocol import MAX_ANSWER_BYTES, RETRY_SECONDS, ForeignError, NobodyError

if sys.platform == "win32":
    raise ImportError("Windows has no Unix sockets for Python")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.paths import Paths


def list_addresses(where: Paths, written: str) -> Iterator[str]:
    """Yield the addresses at which a daemon may listen; `written` is the one in the lock file, "" if none is."""
    if written.startswith("/"):
        yield written
    name = make_name(where.lock)
    if name:
        yield name
    yield os.fspath(where.control)


def exchange(address: str, line: bytes, deadline: float) -> bytes:
    """Return the answer to a line. Raises NobodyError, ForeignError or OSError (TimeoutError at the deadline)."""
    if len(os.fsencode(address)) > MAX_PATH_BYTES:
        raise NobodyError
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                connection.settimeout(max(RETRY_SECONDS, deadline - time.monotonic()))
                connection.connect(address)
                peer = find_peer(connection)
                if peer and not peer.is_me:
                    raise ForeignError
                connection.sendall(line)
                if answer := _receive(connection, deadline):
                    return answer
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
                raise NobodyError from None
            except (BlockingIOError, ConnectionResetError, BrokenPipeError):
                # The daemon has more clients than it can serve.
                pass
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(RETRY_SECONDS)


def _receive(connection: socket.socket, deadline: float) -> bytes:
    """Return one line, or nothing if the connection ends before it does; OSError if it is too long or too late."""
    received = bytearray()
    while not received.endswith(b"\n"):
        connection.settimeout(max(RETRY_SECONDS, deadline - time.monotonic()))
        more = connection.recv(65536)
        received += more
        if not more:
            return b""
        if len(received) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            raise TimeoutError
    return bytes(received)
