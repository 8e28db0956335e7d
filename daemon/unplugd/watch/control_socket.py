"""The control socket, through which commands talk to the daemon: one JSON object on one line in each direction."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
from typing import TYPE_CHECKING, Final

from unplugd import private_folder
from unplugd.eventloop.loop import Source
from unplugd.watch import protocol
from unplugd.watch.peer import find_peer
from unplugd.watch.protocol import CLIENT_TIMEOUT_SECONDS, MAX_CLIENTS, MAX_REQUEST_BYTES

if sys.platform == "win32":
    raise ImportError("Windows has no Unix sockets for Python")

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from unplugd.watch.lock import Lock
    from unplugd.watch.protocol import Answer

MAX_PATH_BYTES: Final = 103
"""Longest socket path, in bytes, that works on every system; macOS has the lowest limit."""
MAX_ACCEPTED_PER_TURN: Final = MAX_CLIENTS // 2
"""Each client is served at least once before newer ones take its place."""
BACKLOG: Final = 128
PAUSE_SECONDS: Final = 1.0
"""Seconds for which no client is accepted if the process is out of descriptors."""


class Control(Source):
    """The daemon's end. `answer` takes a request and returns the answer.

    Its socket is in the first of the `places` that is free, in a folder of the user's own: the socket of another daemon
    stays that daemon's. If its folder is removed, the socket is made again the next time anything happens. `lock` says
    where it is, and may have a second socket to listen at.
    """

    def __init__(
        self, places: Sequence[Path], now: Callable[[], float], answer: Answer, lock: Lock | None = None
    ) -> None:
        self._places = places
        self._now = now
        self._answer = answer
        self._lock = lock
        self._clients: list[_Client] = []
        self._named = _Listener(lock.named, self) if lock and lock.named else None
        self._own: _Listener | None = None
        self.path: Path | None = None
        """Where the socket is; None if it cannot be anywhere."""
        self._inode = 0
        self._open()

    def parts(self) -> list[Source]:
        """Return everything that has a descriptor of its own."""
        listeners = [listener for listener in (self._named, self._own) if listener]
        return [self, *self._clients, *listeners]

    def expire(self, now: float) -> None:  # noqa: ARG002 - a glance at the file is cheaper than a timer
        """Make the socket again if it is gone."""
        if self.path is None or not self._is_there(self.path):
            self._open()

    def accept(self, connection: socket.socket) -> None:
        """Serve a new client, in place of the oldest one if there are too many."""
        peer = find_peer(connection)
        if peer and not peer.is_me:
            connection.close()
            return
        if len(self._clients) >= MAX_CLIENTS:
            self.drop_oldest()
        connection.setblocking(False)
        self._clients.append(_Client(connection, self._now() + CLIENT_TIMEOUT_SECONDS, self))

    def make_answer(self, line: bytes) -> bytes:
        """Return the answer to a request."""
        return protocol.make_answer(self._answer, line)

    def drop_oldest(self) -> bool:
        """Drop the client that has been idle for longest; return False if there is no client."""
        if not self._clients:
            return False
        self.drop(min(self._clients, key=lambda client: bool(client.answer)))
        return True

    def drop(self, client: _Client) -> None:
        """End a connection."""
        if client in self._clients:
            self._clients.remove(client)
        client.connection.close()

    def pause(self) -> float:
        """Return when to accept clients again."""
        return self._now() + PAUSE_SECONDS

    def close(self) -> None:
        """Stop listening and remove the socket."""
        for client in list(self._clients):
            self.drop(client)
        if self._own:
            self._own.close()
        if self.path and self._is_there(self.path):
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _is_there(self, path: Path) -> bool:
        try:
            return os.lstat(path).st_ino == self._inode
        except OSError:
            return False

    def _open(self) -> None:
        before, self.path = self.path, None
        if self._own:
            self._own.close()
            self._own = None
        for place in self._places:
            with contextlib.suppress(OSError):
                self._own = _Listener(_listen(place), self)
                self._inode = os.lstat(place).st_ino
                self.path = place
                break
        if self._lock and self.path != before:
            self._lock.write_address(os.fspath(self.path) if self.path else None)


class _Listener(Source):
    """Accepts clients."""

    def __init__(self, listening: socket.socket, control: Control) -> None:
        self._listening = listening
        self._listening.listen(BACKLOG)
        self._listening.setblocking(False)
        self._control = control
        self._paused_until: float | None = None

    def fileno(self) -> int:
        return self._listening.fileno() if self._paused_until is None else -1

    def ready(self) -> None:
        for _ in range(MAX_ACCEPTED_PER_TURN):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                # Out of descriptors. The client stays in the queue, so the descriptor would stay ready.
                if not self._control.drop_oldest():
                    self._paused_until = self._control.pause()
                return
            self._control.accept(connection)

    def deadline(self) -> float | None:
        return self._paused_until

    def expire(self, now: float) -> None:
        if self._paused_until is not None and now >= self._paused_until:
            self._paused_until = None

    def close(self) -> None:
        self._listening.close()


class _Client(Source):
    """One connection: a request, then its answer."""

    def __init__(self, connection: socket.socket, deadline: float, control: Control) -> None:
        self.connection = connection
        self.answer = b""
        self._deadline = deadline
        self._control = control
        self._received = b""

    def fileno(self) -> int:
        return self.connection.fileno()

    def events(self) -> int:
        return selectors.EVENT_WRITE if self.answer else selectors.EVENT_READ

    def ready(self) -> None:
        if self.connection.fileno() < 0:
            # It was dropped for a newer one in this turn.
            return
        try:
            if self.answer:
                self.answer = self.answer[self.connection.send(self.answer) :]
            else:
                more = self.connection.recv(MAX_REQUEST_BYTES)
                self._received += more
                if more and not protocol.is_whole(self._received):
                    return
                if self._received:
                    self.answer = self._control.make_answer(self._received.partition(b"\n")[0])
        except BlockingIOError:
            return
        except OSError:
            self.answer = b""
        if not self.answer:
            self._control.drop(self)

    def deadline(self) -> float | None:
        return self._deadline

    def expire(self, now: float) -> None:
        if now >= self._deadline:
            self._control.drop(self)


def _listen(place: Path) -> socket.socket:
    """Return a socket that listens at this path, in place of one that nobody listens at any more; OSError if not."""
    if len(os.fsencode(place)) > MAX_PATH_BYTES:
        raise OSError
    private_folder.make(place.parent)
    if _is_alive(place):
        raise OSError
    place.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listening.bind(os.fspath(place))
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


def _is_alive(place: Path) -> bool:
    """Return whether somebody listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            connection.connect(os.fspath(place))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            # Somebody listens but is busy, or is not to be asked.
            return True
        return True
