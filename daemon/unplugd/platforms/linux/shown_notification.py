"""Our notification on the server: shows, replaces and closes it, and remembers it across a crash.

Notify returns the id with which the notification can be replaced or closed; until it arrives, nobody can remove the
notification. So at most one call is unanswered at a time. If the answer is late (after the timeout), its id is still
used. After `LOST_ANSWER_SECONDS` it counts as lost and the next call is sent; if the answer arrives after all, its
notification is closed at once. An id is only valid for the server that returned it: when another server owns the name,
everything here is forgotten. If CloseNotification fails, it is repeated along with the next call. The error does not
say whether the notification is gone or the server failed to close it, so only the last `MAX_FAILED_CLOSINGS` are
repeated. A broken server that returns no id may have shown the notification all the same: it counts as shown, since
repeating it would fill the screen, and the ones after it expire.

After a close, the next notification waits until `PAUSE_SECONDS` after the server's answer. If no answer comes, it is sent
`CLOSE_SECONDS` after the call.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from unplugd import private_folder, regular_file, sanitize
from unplugd.notify.message import REVIEW_KEY
from unplugd.platforms.linux.bus import INVALID_ANSWER, NO_ANSWER
from unplugd_service.icon import ICON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unplugd.notify.message import Message
    from unplugd.platforms.linux.bus_source import BusSource
    from unplugd.platforms.linux.notification_server import NotificationServer

MAX_ID: Final = 2**32
MAX_NOTE_CHARACTERS: Final = 300
"""Maximum length of what is remembered: a bus name has at most 255 characters."""
LOST_ANSWER_SECONDS: Final = 60.0
"""Seconds after which a late answer counts as lost. A server that hangs longer may briefly show two notifications."""
DESKTOP_ENTRY: Final = "unplugd"
"""The name of the desktop entry, without .desktop; desktops that do not find it use the application's name."""
DRAWS_EVERY_ACTION: Final = frozenset({"lxqt-notificationd"})
"""Servers that draw the action of a click as a button, too, and then cut off the labels of the others."""
GNOME: Final = "gnome-shell"
KEEPS_BUTTONS_SINCE: Final = 46
"""The first version of GNOME that draws a notification with its buttons when it replaces another one."""
OTHER_ICON: Final = "drive-removable-media"
"""The name of an icon that most themes have."""
CLOSE_SECONDS: Final = 1.0
"""Seconds to wait for the answer to a close before the next notification is sent all the same."""
PAUSE_SECONDS: Final = 0.1
"""Seconds between a close and the next notification: swaync loses one that comes within about 3 ms."""
MAX_FAILED_CLOSINGS: Final = 10
"""Maximum number of notifications that are remembered because closing them has failed."""


def _find_icon() -> str:
    """Return our icon as servers want it.

    It is a URI because not every server looks for names where the user's icons are (mako and dunst do not). After an
    upgrade, the file of this version may be gone.
    """
    return ICON.as_uri() if ICON.is_file() else OTHER_ICON


def _make_hints(message: Message) -> dict[str, tuple[str, Any]]:
    """Return the hints of a notification, each with its D-Bus type."""
    hints: dict[str, tuple[str, Any]] = {
        "urgency": ("y", 2 if message.critical else 1),
        "category": ("s", "device"),
        "desktop-entry": ("s", DESKTOP_ENTRY),
    }
    if not message.passing:
        # A click shows the review and does not dismiss the reminder. What a button ends is withdrawn.
        hints["resident"] = ("b", True)
    if not message.fresh:
        hints["suppress-sound"] = ("b", True)
    return hints


def _write_note(path: Path, note: str) -> None:
    """Remember `note` in a file, or remove the file if it is empty."""
    try:
        private_folder.check(path.parent)
        # A new file each time: another user's link or pipe in its place is neither followed nor waited for.
        path.unlink(missing_ok=True)
        if note:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(regular_file.open_file(path, flags), "w", encoding="ascii") as file:
                file.write(note)
    except OSError:
        return


def _read_note(path: Path) -> str:
    """Return what is remembered in a file, "" if nothing is."""
    try:
        private_folder.check(path.parent)
        with os.fdopen(regular_file.open_file(path), encoding="ascii") as file:
            return file.read(MAX_NOTE_CHARACTERS)
    except (OSError, ValueError):
        return ""


@dataclass(slots=True, eq=False)
class _Request:
    """A call of Notify: the message, None once nobody waits for the answer, the server it was sent to, and when."""

    message: Message | None
    owner: str | None
    sent_at: float


