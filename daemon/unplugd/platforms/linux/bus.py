"""A D-Bus connection that never blocks: each call is answered later through a callback, or times out.

jeepney builds and parses the messages. Its own connections block, so this module implements one that does not.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from jeepney.auth import BEGIN, AuthenticationError, Authenticator
from jeepney.low_level import HeaderFields, Message, MessageFlag, MessageType
from jeepney.wrappers import DBusAddress, new_method_call

from unplugd.eventloop.loop import Source
from unplugd.platforms.linux.incoming import IncomingMessages, StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypedDict

    OnAnswer = Callable[[tuple[Any, ...] | None, str], None]
    OnLateAnswer = Callable[[tuple[Any, ...]], None]

    class CallOptions(TypedDict, total=False):
        """The options of `Bus.call` for what passes a call on."""

        reply_signature: str | None
        timeout_seconds: float
        on_late_answer: OnLateAnswer | None


BUS: Final = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
HANDSHAKE_TIMEOUT_SECONDS: Final = 3.0
"""Timeout in seconds for the login and, by default, for a call."""
SLEPT_SECONDS: Final = 1.0
"""Seconds after a call's deadline from which it was missed because the computer slept: the call gets its time again."""
BUS_SILENT: Final = "the bus does not answer"
"""The reason if the bus exists but hangs."""
NO_ANSWER: Final = "no answer in time"
"""The error of a call that was not answered before its timeout."""
INVALID_ANSWER: Final = "an invalid answer"
"""The error of a call that was answered with values of other types than it should be."""
MAX_BACKLOG_BYTES: Final = 1_000_000
"""Maximum number of unsent bytes; if there are more, the bus has stopped reading."""


class BusError(Exception):
    """The bus cannot be reached; the message says why and contains no path."""


