"""A connection to a D-Bus message bus that never waits: what is sent is answered later, or times out.

jeepney makes and reads the messages; here is only what its own connections cannot do, which is not to block.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jeepney.auth import BEGIN, AuthenticationError, Authenticator
from jeepney.bus import get_connectable_addresses
from jeepney.low_level import HeaderFields, Message, MessageFlag, MessageType, Parser
from jeepney.wrappers import DBusAddress, new_method_call

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    from collections.abc import Callable

BUS: Final = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
HANDSHAKE_TIMEOUT_SECONDS: Final = 3.0
"""Seconds that a bus may take to let us in."""
NO_ANSWER: Final = "no answer in time"
"""The error of a call that was not answered in its time."""
MAX_BACKLOG_BYTES: Final = 1_000_000
"""Bytes kept for a bus that does not read; more means that it hangs."""


class BusError(Exception):
    """The bus cannot be reached; the message says why and names no path."""


def find_session_address() -> str:
    """Return the address of the session bus as the environment has it; BusError if there is none."""
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


@dataclass(slots=True)
class _Call:
    answer: Callable[[tuple[Any, ...] | None, str], None]
    deadline: float
    late: Callable[[tuple[Any, ...]], None] | None
    returns: str | None
    timed_out: bool = False


class Bus(Source):
    """One connection, a source of the loop. `signal` gets each signal, `lost` is called once when it breaks."""

    def __init__(
        self,
        address: str,
        now: Callable[[], float],
        signal: Callable[[Message], None],
        lost: Callable[[str], None],
    ) -> None:
        self._now = now
        self._signal = signal
        self._lost = lost
        self._calls: dict[int, _Call] = {}
        self._serial = 0
        self._parser = Parser()
        self._outgoing = bytearray()
        self._queued: deque[bytes] = deque()
        self._login: Authenticator | None = Authenticator()
        self._gives_up_at: float | None = now() + HANDSHAKE_TIMEOUT_SECONDS
        self._trouble = "the bus does not answer"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect(next(iter(get_connectable_addresses(address))))
            self._log_in()
        except (OSError, RuntimeError, ValueError) as error:
            self._socket.close()
            reason = (
                error.strerror
                if isinstance(error, OSError) and error.strerror
                else "its address is not usable"
            )
            raise BusError(f"the bus cannot be reached: {reason}") from None
        self.call(BUS, "Hello", None, (), lambda _body, _error: None, returns="s")

    @property
    def pending(self) -> int:
        """The number of calls that still wait for an answer, also for one that comes late."""
        return len(self._calls)

    @property
    def backlog(self) -> int:
        """The number of bytes that the bus has not taken yet."""
        return len(self._outgoing)

    def fileno(self) -> int:
        """Return the socket's descriptor, -1 when the connection is closed."""
        return self._socket.fileno()

    def events(self) -> int:
        """Return what to wait for: more to read, and room to write while something waits."""
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)

    def deadline(self) -> float | None:
        """Return when the earliest answer is overdue."""
        deadlines = [call.deadline for call in self._calls.values() if not call.timed_out]
        if self._gives_up_at is not None:
            deadlines.append(self._gives_up_at)
        return min(deadlines, default=None)

    def call(
        self,
        to: DBusAddress,
        method: str,
        signature: str | None,
        body: tuple[Any, ...],
        answer: Callable[[tuple[Any, ...] | None, str], None],
        *,
        returns: str | None = None,
        seconds: float = HANDSHAKE_TIMEOUT_SECONDS,
        late: Callable[[tuple[Any, ...]], None] | None = None,
        activate: bool = False,
    ) -> None:
        """Send a call. `answer` gets its reply, or None and the error; `late` a reply that comes after its time.

        `returns` is the signature that the reply must have (None: any): a server can answer anything.
        """
        message = new_method_call(to, method, signature, body)
        if not activate:
            message.header.flags |= MessageFlag.no_auto_start
        self._serial += 1
        self._calls[self._serial] = _Call(answer, self._now() + seconds, late, returns)
        self._send(message.serialise(serial=self._serial))

    def add_match(self, rule: str) -> None:
        """Ask for the signals that fit a match rule."""
        self.call(BUS, "AddMatch", "s", (rule,), lambda _body, _error: None)

    def ready(self) -> None:
        """Read and write what can be, without waiting."""
        try:
            self._write()
            data = self._socket.recv(65536)
            if not data:
                self._break("the bus has gone")
                return
            if self._login:
                self._login.feed(data)
                self._log_in()
                return
        except BlockingIOError:
            return
        except AuthenticationError:
            self._break("the bus does not let us in")
            return
        except OSError as error:
            self._break(f"the bus has gone: {error.strerror}")
            return
        self._parser.add_data(data)
        while self._socket.fileno() >= 0 and (message := self._next()) is not None:
            self._take(message)

    def expire(self, now: float) -> None:
        """Give up on the calls that are overdue."""
        if self._gives_up_at is not None and now >= self._gives_up_at:
            self._break(self._trouble)
            return
        for serial, call in list(self._calls.items()):
            if not call.timed_out and now >= call.deadline:
                if call.late:
                    call.timed_out = True
                else:
                    del self._calls[serial]
                call.answer(None, NO_ANSWER)

    def close(self) -> None:
        """Close the connection; nothing is called any more."""
        self._calls.clear()
        self._socket.close()

    def _break(self, why: str) -> None:
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        calls, self._calls = self._calls, {}
        for call in calls.values():
            if not call.timed_out:
                call.answer(None, why)
        self._lost(why)

    def _next(self) -> Message | None:
        try:
            message: Message | None = self._parser.get_next_message()
        except Exception:  # noqa: BLE001 - jeepney raises whatever it comes across in a malformed message
            self._break("the bus has gone: it sent what is no D-Bus message")
            return None
        return message

    def _log_in(self) -> None:
        if not self._login:
            return
        for line in self._login:
            if not line:
                break
            self._outgoing += line
        if self._login.authenticated:
            self._login = None
            self._gives_up_at = None
            self._outgoing += BEGIN
            for message in self._queued:
                self._outgoing += message
            self._queued.clear()
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
            # Said in the next turn: a caller must not be surprised in the middle of a call.
            self._gives_up_at = self._now()
            self._trouble = f"the bus has gone: {error.strerror or error}"

    def _write(self) -> None:
        while self._outgoing:
            try:
                sent = self._socket.send(self._outgoing, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                if len(self._outgoing) > MAX_BACKLOG_BYTES:
                    raise OSError("the bus does not read") from None
                return
            del self._outgoing[:sent]

    def _take(self, message: Message) -> None:
        kind = message.header.message_type
        if kind is MessageType.signal:
            self._signal(message)
            return
        if kind not in (MessageType.method_return, MessageType.error):
            return
        call = self._calls.pop(message.header.fields.get(HeaderFields.reply_serial, 0), None)
        if call is None:
            return
        if kind is MessageType.method_return:
            signature = message.header.fields.get(HeaderFields.signature, "")
            if call.returns not in (None, signature):
                if not call.timed_out:
                    call.answer(None, "an answer that makes no sense")
            elif not call.timed_out:
                call.answer(message.body, "")
            elif call.late:
                call.late(message.body)
        elif not call.timed_out:
            call.answer(None, str(message.header.fields.get(HeaderFields.error_name, "an error")))
