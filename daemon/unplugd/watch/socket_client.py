"""A command's end of the daemon's socket."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

from unplugd import account, paths
from unplugd.watch.control_socket import MAX_PATH_BYTES
from unplugd.watch.named_socket import make_name
from unplugd.watch.peer import find_peer
from unplugd.watch.protocol import MAX_ANSWER_BYTES, RETRY_SECONDS, ForeignError, NobodyError

if sys.platform == "win32":
    raise ImportError("Windows has no Unix sockets for Python")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unplugd.paths import Paths


SAME_USER_HINT: Final = "run this as that user (without sudo, if that is you)"


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


def explain_foreigner(address: str) -> tuple[str, str]:
    """Return that what listens there is another user's, and what to do."""
    shown = paths.shorten(paths.expand(address))
    return f"; what listens at {shown} belongs to another user", SAME_USER_HINT


def explain_denial(path: Path) -> tuple[str, str]:
    """Return which folder or file on the way to `path` may not be used, and how to change that."""
    closed = next(
        (place for place in reversed((path, *path.parents)) if place.exists() and not _is_open(place)), path
    )
    shown = paths.shorten(closed)
    quoted = paths.quote(closed)
    try:
        is_mine = closed.stat().st_uid == account.find_user()
    except OSError:
        is_mine = False
    if is_mine:
        return f"; {shown} may not be used", f"chmod u+rwX {quoted}"
    return f"; {shown} belongs to another user", f'sudo chown -R "$(id -un)" {quoted}'


def _is_open(place: Path) -> bool:
    mode = os.X_OK if place.is_dir() else os.R_OK | os.W_OK
    return os.access(place, mode, effective_ids=os.access in os.supports_effective_ids)
