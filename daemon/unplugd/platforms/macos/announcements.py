"""What the I/O Registry and the power management announce: plug-in, unplug, waking up. Hints to look, nothing more.

They come to a run loop, so they need a thread. All it does is write a byte, which wakes the one that does the work.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from contextlib import ExitStack
from ctypes import byref, c_uint32, c_void_p
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.loop import Source
from unplugd.platforms.macos import registry
from unplugd.platforms.macos.frameworks import ANY_PORT, MATCHED, POWER, check_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.platforms.macos.frameworks import Frameworks

KINDS: Final = (b"IOServiceFirstMatch", b"IOServiceTerminate")
"""kIOFirstMatchNotification and kIOTerminatedNotification (IOKitKeys.h)."""
# IOMessage.h, iokit_common_msg. Sleep waits up to half a minute for an answer to the first two.
CAN_SLEEP: Final = 0xE0000270
WILL_SLEEP: Final = 0xE0000280
WILL_POWER_ON: Final = 0xE0000320
HAS_POWERED_ON: Final = 0xE0000300
STOP_AGAIN_SECONDS: Final = 0.02
"""Seconds after which the run loop is told once more to stop: it does not hear what it is told before it runs."""


class Announcements(Source):
    """A source of the loop: calls `changed` when a USB device may have come or gone, and after sleep.

    OSError where it cannot be had. `power`: whether waking up is announced; if not, the clocks tell it at the next look.
    """

    def __init__(self, changed: Callable[[], None], frameworks: Frameworks) -> None:
        self._changed = changed
        self._iokit = frameworks.iokit
        self._core = frameworks.core
        self._mode = frameworks.default_mode
        # Kept here for as long as they may be called: ctypes does not.
        self._matched = MATCHED(self._came_or_went)
        self._powered = POWER(self._power_changes)
        self._power_connection = 0
        self._loop: int | None = None
        self._running = threading.Event()
        self._closing = False
        with ExitStack() as owned:
            self._read, self._write = os.pipe()
            owned.callback(os.close, self._write)
            owned.callback(os.close, self._read)
            os.set_blocking(self._read, False)
            os.set_blocking(self._write, False)
            ports = [self._listen_for_devices(owned)]
            if power := self._listen_for_power(owned):
                ports.append(power)
            self.power = power is not None
            self._sources = [self._iokit.IONotificationPortGetRunLoopSource(port) for port in ports]
            self._thread = threading.Thread(target=self._run, name="announcements", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:
                raise OSError(errno.EAGAIN, "no thread can be started") from error
            self._owned = owned.pop_all()

    @property
    def alive(self) -> bool:
        """Whether announcements still come."""
        return self._thread.is_alive()

    def fileno(self) -> int:
        """Return the descriptor that is readable after an announcement, -1 after the end."""
        return -1 if self._closing else self._read

    def ready(self) -> None:
        """Take what came."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)
            self._changed()

    def close(self) -> None:
        """End the thread, and release everything."""
        if self._closing:
            return
        self._closing = True
        self._running.wait()
        while self._thread.is_alive():
            self._core.CFRunLoopStop(self._loop)
            self._thread.join(STOP_AGAIN_SECONDS)
        if self._loop:
            self._core.CFRelease(self._loop)
        self._owned.close()

    # --- listening

    def _listen_for_devices(self, owned: ExitStack) -> int:
        port: int | None = self._iokit.IONotificationPortCreate(ANY_PORT)
        if not port:
            raise OSError(errno.EIO, "IONotificationPortCreate failed")
        owned.callback(self._iokit.IONotificationPortDestroy, port)
        for kind in KINDS:
            # Each call takes its dictionary. All USB devices: the ids are compared here, since matching by an id alone
            # has found nothing (macOS 15.7).
            matching = self._iokit.IOServiceMatching(registry.DEVICE.encode())
            if not matching:
                raise OSError(errno.EIO, "IOServiceMatching failed")
            iterator = c_uint32()
            code = self._iokit.IOServiceAddMatchingNotification(
                port, kind, matching, self._matched, None, byref(iterator)
            )
            check_result(code, "IOServiceAddMatchingNotification")
            owned.callback(self._iokit.IOObjectRelease, iterator.value)
            self._drain(iterator.value)
        return port

    def _listen_for_power(self, owned: ExitStack) -> int | None:
        port, notifier = c_void_p(), c_uint32()
        connection: int = self._iokit.IORegisterForSystemPower(
            None, byref(port), self._powered, byref(notifier)
        )
        if not connection or not port.value:
            return None
        # In reverse: the notifier first, then the connection, then the port.
        owned.callback(self._iokit.IONotificationPortDestroy, port.value)
        owned.callback(self._iokit.IOServiceClose, connection)
        owned.callback(self._iokit.IODeregisterForSystemPower, byref(notifier))
        self._power_connection = connection
        return port.value

    def _drain(self, iterator: int) -> None:
        """Take all that an iterator has: only an empty one announces what comes next."""
        while entry := self._iokit.IOIteratorNext(iterator):
            self._iokit.IOObjectRelease(entry)

    # --- in the thread

    def _run(self) -> None:
        try:
            # Kept beyond the thread's end, so that it can be told to stop at any moment.
            self._loop = self._core.CFRetain(self._core.CFRunLoopGetCurrent())
            for source in self._sources:
                self._core.CFRunLoopAddSource(self._loop, source, self._mode)
        finally:
            self._running.set()
        if not self._closing:
            self._core.CFRunLoopRun()
        # If it ended by itself, a look finds out and others are made more often.
        self._wake()

    def _came_or_went(self, _context: object, iterator: int) -> None:
        self._drain(iterator)
        self._wake()

    def _power_changes(self, _context: object, _service: int, message: int, argument: int | None) -> None:
        if message in (CAN_SLEEP, WILL_SLEEP):
            self._iokit.IOAllowPowerChange(self._power_connection, argument or 0)
        elif message in (WILL_POWER_ON, HAS_POWERED_ON):
            # The second can come many seconds after the first.
            self._wake()

    def _wake(self) -> None:
        # A full pipe says already what there is to say.
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"\0")