class ShownNotification:
    """The notification. `on_answer` gets the message of each Notify call and the error, or None.

    `remembered` is a file with the id and the server, so that the next run can close what a crash left on the screen.
    """

    def __init__(
        self,
        bus: BusSource,
        server: NotificationServer,
        now: Callable[[], float],
        on_answer: Callable[[Message, str | None], None],
        remembered: Path | None,
    ) -> None:
        self._bus = bus
        self._server = server
        self._now = now
        self._on_answer = on_answer
        self._remembered = remembered
        self._id = 0
        """The id of the notification that is shown, 0 if there is none."""
        self._may_be_replaced = False
        """Whether a change of text may replace it: not if it expires, which one left by an earlier run may do."""
        self._request: _Request | None = None
        """The unanswered Notify call."""
        self._closing: dict[int, bool] = {}
        """The ids of the notifications being closed; False if the call failed."""
        self._closed_id = 0
        """The id of the notification that was closed last, 0 once the next one is shown."""
        self._expired_id = 0
        """The id of the notification that the server closed by itself, and may have kept in a list; 0 if none."""
        self._close_when_known = False
        """Whether to close what an earlier run left as soon as the server is known."""
        self._waits = False
        """Whether the next notification waits for room."""
        self._room_at = 0.0
        """When there is room for the next notification, 0 once `has_room` has said so."""
        self._gives_ids = True
        """Whether the server returns an id by which a notification can be replaced and closed."""

    @property
    def is_shown(self) -> bool:
        """Whether it is on the screen."""
        return self._id != 0

    @property
    def awaits_id(self) -> bool:
        """Whether a Notify call is unanswered and not yet counted as lost."""
        return self._request is not None and self._now() < self._request.sent_at + LOST_ANSWER_SECONDS

    @property
    def is_being_closed(self) -> bool:
        """Whether a short wait may still remove something from the screen."""
        return self._close_when_known or self._request is not None or any(self._closing.values())

    @property
    def room_at(self) -> float | None:
        """When the notification that waits for room can be shown, None if none does."""
        return self._room_at if self._waits and self._room_at else None

    def has_room(self, now: float) -> bool:
        """Return, once, whether the notification that waits for room can be shown now."""
        at = self.room_at
        if at is None or now < at:
            return False
        self._room_at = 0.0
        return True

    def is_ours(self, notification: int) -> bool:
        """Return whether an id belongs to the notification that is shown, is being closed or was just closed."""
        return notification in self._closing or (
            notification != 0 and notification in (self._id, self._closed_id, self._expired_id)
        )

    def show(self, message: Message, capabilities: frozenset[str]) -> None:
        """Show `message`: as a new notification if it is fresh, otherwise as a replacement.

        If it must wait for room, it is not shown: call this again when `has_room` says so.
        """
        if not message.fresh and not self._gives_ids:
            # It would not replace the notification but stand beside it.
            self._on_answer(message, None)
            return
        name, version = self._server.program
        # An urgent one stays on the screen, where its buttons are needed.
        loses_buttons = name == GNOME and version < KEEPS_BUTTONS_SINCE and message.critical
        is_new = message.fresh or not self._may_be_replaced or loses_buttons
        # What failed is repeated once, not each time while this waits.
        if self._expired_id or (is_new and (self._id or not self._waits)):
            self.close()
        self._waits = self._now() < self._room_at
        if self._waits:
            return
        body = "\n".join(message.lines)
        if "body-markup" in capabilities:
            body = sanitize.escape_markup(body)
        with_buttons = "actions" in capabilities
        # Always with the action for a click on the notification: without it, GNOME would run the desktop entry.
        click = () if name in DRAWS_EVERY_ACTION else ((REVIEW_KEY, message.click),)
        actions = [text for action in (*message.buttons, *click) for text in action] if with_buttons else []
        # A reminder never expires on its own: it is withdrawn when it no longer applies. But a server without buttons
        # (notify-osd) makes a dialog of it that nobody can withdraw.
        expires = -1 if message.passing or not self._gives_ids or not with_buttons else 0
        self._drop_request()
        arguments = (
            "unplugd",
            self._id,
            _find_icon(),
            message.title,
            body,
            actions,
            _make_hints(message),
            expires,
        )
        self._request = request = _Request(message, self._server.owner, self._now())
        self._bus.call(
            self._server.address,
            "Notify",
            "susssasa{sv}i",
            arguments,
            lambda answer, error: self._on_notify_answer(request, answer, error),
            reply_signature="u",
            on_late_answer=lambda answer: self._take_id(request, int(answer[0])),
        )

    def withdraw(self) -> None:
        """Close what is shown, including what an earlier run left, as soon as the server is known."""
        if self._bus.is_connected and self._server.owner is None:
            self._close_when_known = True
        else:
            self.close()

    def close(self) -> None:
        """Close what is shown; it is forgotten first, so that this is not mistaken for the person closing it."""
        failed = self._find_failed_closings()
        shown = [self._id] if self._id else []
        self._set_id(0)
        for notification in (*failed, *shown):
            self._close(notification)
        if self._expired_id:
            # An error says that it is in no list, so this is not repeated.
            expired, self._expired_id = self._expired_id, 0
            self._close(expired, repeat=False)

    def adopt(self, *, wanted: bool) -> None:
        """Adopt what an earlier run left on the screen; close it if that was requested and nothing is `wanted`."""
        self._id, self._may_be_replaced = self._recall(), False
        if self._close_when_known and not wanted:
            self.close()
        self._close_when_known = False

    def forget(self) -> None:
        """Forget what is shown and pending: it vanished along with the server."""
        self._drop_request()
        self._closing.clear()
        self._closed_id = self._expired_id = 0
        self._waits, self._room_at = False, 0.0
        self._gives_ids = True
        self._set_id(0)

    def handle_closed(self, notification: int, *, expired: bool) -> bool:
        """Handle NotificationClosed; return whether it is what is shown, so that somebody else closed it."""
        if self.is_ours(notification):
            self._closed_id, self._room_at = notification, self._now() + PAUSE_SECONDS
        self._closing.pop(notification, None)
        if notification == self._expired_id:
            self._expired_id = 0
        if notification != self._id or not self._id:
            return False
        if expired:
            # It stays remembered, so that the next run can close it, too.
            self._id, self._expired_id = 0, notification
        else:
            self._set_id(0)
        return True

    def _drop_request(self) -> None:
        """Stop waiting for the unanswered call, and free its message: a server may hang for days."""
        if self._request:
            self._request.message = None
        self._request = None

    def _on_notify_answer(self, request: _Request, answer: tuple[Any, ...] | None, error: str) -> None:
        if answer is not None:
            self._take_id(request, int(answer[0]))
        elif error == INVALID_ANSWER:
            self._take_id(request, 0)
        elif request.message:
            if error != NO_ANSWER:
                self._request = None
            self._on_answer(request.message, error)
        # Otherwise the server has gone, which has been reported already.

    def _take_id(self, request: _Request, notification: int) -> None:
        if request.owner != self._server.owner:
            # The id was returned by another server.
            return
        message = request.message
        if message is None:
            # The answer had counted as lost, and something else has been shown since.
            if notification not in (0, self._id):
                self._close(notification)
            return
        self._request = None
        self._closed_id = 0
        self._gives_ids = notification != 0
        self._set_id(notification)
        self._may_be_replaced = not message.passing
        self._on_answer(message, None)

    def _find_failed_closings(self) -> list[int]:
        return [notification for notification, is_asked in self._closing.items() if not is_asked]

    def _close(self, notification: int, *, repeat: bool = True) -> None:
        def on_answer(answer: tuple[Any, ...] | None, _error: str) -> None:
            self._room_at = self._now() + PAUSE_SECONDS
            if answer is not None:
                if self._closing.pop(notification, None):
                    self._closed_id = notification
            elif not repeat:
                self._closing.pop(notification, None)
            elif notification in self._closing:
                self._closing[notification] = False
                failed = self._find_failed_closings()
                if len(failed) > MAX_FAILED_CLOSINGS:
                    del self._closing[failed[0]]

        self._closing[notification] = True
        self._room_at = self._now() + CLOSE_SECONDS
        self._bus.call(self._server.address, "CloseNotification", "u", (notification,), on_answer)

    def _set_id(self, notification: int) -> None:
        self._id = notification
        if self._remembered:
            _write_note(self._remembered, f"{self._server.owner} {notification}" if notification else "")

    def _recall(self) -> int:
        """Return the id of what an earlier run left on this server, 0 if nothing."""
        owner = self._server.owner
        then, _, notification = (
            _read_note(self._remembered).partition(" ") if self._remembered else ("", "", "")
        )
        try:
            known = int(notification) if owner and then == owner else 0
        except ValueError:
            return 0
        return known if 0 < known < MAX_ID else 0
