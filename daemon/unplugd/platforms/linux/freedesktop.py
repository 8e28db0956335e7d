"""The desktop channel: shows reminders, one at a time, on the session's notification server.

It speaks org.freedesktop.Notifications (Desktop Notifications Specification 1.2) the way real servers do:
- Each reminder is a new notification. Replacing the previous one, as the specification allows, would hide it: GNOME 43
  removes the buttons of a replaced notification, GNOME 48 does not redraw it. The previous one is closed first, because
  GNOME 43 does not show a reminder that arrives while another one is there. The new one is sent a moment after the close
  is answered, because swaync loses one that is sent together with the close.
- Only a change of text, which makes no sound, replaces. It never replaces one that expires, because some servers would
  crash, nor an urgent one on a GNOME that would remove its buttons.
- A server may hang: the channel gives up after `DELIVERY_TIMEOUT_SECONDS`, so that the next channel is tried, but sends
  nothing more until the answer arrives or counts as lost; otherwise everything would appear when the server wakes up.
  No other program is used that would call the same server.
- A server may report that a notification was closed before it reports the button that closed it (awesome, LXQt), so
  that a close is only passed on after `PRESS_SECONDS` without a press.
- A server may crash or be replaced: its notifications are lost, and the listener is told about that and the new server.
  One that crashes while it takes a notification (LXQt) is started, or waited for, and tried once more.
- A server may close a reminder by itself (Budgie) and keep it in a list: it is closed there, too, with the next one or
  when it is no longer true.

`notification_server` finds and starts the server, `shown_notification` manages the notification; this module knows
what is wanted on the screen: after each answer and each signal, `_advance` takes the next step towards it.
"""

from __future__ import annotations

import selectors
import time
from typing import TYPE_CHECKING, Final, Literal

from jeepney.low_level import HeaderFields

from unplugd import sanitize
from unplugd.notify.channel import Channel
from unplugd.platforms.linux import bus
from unplugd.platforms.linux.bus import BUS_SILENT, NO_ANSWER, Bus, BusError
from unplugd.platforms.linux.bus_source import BusSource
from unplugd.platforms.linux.notification_server import (
    NO_REPLY,
    NO_SESSION,
    NOT_RUNNING,
    OWNER_RULE,
    SIGNALS_RULE,
    SILENT,
    NotificationServer,
)
from unplugd.platforms.linux.shown_notification import ShownNotification

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jeepney.low_level import Message as BusMessage

    from unplugd.notify.channel import NotificationListener
    from unplugd.notify.message import Message

DELIVERY_TIMEOUT_SECONDS: Final = 5.0
"""Timeout in seconds for showing a notification; a single call to the server times out after 3 s."""
START_TIMEOUT_SECONDS: Final = 15.0
"""Timeout in seconds for starting a notification server."""
RETURN_SECONDS: Final = 3.0
"""Seconds for which a server that exited during a delivery may come back by itself; LXQt's session restarts it."""
JOIN_SESSION: Final = (
    "run unplugd inside your desktop session: in a terminal on the screen, not over ssh or in a container"
)
"""What to do where there is no desktop, or where it belongs to somebody else."""
MEND_SERVER: Final = (
    "log in anew; if that does not help, install a notification server, such as dunst or mako"
)
PRESS_SECONDS: Final = 0.2
"""Seconds after the close of a notification within which its button may be reported."""
CLOSE_TIMEOUT_SECONDS: Final = 0.5
"""Seconds to wait for a pending withdrawal before the connection is closed."""