def find_session_address() -> str:
    """Return the address of the session bus from the environment; BusError if there is none."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if address:
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.path.exists(f"{runtime}/bus"):
        return f"unix:path={runtime}/bus"
    raise BusError("there is no session bus")


def find_system_address() -> str:
    """Return the address of the system bus."""
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", "") or "unix:path=/run/dbus/system_bus_socket"


def _find_socket_paths(address: str) -> Iterator[bytes]:
    """Yield the path of each Unix socket in a list of addresses; skip other and malformed addresses."""
    # jeepney's parser fails on "autolaunch:", and on escaped bytes that are not ASCII.
    for entry in address.split(";"):
        transport, _, options = entry.partition(":")
        values = dict(option.split("=", 1) for option in options.split(",") if "=" in option)
        if transport != "unix":
            continue
        if abstract := values.get("abstract"):
            yield b"\0" + unquote_to_bytes(os.fsencode(abstract))
        elif path := values.get("path"):
            yield unquote_to_bytes(os.fsencode(path))


def _connect(address: str) -> socket.socket:
    """Connect to the first address of a list that accepts it; BusError with the reason of the last one otherwise."""
    problem = "the bus cannot be reached: its address is not usable"
    for path in _find_socket_paths(address):
        connection = None
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.setblocking(False)
            connection.connect(path)
        except (OSError, ValueError) as error:
            if connection:
                connection.close()
            if isinstance(error, BlockingIOError):
                # It exists, but accepts nobody.
                problem = BUS_SILENT
            elif reason := getattr(error, "strerror", None):
                problem = f"the bus cannot be reached: {reason}"
        else:
            return connection
    raise BusError(problem)


@dataclass(slots=True)
class _Call:
    on_answer: OnAnswer
    timeout_seconds: float
    deadline: float | None
    """When it times out, None while it is queued until the login is complete."""
    on_late_answer: OnLateAnswer | None
    reply_signature: str | None
    timed_out: bool = False
    is_extended: bool = False
    """Whether it got its time again."""


class Bus(Source):
    """A connection. `on_signal` gets each signal; `on_disconnect` gets the reason when the connection breaks."""

    def __init__(
        self,
        address: str,
        now: Callable[[], float],
        on_signal: Callable[[Message], None],
        on_disconnect: Callable[[str], None],
    ) -> None:
        self._now = now
        self._on_signal = on_signal
        self._on_disconnect = on_disconnect
        self._calls: dict[int, _Call] = {}
        self._serial = 0
        self._incoming = IncomingMessages()
        self._outgoing = bytearray()
        self._queued: deque[bytes] = deque()
        self._login: Authenticator | None = Authenticator()
        self._break_at: float | None = now() + HANDSHAKE_TIMEOUT_SECONDS
        """When to give up the connection: at the login timeout, or immediately after a send error."""
        self._break_reason = BUS_SILENT
        self._socket = _connect(address)
        try:
            self._log_in()
        except OSError as error:
            self._socket.close()
            raise BusError(f"the bus cannot be reached: {error.strerror or error}") from None
        self.call(BUS, "Hello", None, (), lambda _body, _error: None, reply_signature="s")

    @property
    def pending(self) -> int:
        """The number of calls waiting for an answer, including those that have timed out but may still be answered."""
        return len(self._calls)

    @property
    def backlog(self) -> int:
        """The number of bytes not sent yet."""
        return len(self._outgoing)

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 if the connection is closed."""
        return self._socket.fileno()

    def events(self) -> int:
        """Return EVENT_READ, plus EVENT_WRITE while there is something to send."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)

    def deadline(self) -> float | None:
        """Return when the first call times out."""
        deadlines = [
            call.deadline for call in self._calls.values() if call.deadline is not None and not call.timed_out
        ]
        if self._break_at is not None:
            deadlines.append(self._break_at)
        return min(deadlines, default=None)

    def call(
        self,
        to: DBusAddress,
        method: str,
        signature: str | None,
        body: tuple[Any, ...],
        on_answer: OnAnswer,
        *,
        reply_signature: str | None = None,
        timeout_seconds: float = HANDSHAKE_TIMEOUT_SECONDS,
        on_late_answer: OnLateAnswer | None = None,
        activate: bool = False,
    ) -> None:
        """Send a call. `on_answer` gets the body of the reply, or None and the error, but never before this returns.

        The timeout starts after the login, so that a slow login does not use it up.
        `on_late_answer` gets the body of a reply that arrives after the timeout. A reply whose signature is not
        `reply_signature` (None: any) is an error. `activate`: the bus may start the service for the call.
        """
        message = new_method_call(to, method, signature, body)
        if not activate:
            message.header.flags |= MessageFlag.no_auto_start
        self._serial += 1
        self._calls[self._serial] = _Call(
            on_answer,
            timeout_seconds,
            None if self._login else self._now() + timeout_seconds,
            on_late_answer,
            reply_signature,
        )
        self._send(message.serialise(serial=self._serial))

    def add_match(self, rule: str) -> None:
        """Subscribe to the signals that match a rule."""
        self.call(BUS, "AddMatch", "s", (rule,), lambda _body, _error: None)

    def ready(self) -> None:
        """Read from and write to the socket, without blocking."""
        try:
            self._write()
            data = self._socket.recv(65536)
            if not data:
                self._break("the bus connection was lost")
                return
            if self._login:
                self._login.feed(data)
                self._log_in()
                return
        except BlockingIOError:
            return
        except AuthenticationError:
            self._break("the bus refused the login")
            return
        except OSError as error:
            self._break(f"the bus connection was lost: {error.strerror}")
            return
        self._incoming.add(data)
        try:
            while self._socket.fileno() >= 0 and (message := self._incoming.take()) is not None:
                self._dispatch(message)
        except StreamError:
            self._break("the bus connection was lost: the bus sent an invalid message")

    def expire(self, now: float) -> None:
        """Report calls that have timed out, and give up the connection if it hangs."""
        if self._break_at is not None and now >= self._break_at:
            self._break(self._break_reason)
            return
        for serial, call in list(self._calls.items()):
            if call.deadline is None or call.timed_out or now < call.deadline:
                continue
            if now >= call.deadline + SLEPT_SECONDS and not call.is_extended:
                # Nobody had the time to answer. Once only: a computer that is always so slow must not wait for ever.
                call.deadline, call.is_extended = now + call.timeout_seconds, True
                continue
            if call.on_late_answer:
                call.timed_out = True
            else:
                del self._calls[serial]
            call.on_answer(None, NO_ANSWER)

    def close(self) -> None:
        """Close the connection; no callbacks are called after this."""
        self._calls.clear()
        self._socket.close()

    def _break(self, reason: str) -> None:
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        calls, self._calls = self._calls, {}
        for call in calls.values():
            if not call.timed_out:
                call.on_answer(None, reason)
        self._on_disconnect(reason)

    def _log_in(self) -> None:
        if not self._login:
            return
        for line in self._login:
            if not line:
                break
            self._outgoing += line
        if self._login.authenticated:
            self._login = None
            self._break_at = None
            self._outgoing += BEGIN
            for message in self._queued:
                self._outgoing += message
            self._queued.clear()
            now = self._now()
            for call in self._calls.values():
                call.deadline = now + call.timeout_seconds
        self._write()

    def _send(self, message: bytes) -> None:
        if self._login:
            self._queued.append(message)
            return
        if len(self._outgoing) <= MAX_BACKLOG_BYTES:
            self._outgoing += message
        try:
            self._write()
        except OSError as error:
            # Reported in the next turn of the loop: `on_answer` must not be called before `call` returns.
            self._break_at = self._now()
            self._break_reason = f"the bus connection was lost: {error.strerror or error}"

    def _write(self) -> None:
        while self._outgoing:
            try:
                sent = self._socket.send(self._outgoing, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                if len(self._outgoing) > MAX_BACKLOG_BYTES:
                    raise OSError("the bus has stopped reading") from None
                return
            del self._outgoing[:sent]

    def _dispatch(self, message: Message) -> None:
        kind = message.header.message_type
        if kind is MessageType.signal:
            self._on_signal(message)
            return
        if kind not in (MessageType.method_return, MessageType.error):
            return
        call = self._calls.pop(message.header.fields.get(HeaderFields.reply_serial, 0), None)
        if call is None:
            return
        if kind is MessageType.method_return:
            signature = message.header.fields.get(HeaderFields.signature, "")
            if call.reply_signature not in (None, signature):
                if not call.timed_out:
                    call.on_answer(None, INVALID_ANSWER)
            elif not call.timed_out:
                call.on_answer(message.body, "")
            elif call.on_late_answer:
                call.on_late_answer(message.body)
        elif not call.timed_out:
            call.on_answer(None, str(message.header.fields.get(HeaderFields.error_name, "an error")))
