"""What Windows announces: devices, sleep, the lock screen, a clock that was set, and that this program has to end.

That devices have come or gone is told to every window, without saying which: it only makes a rescan due. When the
person logs off, Windows gives each program a few seconds, so the answer waits until the journal is written.
"""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from ctypes import byref, sizeof
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.wakeup import Wakeup
from unplugd.platforms.windows import presence
from unplugd.platforms.windows.window import Window
from unplugd.win32 import user32, wtsapi32
from unplugd.win32.guid import make_guid

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.rules.events import Absence

END_SECONDS: Final = 4.0
"""Seconds that the end of the session waits for ours; Windows ends a program that takes more than five."""


class Announcements(Wakeup):
    """Calls `on_change` after each announcement; OSError if there can be no window."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._closing = threading.Event()
        self.absence: Absence | None = None
        """Why nobody is in front of the session, as far as announced."""
        super().__init__(on_change)
        try:
            self._window = Window("announcements", self._handle_message)
        except OSError:
            super().close()
            raise
        self._window.call(self._register)

    def close(self) -> None:
        """Destroy the window and release everything."""
        self._closing.set()
        self._window.call(self._unregister)
        self._window.close()
        super().close()

    # --- in the window's thread

    def _register(self) -> None:
        """Ask for what Windows does not announce to all windows, as far as it has it."""
        handle = self._window.handle
        with suppress(OSError):
            wtsapi32.load().WTSRegisterSessionNotification(handle, 0)
        # With modern standby, sleep is announced to those who ask only.
        user32.load().RegisterSuspendResumeNotification(handle, 0)
        # A second announcement of each plug-in, should the one to all windows fail to come.
        devices = user32.DeviceFilter(
            size=sizeof(user32.DeviceFilter),
            kind=user32.DEVICE_INTERFACE,
            guid=make_guid(user32.USB_DEVICES),
        )
        user32.load().RegisterDeviceNotificationW(handle, byref(devices), 0)

    def _unregister(self) -> None:
        with suppress(OSError):
            wtsapi32.load().WTSUnRegisterSessionNotification(self._window.handle)

    def _handle_message(self, message: int, first: int, _second: int) -> int | None:
        # What comes with a device's announcement is never read: it has the serial number.
        if message in (user32.DEVICE_CHANGE, user32.TIME_CHANGE) or (
            message == user32.POWER_BROADCAST and first in user32.RESUMED
        ):
            self.wake()
        elif message == user32.SESSION_CHANGE:
            self.absence = presence.follow_change(first, self.absence)
            self.wake()
        elif message == user32.CLOSE:
            _stop()
        elif message == user32.END_SESSION and first:
            _stop()
            self._closing.wait(END_SECONDS)
            return 0
        return None


def _stop() -> None:
    """Ask the loop to end, as a signal does on other systems."""
    signal.raise_signal(signal.SIGTERM)
