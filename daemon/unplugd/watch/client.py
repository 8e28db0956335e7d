"""Asks the running daemon, whatever the shell's environment is.

The lock beside the journal says where the daemon's socket is. If that socket is gone, or the file could not be locked,
the daemon also listens at a name (see `named_socket`). The socket in this shell's runtime folder comes last: it may
belong to the daemon of another journal. Only a process of the same user is asked.
"""

from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from unplugd import paths
from unplugd.errors import Failure
from unplugd.watch.control import CLIENT_TIMEOUT_SECONDS, MAX_PATH_BYTES
from unplugd.watch.lock import find_holder
from unplugd.watch.named_socket import make_name
from unplugd.watch.peer import find_peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unplugd.paths import Paths
    from unplugd.watch.lock import Holder

MAX_ANSWER_BYTES: Final = 4_000_000
TIMEOUT_SECONDS: Final = CLIENT_TIMEOUT_SECONDS + 3
RETRY_SECONDS: Final = 0.02
"""Seconds between two attempts while the daemon has too many clients."""


class NotRunningError(Exception):
    """No daemon is running. `remark` is what else is wrong, as the end of a sentence, with its `hint`; usually ""."""

    def __init__(self, remark: str = "", hint: str = "") -> None:
        super().__init__(f"unplugd is not running{remark}")
        self.remark = remark
        self.hint = hint


class NoAnswerError(Failure):
    """A daemon is running but does not answer in time, or not with a JSON object."""

    def __init__(self, process: str = "") -> None:
        which = f" (process {process})" if process else ""
        super().__init__("the daemon is running but not responding", f"stop it{which} and start it again")


class _NobodyError(Exception):
    """Nobody listens there."""


class _ForeignError(Exception):
    """Another user listens there."""


def ask(where: Paths, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the running daemon and return its answer; raises NotRunningError or Failure."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    line = json.dumps(request).encode() + b"\n"
    remark = hint = ""
    holder: Holder | None = None
    try:
        holder = find_holder(where.lock)
    except PermissionError:
        remark, hint = _explain_denial(where.lock)
    except OSError:
        # The file cannot be locked, so the daemon has only its name.
        pass
    for address in _list_addresses(where, holder):
        try:
            return _parse(_exchange(address, line, deadline))
        except _NobodyError:
            continue
        except _ForeignError:
            if not address.startswith("\0"):
                remark, hint = _explain_foreigner(address)
        except PermissionError:
            if not remark:
                remark, hint = _explain_denial(where.control)
        except (OSError, ValueError, RecursionError):
            raise NoAnswerError(holder.process if holder else "") from None
    if holder and holder.user != os.geteuid():
        process = f" (process {holder.process})" if holder.process else ""
        raise Failure(f"the unplugd that is running{process} belongs to another user", _SAME_USER_HINT)
    if holder:
        raise NoAnswerError(holder.process)
    raise NotRunningError(remark, hint)


_SAME_USER_HINT: Final = "run this as that user (without sudo, if that is you)"


def _list_addresses(where: Paths, holder: Holder | None) -> Iterator[str]:
    if holder and holder.socket:
        yield os.fspath(holder.socket)
    name = make_name(where.lock)
    if name:
        yield name
    yield os.fspath(where.control)


def _exchange(address: str, line: bytes, deadline: float) -> bytes:
    """Return the answer to a line. Raises _NobodyError, _ForeignError or OSError (TimeoutError at the deadline)."""
    if len(os.fsencode(address)) > MAX_PATH_BYTES:
        raise _NobodyError
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                connection.settimeout(max(RETRY_SECONDS, deadline - time.monotonic()))
                connection.connect(address)
                peer = find_peer(connection)
                if peer and not peer.is_me:
                    raise _ForeignError
                connection.sendall(line)
                if answer := _receive(connection, deadline):
                    return answer
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
                raise _NobodyError from None
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


def _parse(line: bytes) -> dict[str, Any]:
    answer = json.loads(line)
    return answer if isinstance(answer, dict) else {}


def _explain_foreigner(address: str) -> tuple[str, str]:
    shown = paths.shorten(paths.expand(address))
    return f"; what listens at {shown} belongs to another user", _SAME_USER_HINT


def _explain_denial(path: Path) -> tuple[str, str]:
    """Return which folder or file on the way to `path` may not be used, and how to change that."""
    closed = next(
        (place for place in reversed((path, *path.parents)) if place.exists() and not _is_open(place)), path
    )
    shown = paths.shorten(closed)
    quoted = paths.quote(closed)
    try:
        is_mine = closed.stat().st_uid == os.geteuid()
    except OSError:
        is_mine = False
    if is_mine:
        return f"; {shown} may not be used", f"chmod u+rwX {quoted}"
    return f"; {shown} belongs to another user", f'sudo chown -R "$(id -un)" {quoted}'


def _is_open(place: Path) -> bool:
    mode = os.X_OK if place.is_dir() else os.R_OK | os.W_OK
    return os.access(place, mode, effective_ids=os.access in os.supports_effective_ids)
