"""The login manager's part on a private system bus: who is in front, and when the machine goes to sleep and wakes up.

The real one runs in the virtual machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jeepney import DBusAddress, HeaderFields, Message, new_error, new_method_return, new_signal

from tests.rig.bus_service import BusService

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


class Login(BusService):
    """Owns org.freedesktop.login1 on the bus. `sessions` are the person's; there are none at first."""

    def __init__(self, bus: Bus) -> None:
        self.sessions: list[LoginSession] = []
        super().__init__(bus, NAME)

    def sleep(self) -> None:
        """Say that the machine is about to sleep."""
        self.emit(new_signal(EMITTER, "PrepareForSleep", "b", (True,)))

    def wake(self) -> None:
        """Say that it is awake again."""
        self.emit(new_signal(EMITTER, "PrepareForSleep", "b", (False,)))

    def log_in(self, session: LoginSession) -> LoginSession:
        """Open a session."""
        self.sessions.append(session)
        self.emit(new_signal(EMITTER, "SessionNew", "so", (session.id, session.path)))
        return session

    def log_out(self, session: LoginSession) -> None:
        """End a session."""
        self.sessions.remove(session)
        self.emit(new_signal(EMITTER, "SessionRemoved", "so", (session.id, session.path)))

    def change(self, session: LoginSession, **properties: Any) -> None:
        """Change a session: `locked=True`, `active=False`."""
        for name, value in properties.items():
            setattr(session, name, value)
        emitter = DBusAddress(session.path, interface=PROPERTIES)
        body: tuple[Any, ...] = (f"{NAME}.Session", {}, ["Active", "LockedHint", "State"])
        self.emit(new_signal(emitter, "PropertiesChanged", "sa{sv}as", body))

    def answer(self, call: Message) -> Message | None:
        """Return the answer to a question about the person's sessions."""
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
        return None