class Desktop(BusSource, Channel):
    """The channel. `remembered` is a file that survives a crash; see `ShownNotification`."""

    name = "desktop"
    replaces = True
    hint = JOIN_SESSION

    def __init__(
        self, now: Callable[[], float], events: NotificationListener, remembered: Path | None = None
    ) -> None:
        super().__init__()
        self._now = now
        self._events = events
        self._server = NotificationServer(
            self,
            now,
            on_owner=self._on_owner,
            on_change=self._advance,
            on_capabilities=self._on_capabilities,
            on_error=self._on_server_error,
        )
        self._notification = ShownNotification(self, self._server, now, self._on_answer, remembered)
        self._wanted: Message | None = None
        """The message that should be on the screen."""
        self._on_done: Callable[[str | None], None] | None = None
        self._deadline: float | None = None
        self._deaths = 0
        """How many servers have exited during this delivery."""
        self._unreported_close: tuple[Literal["dismissed", "expired"], float] | None = None
        """How the notification was closed, and when to report that; nothing is shown until then."""
        self._bus_error = ""
        """Why there is no connection."""

    def check_other_program(self) -> str | None:
        """Return why no other program may be made to show a notification now, or None if that may help."""
        if self._bus is None:
            hangs = self._bus_error == BUS_SILENT
            return BUS_SILENT if hangs else None if self._server.session_is_up else NO_SESSION
        return SILENT if self._notification.awaits_id else self._server.check_other_program()

    # --- as a channel

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        """Show `message` instead of the current notification; `on_done` gets None or the error."""
        if message.fresh:
            # A new notification comes anyway, and its close must not be confused with that of the previous one.
            self._unreported_close = None
        self._wanted = message
        self._on_done = on_done
        self._deadline = self._now() + DELIVERY_TIMEOUT_SECONDS
        self._deaths = 0
        self._advance()

    def withdraw(self) -> None:
        """Remove the notification, even if its id has not arrived yet; report it if somebody else closed it."""
        self._report_close()
        self._notification.withdraw()

    def check(self, report: Callable[[str | None, str], None]) -> None:
        """Find out, without showing anything, whether a server is running and what it can do."""
        if (error := self.connect()) is not None:
            report(error, "")
        else:
            self._server.check(report)

    def connect(self) -> str | None:
        """Connect to the session bus if not connected; return the error, or None."""
        if self._bus:
            return None
        try:
            self._bus = Bus(bus.find_session_address(), self._now, self._on_signal, self._on_disconnect)
        except BusError as error:
            self._bus_error = str(error)
            return self._bus_error
        if self._server.session_is_up:
            self.hint = MEND_SERVER
        self._bus.add_match(OWNER_RULE)
        self._bus.add_match(SIGNALS_RULE)
        self._server.find_owner()
        return None

    # --- as a source of the loop

    def deadline(self) -> float | None:
        """Return when a call or the delivery times out, a close must be reported, or what waits can be shown."""
        report_at = self._unreported_close[1] if self._unreported_close else None
        deadlines = [self._deadline, report_at, self._notification.room_at, super().deadline()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def expire(self, now: float) -> None:
        """Give up what has timed out, report a close that was no press, and show what waited."""
        super().expire(now)
        if self._notification.has_room(now):
            self._advance()
        if self._unreported_close and now >= self._unreported_close[1]:
            is_gone = not (self._notification.is_shown or self._notification.awaits_id)
            if self._unreported_close[0] == "expired" and is_gone:
                # It may still lie in a list, where it can be read until it is no longer true.
                self._report_close()
            else:
                self.withdraw()
        if self._deadline is not None and now >= self._deadline:
            self._finish(SILENT if self._server.owner != "" else NOT_RUNNING)

    def close(self) -> None:
        """Close the connection after waiting briefly for a pending withdrawal, since nobody could do it later."""
        if self._wanted is None:
            self._wait_for_withdrawal()
        super().close()

    def _wait_for_withdrawal(self) -> None:
        until = time.monotonic() + CLOSE_TIMEOUT_SECONDS
        while self._bus and self._notification.is_being_closed:
            with selectors.PollSelector() as selector:
                selector.register(self._bus, self._bus.events())
                if not selector.select(until - time.monotonic()) or time.monotonic() >= until:
                    return
            self._bus.ready()

    # --- events

    def _report_close(self) -> None:
        """Report that somebody else closed the notification, if that is not reported yet; nothing is wanted any more."""
        close, self._unreported_close = self._unreported_close, None
        if close:
            self._events.on_closed(close[0])
        self._wanted = None
        self._finish()

    def _advance(self) -> None:
        """Take the next step towards showing the wanted message."""
        if self._wanted is None or self._on_done is None or self._unreported_close:
            return
        if (error := self.connect()) is not None:
            self._finish(error)
        elif self._server.owner is None:
            self._server.find_owner()
        elif self._server.owner == "":
            if self._server.start(START_TIMEOUT_SECONDS):
                self._deadline = self._now() + START_TIMEOUT_SECONDS
        elif self._server.capabilities is None:
            self._server.ask_capabilities()
        elif not self._notification.awaits_id:
            self._notification.show(self._wanted, self._server.capabilities)

    def _finish(self, error: str | None = None) -> None:
        """Report the outcome of `show` if that is pending; after an error nothing is wanted any more."""
        on_done, self._on_done, self._deadline = self._on_done, None, None
        if error is not None:
            self._wanted = None
        if on_done:
            on_done(error)

    def _on_answer(self, message: Message, error: str | None) -> None:
        if error == NO_ANSWER:
            self._finish(SILENT)
        elif error == NO_REPLY:
            # It exited, which the bus is about to announce.
            pass
        elif self._wanted is None and error is None:
            self.withdraw()
        elif self._wanted is not message:
            self._advance()
        elif error is None:
            self._finish()
        else:
            self._finish(f"the notification server refused: {sanitize.one_line(error)}")

    def _on_server_error(self, error: str) -> None:
        if error == NOT_RUNNING and self._deaths == 1:
            # It may have crashed on our call. The bus cannot start it, but the desktop may: it gets one more chance.
            self._deadline = self._now() + RETURN_SECONDS
        else:
            self._finish(error)

    def _on_owner(self, before: str | None) -> None:
        if before and self._on_done:
            self._deaths += 1
        was_shown = self._notification.is_shown
        if before is None:
            self._notification.adopt(wanted=self._wanted is not None)
        else:
            self._notification.forget()
            if self._unreported_close:
                self.withdraw()
        if was_shown:
            self._events.on_lost()

    def _on_capabilities(self) -> None:
        self._events.on_server_back()
        self._advance()

    def _on_signal(self, signal: BusMessage) -> None:
        if self._server.handle_signal(signal):
            return
        fields, body = signal.header.fields, signal.body
        if fields.get(HeaderFields.sender) != self._server.owner:
            return
        member, signature = fields.get(HeaderFields.member), fields.get(HeaderFields.signature)
        if (member, signature) == ("ActionInvoked", "us"):
            # The button may have been pressed just before we asked the server to close the notification.
            if self._notification.is_ours(body[0]):
                self._events.on_action(str(body[1]))
                if self._unreported_close:
                    # The press had no effect, or not on all devices, and the notification is gone.
                    self.withdraw()
        elif (member, signature) == ("NotificationClosed", "uu") and self._notification.handle_closed(
            body[0], expired=body[1] == 1
        ):
            outcome: Literal["dismissed", "expired"] = "expired" if body[1] == 1 else "dismissed"
            self._unreported_close = (outcome, self._now() + PRESS_SECONDS)

    def _on_disconnect(self, error: str) -> None:
        was_shown = self._notification.is_shown
        # A new bus reuses the same unique names, so the remembered id could belong to another program's notification.
        self._notification.forget()
        self._bus = None
        self._bus_error = error
        self._server.forget()
        if self._unreported_close:
            self.withdraw()
        self._finish(error)
        if was_shown:
            self._events.on_lost()
