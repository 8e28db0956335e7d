"""The desktop's notification server: one notification at a time, withdrawn when it is no longer true.

Each reminder is a new notification, and the one before it is closed first: GNOME 43 takes the buttons away from a
notification that is replaced, and GNOME 48 does not draw it. Only a change of text replaces what is shown.

The interface is org.freedesktop.Notifications of the Desktop Notifications Specification 1.2.
"""

from __future__ import annotations

import os
import selectors
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jeepney.low_level import HeaderFields, Message
from jeepney.wrappers import DBusAddress

from unplugd import sanitize
from unplugd.eventloop.loop import Source
from unplugd.platforms.linux import bus
from unplugd.platforms.linux.bus import BUS, NO_ANSWER, Bus, BusError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unplugd.notify.channel import Events
    from unplugd.notify.message import Message

NAME: Final = "org.freedesktop.Notifications"
SERVER: Final = DBusAddress("/org/freedesktop/Notifications", NAME, NAME)
MANAGER: Final = DBusAddress(
    "/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.DBus.Properties"
)
DELIVERY_TIMEOUT_SECONDS: Final = 5.0
"""Seconds that showing a notification may take, of which the server's answer gets three."""
START_TIMEOUT_SECONDS: Final = 15.0
"""Seconds that the bus may take to start a notification server."""
MAX_ID: Final = 2**32
LOST_ANSWER_SECONDS: Final = 60.0
"""Seconds after which an answer is taken for lost, not late: a server that hangs for longer may show one twice."""
LAST_ANSWER: Final = 0.5
"""Seconds to wait, before the connection is closed, for what is still to be withdrawn."""
RESTART_SECONDS: Final = 60.0
"""Seconds between two requests to start a server for the same notification."""


