"""The session's notification server: who owns its name on the bus, what it can do, and how it is started.

The server is whatever owns `org.freedesktop.Notifications`. It may not exist yet (a service starts before the desktop),
and it may exit or be replaced at any time, so it is always called by its unique name: a call meant for one server never
reaches the next. A timeout says nothing about the server: the late answer counts, and the call is repeated when the
answer is needed again. The bus could start a server on a call to the well-known name, but a desktop's server fails if it
is started before the desktop, and may not be started again in that session. So we only start it explicitly, once we
know of a display: from our own environment, from the user manager's, or because a server was running earlier.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jeepney.low_level import HeaderFields
from jeepney.wrappers import DBusAddress

from unplugd.platforms.linux.bus import BUS, INVALID_ANSWER, NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable

    from jeepney.low_level import Message

    from unplugd.platforms.linux.bus import OnAnswer
    from unplugd.platforms.linux.bus_source import BusSource

NAME: Final = "org.freedesktop.Notifications"
SERVER: Final = DBusAddress("/org/freedesktop/Notifications", NAME, NAME)
MANAGER: Final = DBusAddress(
    "/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.DBus.Properties"
)
OWNER_RULE: Final = f"type='signal',sender='{BUS.bus_name}',member='NameOwnerChanged',arg0='{NAME}'"
SIGNALS_RULE: Final = f"type='signal',sender='{NAME}',interface='{NAME}'"
RESTART_SECONDS: Final = 60.0
"""Minimum seconds between attempts to start a server."""
NO_OWNER: Final = "org.freedesktop.DBus.Error.NameHasNoOwner"
NO_REPLY: Final = "org.freedesktop.DBus.Error.NoReply"
"""The error if the server exits before it answers."""
SERVICE_UNKNOWN: Final = "org.freedesktop.DBus.Error.ServiceUnknown"
"""The error if the bus knows of no server that it could start."""
NO_CAPABILITIES: Final = frozenset({INVALID_ANSWER, "org.freedesktop.DBus.Error.UnknownMethod"})
"""The errors of a server that cannot say what it can do; it is only sent text."""
SILENT: Final = "the notification server does not answer"
NOT_RUNNING: Final = "no notification server is running"
NO_SESSION: Final = "no desktop session is up"
CHECK_ERRORS: Final = {
    NO_ANSWER: SILENT,
    NO_OWNER: NOT_RUNNING,
    SERVICE_UNKNOWN: NOT_RUNNING,
}


def _is_unique_name(name: str) -> bool:
    # The bus sends no other; jeepney refuses to build a call to one.
    return len(name) < 256 and re.fullmatch(r":[\w-]+\.[\w-]+", name, re.ASCII) is not None


def has_display() -> bool:
    """Return whether this process was started in a graphical session."""
    return bool(os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY"))


class ServerProgram(NamedTuple):
    """What a server says it is: its name, and the first number of its version, 0 if there is none."""

    name: str = ""
    version: int = 0


@dataclass(slots=True)
class _Question:
    """A call that is repeated until it is answered; at most one late answer is waited for."""

    is_asked: bool = False
    """Whether its timeout is still running."""
    is_late: bool = False
    """Whether an earlier call has timed out and may still be answered."""


class NotificationServer:
    """Tracks the server on the bus.

    `on_owner` gets the previous owner when the owner changes, `on_change` is called when it is time to retry showing
    something, `on_capabilities` when the server's capabilities are known, `on_error` gets why it cannot be used.
    """

    def __init__(
        self,
        bus: BusSource,
        now: Callable[[], float],
        *,
        on_owner: Callable[[str | None], None],
        on_change: Callable[[], None],
        on_capabilities: Callable[[], None],
        on_error: Callable[[str], None],
    ) -> None:
        self._bus = bus
        self._now = now
        self._on_owner = on_owner
        self._on_change = on_change
        self._on_capabilities = on_capabilities
        self._on_error = on_error
        self.owner: str | None = None
        """The unique name of the server, "" if there is none, None while unknown."""
        self.capabilities: frozenset[str] | None = None
        """The server's capabilities, None until it has answered."""
        self.program = ServerProgram()
        """What the server is, empty until it has answered; nothing waits for that."""
        self.session_is_up = has_display()
        """Whether a desktop is known to be running; until then, its server must not be started."""
        self._owner_question = _Question()
        self._capabilities_question = _Question()
        self._is_starting = False
        self._last_start: float | None = None
        self._is_startable = True
        """Whether the bus may know of a server that it could start."""

    @property
    def address(self) -> DBusAddress:
        """The unique address of the known server; the well-known name may have a new owner when a call arrives."""
        return DBusAddress(SERVER.object_path, self.owner, NAME)

    def find_owner(self) -> None:
        """Ask the bus for the server's unique name, unless already asked."""
        self._ask(self._owner_question, BUS, "GetNameOwner", "s", (NAME,), "s", self._on_owner_answer)

    def forget(self) -> None:
        """Forget the server because the bus connection was lost."""
        self.owner = self.capabilities = None
        self.program = ServerProgram()
        self._owner_question, self._capabilities_question = _Question(), _Question()
        self._is_starting = False

    def handle_signal(self, signal: Message) -> bool:
        """Handle a signal if it is about the server's owner; return whether it was."""
        fields = signal.header.fields
        member, sender = fields.get(HeaderFields.member), fields.get(HeaderFields.sender)
        if (member, sender) != ("NameOwnerChanged", BUS.bus_name):
            return False
        if fields.get(HeaderFields.signature) != "sss" or signal.body[0] != NAME:
            return False
        self._set_owner(str(signal.body[2]))
        return True

    def ask_capabilities(self) -> None:
        """Ask the server for its capabilities, unless already asked."""
        owner = self.owner

        def on_answer(answer: tuple[Any, ...] | None, error: str) -> None:
            # Another server may own the name by now.
            if owner != self.owner:
                return
            if answer is None and error not in NO_CAPABILITIES:
                self._on_error(SILENT)
            elif self.capabilities is None:
                self.capabilities = frozenset(map(str, answer[0] if answer else ()))
                self._on_capabilities()

        self._ask(self._capabilities_question, self.address, "GetCapabilities", None, (), "as", on_answer)

    def start(self, timeout_seconds: float) -> bool:
        """Have the bus start the desktop's server if the desktop is running; return whether it was asked to."""
        if self._is_starting:
            return False
        if not self._may_start():
            self._on_error(NOT_RUNNING)
            # Its arrival may have escaped us.
            self.find_owner()
            return False
        self._is_starting = True
        if not self.session_is_up:
            # Our environment can be older than the desktop session; the user manager has the variables set since.
            arguments = ("org.freedesktop.systemd1.Manager", "Environment")
            self._bus.call(MANAGER, "Get", "ss", arguments, self._on_environment, reply_signature="v")
            return False
        self._last_start = self._now()
        self._bus.call(
            BUS,
            "StartServiceByName",
            "su",
            (NAME, 0),
            self._on_start_answer,
            reply_signature="u",
            timeout_seconds=timeout_seconds,
        )
        return True

    def check_other_program(self) -> str | None:
        """Return why no other program may be made to call the server now, or None.

        It would hang like the server, show what nobody can withdraw once the server wakes up, or have the bus start one.
        """
        if self.owner is None or (self.owner and self.capabilities is None):
            return SILENT
        if self.owner:
            return None
        if not self.session_is_up:
            return NO_SESSION
        if self._is_startable:
            if not self._may_start():
                return NOT_RUNNING
            self._last_start = self._now()
        return None

    def check(self, report: Callable[[str | None, str], None]) -> None:
        """Ask, without starting one, whether there is a server; `report` gets the error, or None and a description."""

        def on_answer(answer: tuple[Any, ...] | None, error: str) -> None:
            if answer is None:
                # Unlike our own errors, those of a server are names.
                refusal = error if " " in error else f"the notification server refused: {error}"
                report(CHECK_ERRORS.get(error, refusal), "")
                return
            if not self.owner:
                # Its arrival has escaped us.
                self.find_owner()
            known = set(answer[0])
            missing = [what for what, key in (("buttons", "actions"), ("text", "body")) if key not in known]
            without = f", without {' and '.join(missing)}" if missing else ""
            report(None, f"a notification server is there{without}")

        self._bus.call(SERVER, "GetCapabilities", None, (), on_answer, reply_signature="as")

    def _may_start(self) -> bool:
        """Return whether the latest attempt to start a server is long enough ago."""
        return self._last_start is None or self._now() >= self._last_start + RESTART_SECONDS

    def _set_owner(self, owner: str) -> None:
        if owner == self.owner or not (owner == "" or _is_unique_name(owner)):
            return
        before, self.owner = self.owner, owner
        self.capabilities, self.program = None, ServerProgram()
        self._capabilities_question = _Question()
        self._on_owner(before)
        if owner:
            self.session_is_up = True
            # Asked first, it is usually answered first.
            self._ask_program()
            self.ask_capabilities()
        else:
            self._on_change()

    def _ask_program(self) -> None:
        owner = self.owner

        def on_answer(answer: tuple[Any, ...] | None, _error: str) -> None:
            if answer and owner == self.owner:
                name, _, version, _ = answer
                major = re.match(r"\d{1,9}", version, re.ASCII)
                self.program = ServerProgram(name, int(major[0]) if major else 0)

        self._bus.call(self.address, "GetServerInformation", None, (), on_answer, reply_signature="ssss")

    def _ask(
        self,
        question: _Question,
        to: DBusAddress,
        method: str,
        signature: str | None,
        body: tuple[Any, ...],
        reply_signature: str,
        on_answer: OnAnswer,
    ) -> None:
        """Send a call, unless it is already waiting for its answer; `on_answer` also gets a late one."""
        if question.is_asked:
            return
        question.is_asked = True

        def on_end(answer: tuple[Any, ...] | None, error: str) -> None:
            question.is_asked = False
            question.is_late = question.is_late or error == NO_ANSWER
            on_answer(answer, error)

        def on_late_answer(answer: tuple[Any, ...]) -> None:
            question.is_late = False
            on_answer(answer, "")

        self._bus.call(
            to,
            method,
            signature,
            body,
            on_end,
            reply_signature=reply_signature,
            on_late_answer=None if question.is_late else on_late_answer,
        )

    def _on_owner_answer(self, answer: tuple[Any, ...] | None, error: str) -> None:
        if answer:
            self._set_owner(str(answer[0]))
        elif error == NO_OWNER:
            # A signal may have arrived first; the error would then be outdated.
            if self.owner is None:
                self._set_owner("")
        elif error == NO_ANSWER:
            self._on_change()

    def _on_environment(self, answer: tuple[Any, ...] | None, _error: str) -> None:
        self._is_starting = False
        variables = answer[0][1] if answer and answer[0][0] == "as" else []
        has_display = any(str(text).startswith(("WAYLAND_DISPLAY=", "DISPLAY=")) for text in variables)
        self.session_is_up = self.session_is_up or has_display
        if self.owner or has_display:
            self._on_change()
        else:
            self._on_error(f"{NOT_RUNNING}, and no desktop session is up to start one")

    def _on_start_answer(self, answer: tuple[Any, ...] | None, error: str) -> None:
        self._is_starting = False
        self._is_startable = error != SERVICE_UNKNOWN
        if self.owner:
            return
        if answer is None:
            self._on_error(SILENT if error == NO_ANSWER else NOT_RUNNING)
        else:
            # It runs, but we missed its arrival.
            self.find_owner()
