"""The named pipe through which commands talk to the daemon on Windows; for its own account on this computer alone.

A pipe has several instances, one for each client at a time, and the loop cannot wait for them: a thread does, and wakes
it. The loop itself serves the clients, and never waits for one. One instance is always kept free: if there are too many
clients, the one that has been idle for longest has to go.
"""

from __future__ import annotations

import contextlib
import secrets
from itertools import count
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.handles import Handles
from unplugd.eventloop.loop import Source
from unplugd.watch import protocol
from unplugd.watch.named_mutex import make_name
from unplugd.watch.protocol import CLIENT_TIMEOUT_SECONDS, MAX_CLIENTS
from unplugd.win32 import advapi32, pipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from unplugd.watch.lock import Lock
    from unplugd.watch.protocol import Answer
    from unplugd.win32.pipe import Pipe

MAX_STEPS_PER_TURN: Final = 8
"""What every client can go through in one turn: more than a request and its answer take."""


class Control(Source):
    """The daemon's end. `answer` takes a request and returns the answer.

    Its name is that of the lock, if nobody else has taken that, or one that nobody can guess; the lock's file says which.
    No files are made, so the `places` for them are not used.
    """

    def __init__(
        self, places: Sequence[Path], now: Callable[[], float], answer: Answer, lock: Lock | None = None
    ) -> None:
        self._now = now
        self._answer = answer
        self._clients: list[_Client] = []
        self._numbers = count()
        self._handles: Handles | None = None
        self.name: str | None = None
        """Where commands reach it; None if they cannot."""
        usual = pipe.PREFIX + (lock.name if lock and lock.name else make_name(places[0]))
        for name in (usual, f"{usual}-{secrets.token_hex(8)}"):
            with contextlib.suppress(OSError):
                instances = pipe.make_instances(name, MAX_CLIENTS)
                self._clients = [_Client(instance, self) for instance in instances]
                self._handles = Handles([instance.event for instance in instances], self._serve)
                self.name = name
                break
        if lock:
            lock.write_address(self.name)

    def parts(self) -> list[Source]:
        """Return everything that has a descriptor of its own."""
        return [self, self._handles] if self._handles else [self]

    def deadline(self) -> float | None:
        """Return when the time of a client is over."""
        return min((client.deadline for client in self._clients if client.deadline is not None), default=None)

    def expire(self, now: float) -> None:
        """Send those clients away whose time is over."""
        for client in self._clients:
            if client.deadline is not None and now >= client.deadline:
                client.listen()

    def make_answer(self, line: bytes) -> bytes:
        """Return the answer to a request."""
        return protocol.make_answer(self._answer, line)

    def note_arrival(self, client: _Client) -> None:
        """Note when a new client's time is over, and that it is the latest."""
        client.deadline = self._now() + CLIENT_TIMEOUT_SECONDS
        client.number = next(self._numbers)

    def close(self) -> None:
        """Send every client away and remove the pipe."""
        if self._handles:
            self._handles.close()
        for client in self._clients:
            client.pipe.close()

    def _serve(self) -> None:
        for _ in range(MAX_STEPS_PER_TURN):
            moved = [client.go_on() for client in self._clients]
            if not any(moved):
                break
        if all(client.deadline is not None for client in self._clients):
            *others, _latest = sorted(self._clients, key=lambda client: client.number)
            min(others, key=lambda client: client.is_answered).listen()


class _Client:
    """One instance of the pipe: a client comes, sends a request, gets its answer, and leaves."""

    def __init__(self, instance: Pipe, control: Control) -> None:
        self.pipe = instance
        self.deadline: float | None = None
        """When its time is over, None while there is no client."""
        self.number = 0
        """The number of its client, since the clock may not tell which of two came first."""
        self.is_answered = False
        self._control = control
        self._received = b""
        self._answer = b""
        self._then: Callable[[bytes], None] = self._greet
        self.listen()

    def listen(self) -> None:
        """Send the client away, if there is one, and wait for the next."""
        self.pipe.disconnect()
        self.deadline, self.is_answered, self._received, self._answer = None, False, b"", b""
        self._then = self._greet
        # If that fails, the other instances are left.
        with contextlib.suppress(OSError):
            self.pipe.connect()

    def go_on(self) -> bool:
        """Do what can be done now; return whether there was anything."""
        try:
            result = self.pipe.take_result()
            if result is None:
                return False
            self._then(result)
        except OSError:
            # The client has left.
            self.listen()
        return True

    def _greet(self, _: bytes) -> None:
        # Nobody else can open the pipe. If it cannot be told who has, that must be enough.
        with contextlib.suppress(OSError):
            if self.pipe.find_client() != advapi32.read_own_sid():
                self.listen()
                return
        self._control.note_arrival(self)
        self._then = self._receive
        self.pipe.read()

    def _receive(self, more: bytes) -> None:
        self._received += more
        if not protocol.is_whole(self._received):
            self.pipe.read()
            return
        self._answer = self._control.make_answer(self._received.partition(b"\n")[0])
        self.is_answered = True
        self._then = self._send
        self._send(b"")

    def _send(self, _: bytes) -> None:
        if self._answer:
            self._answer = self._answer[self.pipe.write(self._answer) :]
            return
        # What it has not read yet would be lost if it were sent away.
        self._then = self._see_off
        self.pipe.read()

    def _see_off(self, _: bytes) -> None:
        self.listen()