def has_display() -> bool:
    """Return whether this process was started in a graphical session."""
    return bool(os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY"))


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """A call of Notify: what it shows, to which server it was sent, and when."""

    words: Message
    owner: str | None
    sent_at: float


class Desktop(Source):
    """The channel, and a source of the loop. `remembered` is a file that outlives a crash: server and id."""

    name: Final = "desktop"
    replaces: Final = True

    def __init__(self, now: Callable[[], float], events: Events, remembered: Path | None = None) -> None:
        self._now = now
        self._events = events
        self._remembered = remembered
        self._bus: Bus | None = None
        self._owner: str | None = None
        self.session_is_up = has_display()
        """Whether a desktop is known to be there: before that nobody may start its notification server."""
        self._capabilities: frozenset[str] | None = None
        self._id = 0
        self._replaceable = False
        """Whether a change of text may replace what is shown: not a passing one, and what an earlier run left may be."""
        self._closing: dict[int, bool] = {}
        """The ids that we have asked to close and that may still be there; False where that failed."""
        self._request: _Request | None = None
        """The call of Notify that is still to be answered."""
        self._left_over = False
        self._wanted: Message | None = None
        self._done: Callable[[str | None], None] | None = None
        self._deadline: float | None = None
        self._asking = False
        self._starting = False
        self._started_at: float | None = None

    # --- as a channel

    def show(self, words: Message, done: Callable[[str | None], None]) -> None:
        """Show `words` instead of what was shown; `done` gets None, or why it could not be."""
        self._wanted = words
        self._done = done
        self._deadline = self._now() + DELIVERY_TIMEOUT_SECONDS
        self._advance()

    def withdraw(self) -> None:
        """Take the notification away, also one whose id is still to come."""
        self._wanted = None
        self._settle()
        if self._bus and self._owner is None:
            # What an earlier run left on the screen is known only once it is known who shows it.
            self._left_over = True
            return
        self._close_shown()

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Find out whether a server is there and what it can do, without showing anything."""
        if (trouble := self.connect()) is not None or not self._bus:
            told(trouble, "")
            return

        def capable(answer: tuple[Any, ...] | None, error: str) -> None:
            if answer is None:
                late = error == NO_ANSWER
                told(
                    "the notification server does not answer"
                    if late
                    else "no notification server is running",
                    "",
                )
                return
            able = set(answer[0])
            lacks = [what for what, key in (("buttons", "actions"), ("text", "body")) if key not in able]
            told(None, f"a notification server is there{', without ' + ' and '.join(lacks) if lacks else ''}")

        self._bus.call(SERVER, "GetCapabilities", None, (), capable, returns="as")

    def connect(self) -> str | None:
        """Make sure of a connection to the bus, and return why there is none."""
        if self._bus:
            return None
        try:
            self._bus = Bus(bus.find_session_address(), self._now, self._signal, self._disconnected)
        except BusError as error:
            return str(error)
        self._bus.add_match(
            f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{NAME}'"
        )
        self._bus.add_match(f"type='signal',interface='{NAME}'")
        self._bus.call(BUS, "GetNameOwner", "s", (NAME,), self._owner_told, returns="s")
        return None

    # --- as a source of the loop

    def fileno(self) -> int:
        """Return the connection's descriptor, -1 without one."""
        return self._bus.fileno() if self._bus else -1

    def events(self) -> int:
        """Return what to wait for."""
        return self._bus.events() if self._bus else 0

    def ready(self) -> None:
        """Take what came."""
        if self._bus:
            self._bus.ready()

    def deadline(self) -> float | None:
        """Return when something is overdue."""
        deadlines = [self._deadline, self._bus.deadline() if self._bus else None]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def expire(self, now: float) -> None:
        """Give up on what is overdue."""
        if self._bus:
            self._bus.expire(now)
        if self._deadline is not None and now >= self._deadline:
            self._settle("the notification server does not answer")

    def close(self) -> None:
        """Close the connection, but give what is to be withdrawn a moment to be."""
        if self._wanted is None:
            self._wait_for_withdrawal()
        if self._bus:
            self._bus.close()
            self._bus = None

    # --- inside

    def _advance(self) -> None:
        """Do the next thing that brings what is wanted onto the screen; called after each answer and signal."""
        if self._wanted is None or self._done is None:
            return
        if (trouble := self.connect()) is not None:
            self._settle(trouble)
        elif self._owner == "":
            self._start()
        elif self._owner and self._capabilities is None:
            self._ask_capabilities()
        elif self._owner and self._capabilities is not None and not self._waits_for_answer():
            self._notify(self._wanted, self._capabilities)

    def _notify(self, words: Message, capabilities: frozenset[str]) -> None:
        if not self._bus:
            return
        if words.fresh or not self._replaceable:
            self._close_shown()
        body = "\n".join(words.lines)
        if "body-markup" in capabilities:
            body = sanitize.escape_markup(body)
        actions = [text for button in words.buttons for text in button] if "actions" in capabilities else []
        hints: dict[str, tuple[str, Any]] = {
            "urgency": ("y", 2 if words.critical else 1),
            "category": ("s", "device"),
        }
        if not words.fresh:
            hints["suppress-sound"] = ("b", True)
        # A reminder never expires by itself: it is withdrawn when it stops being true.
        expires = -1 if words.passing else 0
        arguments = (
            "unplugd",
            self._id,
            "drive-removable-media-usb",
            words.title,
            body,
            actions,
            hints,
            expires,
        )
        self._request = request = _Request(words, self._owner, self._now())
        self._bus.call(
            self._server(),
            "Notify",
            "susssasa{sv}i",
            arguments,
            lambda answer, error: self._answered(request, answer, error),
            returns="u",
            late=lambda answer: self._notified(request, int(answer[0])),
        )

    def _answered(self, request: _Request, answer: tuple[Any, ...] | None, error: str) -> None:
        if answer is not None:
            self._notified(request, int(answer[0]))
        elif request is not self._request:
            # The server has gone, which says more than the error that comes of it.
            return
        elif error == NO_ANSWER:
            # It may still answer: until then nothing more is sent, or all of it would be shown at once one day.
            self._settle("the notification server does not answer")
        elif self._wanted is request.words:
            self._request = None
            self._settle(f"the notification server refused: {sanitize.one_line(error)}")
        else:
            self._request = None
            self._advance()

    def _notified(self, request: _Request, notification: int) -> None:
        if request.owner != self._owner:
            # The id is another server's.
            return
        if request is not self._request:
            # Its answer was taken for lost, and something else was shown since.
            if notification != self._id:
                self._close(notification)
            return
        self._request = None
        self._shown(notification)
        self._replaceable = not request.words.passing
        if self._wanted is None:
            self.withdraw()
        elif self._wanted is request.words:
            self._settle()
        else:
            self._advance()

    def _waits_for_answer(self) -> bool:
        return self._request is not None and self._now() < self._request.sent_at + LOST_ANSWER_SECONDS

    def _server(self) -> DBusAddress:
        """Return the address of the server that we know: the name may be another's by the time a call arrives."""
        return DBusAddress(SERVER.object_path, self._owner, NAME)

    def _close_shown(self) -> None:
        """Close what is shown; it is forgotten first, so that its closing is not taken for the person's doing."""
        failed = [notification for notification, asked in self._closing.items() if not asked]
        shown = [self._id] if self._id else []
        self._shown(0)
        for notification in (*failed, *shown):
            self._close(notification)

    def _close(self, notification: int) -> None:
        if not self._bus:
            return

        def answered(answer: tuple[Any, ...] | None, _error: str) -> None:
            if answer is not None:
                self._closing.pop(notification, None)
            elif notification in self._closing:
                self._closing[notification] = False

        self._closing[notification] = True
        self._bus.call(self._server(), "CloseNotification", "u", (notification,), answered)

    def _wait_for_withdrawal(self) -> None:
        """Wait for ids that are still to come and for closings: later nobody could withdraw it."""
        until = time.monotonic() + LAST_ANSWER
        while self._bus and (self._left_over or self._request or any(self._closing.values())):
            with selectors.DefaultSelector() as selector:
                selector.register(self._bus, self._bus.events())
                if not selector.select(until - time.monotonic()) or time.monotonic() >= until:
                    return
            self._bus.ready()

    def _settle(self, trouble: str | None = None) -> None:
        done, self._done, self._deadline = self._done, None, None
        if trouble is not None:
            self._wanted = None
        if done:
            done(trouble)

    def _start(self) -> None:
        """Have the bus start the desktop's server, but not before the desktop itself is there."""
        now = self._now()
        recently = self._started_at is not None and now < self._started_at + RESTART_SECONDS
        if self._starting or not self._bus:
            return
        if recently:
            self._settle("no notification server is running")
        elif self.session_is_up:
            self._start_now()
        else:
            # A service can be older than the desktop: the user manager knows what the session has told it since.
            self._starting = True
            arguments = ("org.freedesktop.systemd1.Manager", "Environment")
            self._bus.call(MANAGER, "Get", "ss", arguments, self._environment_told, returns="v")

    def _environment_told(self, answer: tuple[Any, ...] | None, _error: str) -> None:
        self._starting = False
        if self._owner:
            # One came up by itself in the meantime.
            self._advance()
            return
        variables = answer[0][1] if answer and answer[0][0] == "as" else []
        if any(str(variable).startswith(("WAYLAND_DISPLAY=", "DISPLAY=")) for variable in variables):
            self.session_is_up = True
            self._start_now()
        else:
            self._settle("no notification server is running, and no desktop session is up to start one")

    def _start_now(self) -> None:
        if not self._bus or self._wanted is None:
            return
        now = self._now()
        self._starting, self._started_at, self._deadline = True, now, now + START_TIMEOUT_SECONDS
        self._bus.call(
            BUS,
            "StartServiceByName",
            "su",
            (NAME, 0),
            self._start_told,
            returns="u",
            seconds=START_TIMEOUT_SECONDS,
        )

    def _start_told(self, answer: tuple[Any, ...] | None, _error: str) -> None:
        self._starting = False
        if answer is None and not self._owner:
            self._settle("no notification server is running")

    def _owner_told(self, answer: tuple[Any, ...] | None, _error: str) -> None:
        if self._owner is None or answer:
            self._owned_by(str(answer[0]) if answer else "")

    def _owned_by(self, owner: str) -> None:
        if owner == self._owner:
            return
        showed = self._id
        before, self._owner = self._owner, owner
        self._capabilities = None
        self._request = None
        self._closing.clear()
        if before is None:
            self._id, self._replaceable = self._recall(owner), False
            if self._left_over and self._wanted is None:
                self.withdraw()
            self._left_over = False
        else:
            self._shown(0)
        if showed:
            self._events.lost()
        self._asking = False
        if owner:
            self.session_is_up = True
            self._ask_capabilities()
        else:
            self._advance()

    def _ask_capabilities(self) -> None:
        if self._bus and not self._asking:
            self._asking = True
            self._bus.call(self._server(), "GetCapabilities", None, (), self._capabilities_told, returns="as")

    def _capabilities_told(self, answer: tuple[Any, ...] | None, _error: str) -> None:
        self._asking = False
        if answer is None:
            self._settle("the notification server does not answer")
            return
        self._capabilities = frozenset(map(str, answer[0]))
        self._events.back()
        self._advance()

    def _signal(self, message: Message) -> None:
        fields, body = message.header.fields, message.body
        member, sender = fields.get(HeaderFields.member), fields.get(HeaderFields.sender)
        signature = fields.get(HeaderFields.signature)
        if (member, sender, signature) == ("NameOwnerChanged", BUS.bus_name, "sss") and body[0] == NAME:
            self._owned_by(str(body[2]))
        elif sender != self._owner:
            return
        elif (member, signature) == ("ActionInvoked", "us"):
            # A button may have been pressed just before we asked to close its notification.
            if body[0] == self._id != 0 or body[0] in self._closing:
                self._events.pressed(str(body[1]))
        elif (member, signature) == ("NotificationClosed", "uu"):
            self._closing.pop(body[0], None)
            if body[0] != self._id or not self._id:
                return
            self._shown(0)
            self._wanted = None
            self._events.closed("expired" if body[1] == 1 else "dismissed")

    def _disconnected(self, why: str) -> None:
        showed = self._id
        # A new bus gives the same names to others: what was remembered would be somebody else's notification.
        self._shown(0)
        self._bus = None
        self._owner = self._capabilities = None
        self._request = None
        self._closing.clear()
        self._asking = self._starting = False
        self._settle(why)
        if showed:
            self._events.lost()

    # --- what outlives a crash: else a notification nobody can withdraw would stay on the screen

    def _shown(self, notification: int) -> None:
        self._id = notification
        if self._remembered is None:
            return
        try:
            if notification:
                self._remembered.write_text(f"{self._owner} {notification}", encoding="ascii")
            else:
                self._remembered.unlink(missing_ok=True)
        except OSError:
            return

    def _recall(self, owner: str) -> int:
        try:
            note = self._remembered.read_text("ascii") if self._remembered else ""
            then, _, notification = note.partition(" ")
            known = int(notification) if owner and then == owner else 0
        except (OSError, ValueError):
            return 0
        return known if 0 < known < MAX_ID else 0
