"""The desktop channel on Windows: a balloon of an icon in the taskbar, whose menu has what buttons are elsewhere.

Windows 10 and 11 show a balloon as one of their notifications, for a few seconds, and then keep it in a list as long as
the icon is there. There it can be read until it is withdrawn.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.wakeup import Wakeup
from unplugd.notify.channel import Channel
from unplugd.notify.message import QUIT_KEY, REVIEW_KEY
from unplugd.platforms.windows.balloon import make_balloon
from unplugd.platforms.windows.tray import Tray

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from unplugd.notify.channel import NotificationListener
    from unplugd.notify.message import Message

TIMEOUT_SECONDS: Final = 5.0
"""Timeout in seconds for showing a notification; Windows gives Explorer about as long to answer."""
SIGHT_SECONDS: Final = 4.0
"""Seconds for which a test notification is seen at least: it goes with the icon of the command that shows it."""


class Notification(Channel):
    """The channel; also the listener of its icon, whose thread hands everything over to the loop."""

    name = "desktop"
    replaces = True
    hint = "log in to Windows' desktop: a program without a taskbar, as over ssh, cannot show notifications"

    def __init__(self, now: Callable[[], float], events: NotificationListener) -> None:
        self._now = now
        self._events = events
        self._news: deque[Callable[[], None]] = deque()
        self._wakeup = Wakeup(self._handle_news)
        self._number = 0
        """The number of the latest message or withdrawal; what an earlier one led to no longer counts."""
        self._on_done: Callable[[str | None], None] | None = None
        self._deadline: float | None = None
        self._is_shown = False
        self._passes_at = 0.0
        self._tray: Tray | None = None
        self._open()

    # --- as a channel

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        """Show `message` instead of the current notification; `on_done` gets None or the error."""
        self._number += 1
        self._on_done, self._deadline = on_done, self._now() + TIMEOUT_SECONDS
        if (error := self._open()) is not None:
            self._finish(error)
            return
        self._call(partial(self._show_balloon, self._number, message, self._label_menu(message)))

    def withdraw(self) -> None:
        """Remove the notification, from the screen and from the list."""
        self._number += 1
        self._on_done = self._deadline = None
        self._is_shown, self._passes_at = False, 0.0
        self._call(partial(self._clear, self._label_menu(None)))

    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        """Check, showing nothing, whether there is a taskbar that would show a notification now."""
        error = self._open()
        if self._tray is None:
            on_result(error, "")
            return

        def look(tray: Tray) -> None:
            self._tell(partial(on_result, tray.find_trouble(), "the taskbar shows notifications"))

        self._call(partial(look, self._tray))

    # --- as a source of the loop

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the icon's thread has something to say."""
        return self._wakeup.fileno()

    def ready(self) -> None:
        """Handle what the thread says."""
        self._wakeup.ready()

    def deadline(self) -> float | None:
        """Return when the taskbar has to have answered."""
        return self._deadline

    def expire(self, now: float) -> None:
        """Give up a taskbar that does not answer."""
        if self._deadline is not None and now >= self._deadline:
            self._finish("the taskbar does not answer")

    def close(self) -> None:
        """Remove the icon, after a test notification was seen."""
        if self._tray is None:
            return
        time.sleep(max(0.0, self._passes_at - self._now()))
        self._tray.close()
        self._tray = None
        self._wakeup.close()

    # --- as the listener of the icon, in its thread

    def on_choice(self, key: str) -> None:
        """Pass on the choice of an entry of the menu."""
        if key == QUIT_KEY:
            # The loop ends as on a signal.
            signal.raise_signal(signal.SIGTERM)
        else:
            self._tell(partial(self._events.on_action, key))

    def on_click(self) -> None:
        """Pass on a click on the balloon, which Windows takes away."""
        self._tell(partial(self._events.on_action, REVIEW_KEY))
        self.on_end("dismissed")

    def on_end(self, outcome: Literal["dismissed", "expired"]) -> None:
        """Pass on that the balloon is gone."""
        self._tell(partial(self._handle_end, outcome))

    def on_taskbar(self) -> None:
        """Pass on that the balloon is gone with the old taskbar, and that there is a new one."""
        self._tell(self._handle_taskbar)

    # --- in the thread

    def _show_balloon(self, number: int, message: Message, entries: tuple[tuple[str, str], ...]) -> None:
        # If Explorer has hung, what came later is also waiting.
        if number != self._number or self._tray is None:
            return
        self._tray.entries = entries
        error = self._tray.show(make_balloon(message), self._now())
        self._tell(partial(self._handle_answer, number, message, error))

    def _clear(self, entries: tuple[tuple[str, str], ...]) -> None:
        if self._tray is not None:
            self._tray.entries = entries
            self._tray.clear()

    def _tell(self, news: Callable[[], None]) -> None:
        """Have the loop call a function."""
        self._news.append(news)
        self._wakeup.wake()

    # --- in the loop

    def _open(self) -> str | None:
        """Make the icon, unless there is one; return the error, or None."""
        if self._tray is None:
            try:
                self._tray = Tray(self)
            except OSError as error:
                return error.strerror or str(error)
            self._call(partial(self._set_entries, self._label_menu(None)))
        return None

    def _set_entries(self, entries: tuple[tuple[str, str], ...]) -> None:
        if self._tray is not None:
            self._tray.entries = entries

    def _call(self, function: Callable[[], None]) -> None:
        if self._tray is not None:
            self._tray.call(function)

    def _label_menu(self, message: Message | None) -> tuple[tuple[str, str], ...]:
        """Return the entries of the menu: the buttons of the message, and what is always there."""
        buttons = message.buttons if message else ()
        line = (("", ""),) if buttons else ()
        return (*buttons, *line, *self._events.label_menu())

    def _handle_news(self) -> None:
        while self._news:
            self._news.popleft()()

    def _handle_answer(self, number: int, message: Message, error: str | None) -> None:
        if number != self._number:
            return
        if error is None:
            self._is_shown = True
            self._passes_at = self._now() + SIGHT_SECONDS if message.passing else 0.0
        self._finish(error)

    def _finish(self, error: str | None) -> None:
        on_done, self._on_done, self._deadline = self._on_done, None, None
        if on_done:
            on_done(error)

    def _handle_end(self, outcome: Literal["dismissed", "expired"]) -> None:
        self._passes_at = 0.0
        if self._is_shown:
            self._is_shown = False
            self._events.on_closed(outcome)

    def _handle_taskbar(self) -> None:
        was_shown, self._is_shown = self._is_shown, False
        if was_shown:
            self._events.on_lost()
        self._events.on_server_back()
