"""The login manager's part on a private system bus: who is in front, and when the machine goes to sleep and wakes up.

It answers what it knows, in a thread of its own, and refuses the rest. The real one runs in the virtual machine.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import Proxy

from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from tests.rig.bus import Bus

NAME = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
EMITTER = DBusAddress(PATH, interface=f"{NAME}.Manager")
PROPERTIES = "org.freedesktop.DBus.Properties"


@dataclass
class LoginSession:
    """A session, as the login manager tells of it: a graphical one on the only seat, in front, unless said otherwise."""

    id: str = "1"
    active: bool = True
    locked: bool = False
    type: str = "x11"
    seat: str = "seat0"
    state: str = ""
    kind: str = "user"

    @property
    def path(self) -> str:
        """The object's path."""
        return f"{PATH}/session/_3{self.id}"

    def properties(self) -> dict[str, tuple[str, Any]]:
        """Return the properties, each with its type."""
        seat = (self.seat, f"{PATH}/seat/{self.seat}" if self.seat else "/")
        return {
            "Id": ("s", self.id),
            "Active": ("b", self.active),
            "LockedHint": ("b", self.locked),
            "Type": ("s", self.type),
            "Class": ("s", self.kind),
            "Seat": ("(so)", seat),
            "State": ("s", self.state or ("active" if self.active else "online")),
        }


class Login:
    """Owns org.freedesktop.login1 on the bus. `sessions` are the person's; there are none at first."""

    def __init__(self, bus: Bus) -> None:
        self.sessions: list[LoginSession] = []
        self.refused: list[str] = []
        self.hangs = False
        self._held: list[Message] = []
        self._connection = bus.connect()
        Proxy(message_bus, self._connection, timeout=GIVE_UP).RequestName(NAME)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    # --- what happens to the person

    def sleep(self) -> None:
        """Say that the machine is about to sleep."""
        self._connection.send(new_signal(EMITTER, "PrepareForSleep", "b", (True,)))

    def wake(self) -> None:
        """Say that it is awake again."""
        self._connection.send(new_signal(EMITTER, "PrepareForSleep", "b", (False,)))

    def log_in(self, session: LoginSession) -> LoginSession:
        """Open a session."""
        self.sessions.append(session)
        self._connection.send(new_signal(EMITTER, "SessionNew", "so", (session.id, session.path)))
        return session

    def log_out(self, session: LoginSession) -> None:
        """End a session."""
        self.sessions.remove(session)
        self._connection.send(new_signal(EMITTER, "SessionRemoved", "so", (session.id, session.path)))

    def change(self, session: LoginSession, **properties: Any) -> None:
        """Change a session: `locked=True`, `active=False`."""
        for name, value in properties.items():
            setattr(session, name, value)
        emitter = DBusAddress(session.path, interface=PROPERTIES)
        body: tuple[Any, ...] = (f"{NAME}.Session", {}, ["Active", "LockedHint", "State"])
        self._connection.send(new_signal(emitter, "PropertiesChanged", "sa{sv}as", body))

    # --- what happens to the login manager

    def hang(self) -> None:
        """Take calls and answer none."""
        self.hangs = True

    def catch_up(self) -> None:
        """Answer what was held back, and behave again."""
        self.hangs = False
        held, self._held = self._held, []
        for call in held:
            self._connection.send(self._answer(call))

    def close(self) -> None:
        """Leave the bus, unless it has left or the bus has ended."""
        with contextlib.suppress(OSError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(GIVE_UP)
        self._connection.close()

    def _serve(self) -> None:
        try:
            while True:
                message = self._connection.receive()
                if message.header.message_type is not MessageType.method_call:
                    continue
                if self.hangs:
                    self._held.append(message)
                else:
                    self._connection.send(self._answer(message))
        except (OSError, EOFError):
            return

    def _answer(self, call: Message) -> Message:
        fields = call.header.fields
        path, method = fields[HeaderFields.path], fields[HeaderFields.member]
        if (path, method, call.body) == (f"{PATH}/user/self", "Get", (f"{NAME}.User", "Sessions")):
            listed = [(session.id, session.path) for session in self.sessions]
            return new_method_return(call, "v", (("a(so)", listed),))
        if path.startswith(f"{PATH}/session/") and (method, call.body) == ("GetAll", (f"{NAME}.Session",)):
            session = next((session for session in self.sessions if session.path == path), None)
            # It may have ended since it was listed.
            if session is None:
                return new_error(call, "org.freedesktop.DBus.Error.UnknownObject")
            return new_method_return(call, "a{sv}", (session.properties(),))
        self.refused.append(f"{path} {method} {call.body}")
        return new_error(call, "org.freedesktop.DBus.Error.UnknownObject")
