"""The control socket, through which commands talk to the daemon: one JSON object on one line in each direction."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_REQUEST_BYTES: Final = 4096
MAX_PATH_BYTES: Final = 103
"""Longest socket path, in bytes, that works on every system; macOS has the lowest limit."""
MAX_CLIENTS: Final = 8
CLIENT_TIMEOUT_SECONDS: Final = 2.0
"""Seconds that a client has to send its request and read the answer."""


class NotRunningError(Exception):
    """No daemon is listening on the socket."""


class NoAnswerError(Exception):
    """Something is listening but does not answer in time, or not with a JSON object."""


class _Client:
    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.received = b""
        self.answer = b""


class Control(Source):
    """The daemon's end. `answer` takes a request and returns the answer; OSError if the socket cannot be created."""

    def __init__(
        self, path: Path, now: Callable[[], float], answer: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self._path = path
        self._now = now
        self._answer = answer
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._listening.bind(os.fspath(path))
        except OSError as error:
            # Include the path, as in other file errors.
            raise OSError(error.errno or 0, error.strerror or str(error), os.fspath(path)) from None
        finally:
            os.umask(mask)
        self._listening.listen(MAX_CLIENTS)
        self._listening.setblocking(False)
        # The event loop gets one descriptor, however many clients there are.
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._clients: dict[int, _Client] = {}

    def fileno(self) -> int:
        """Return the descriptor of the selector, which is readable when a client can be served."""
        return self._selector.fileno()

    def ready(self) -> None:
        """Serve the clients that are ready."""
        for key, _ in self._selector.select(0):
            if key.fileobj is self._listening:
                self._accept()
            elif key.fd in self._clients:
                self._serve(self._clients[key.fd])

    def deadline(self) -> float | None:
        """Return when the earliest client times out."""
        return min((client.deadline for client in self._clients.values()), default=None)

    def expire(self, now: float) -> None:
        """Drop clients that have timed out."""
        for client in list(self._clients.values()):
            if now >= client.deadline:
                self._drop(client)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        for client in list(self._clients.values()):
            self._drop(client)
        self._selector.close()
        self._listening.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        if len(self._clients) >= MAX_CLIENTS or _find_peer(connection) not in (os.geteuid(), None):
            connection.close()
            return
        connection.setblocking(False)
        self._clients[connection.fileno()] = _Client(connection, self._now() + CLIENT_TIMEOUT_SECONDS)
        self._selector.register(connection, selectors.EVENT_READ)

    def _serve(self, client: _Client) -> None:
        try:
            if client.answer:
                client.answer = client.answer[client.connection.send(client.answer) :]
            else:
                more = client.connection.recv(MAX_REQUEST_BYTES)
                client.received += more
                if more and b"\n" not in client.received and len(client.received) < MAX_REQUEST_BYTES:
                    return
                if not client.received:
                    self._drop(client)
                    return
                client.answer = self._make_answer(client.received.partition(b"\n")[0])
                self._selector.modify(client.connection, selectors.EVENT_WRITE)
        except BlockingIOError:
            return
        except OSError:
            client.answer = b""
        if not client.answer:
            self._drop(client)

    def _make_answer(self, line: bytes) -> bytes:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return b'{"error": "a request must be one JSON object on one line"}\n'
        return json.dumps(self._answer(request)).encode() + b"\n"

    def _drop(self, client: _Client) -> None:
        self._clients.pop(client.connection.fileno(), None)
        self._selector.unregister(client.connection)
        client.connection.close()


def _find_peer(connection: socket.socket) -> int | None:
    """Return the user id of the peer, None if the system cannot tell (the folder's mode keeps others out)."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, 12))[1])


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the running daemon and return its answer; raises NotRunningError or NoAnswerError."""
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise NotRunningError
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(CLIENT_TIMEOUT_SECONDS + 3)
        try:
            connection.connect(os.fspath(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            received = b""
            while not received.endswith(b"\n"):
                more = connection.recv(65536)
                if not more:
                    raise NoAnswerError
                received += more
            answer = json.loads(received)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            raise NotRunningError from None
        except (OSError, ValueError, RecursionError):
            raise NoAnswerError from None
    return answer if isinstance(answer, dict) else {}
