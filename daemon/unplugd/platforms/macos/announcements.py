"""Announcements of the I/O Registry and of power management: plug-in, unplug, wake-up. They only trigger a rescan.

They arrive on a run loop, which needs a thread. The thread only writes a byte to a pipe, which wakes the event loop.
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
# From IOMessage.h, iokit_common_msg. Sleep is delayed by up to 30 s until the first two are answered.
CAN_SLEEP: Final = 0xE0000270
WILL_SLEEP: Final = 0xE0000280
WILL_POWER_ON: Final = 0xE0000320
HAS_POWERED_ON: Final = 0xE0000300
STOP_AGAIN_SECONDS: Final = 0.02
"""Seconds between calls of CFRunLoopStop; a call before the run loop is running has no effect."""


class Announcements(Source):
    """Calls `on_change` when a USB device may have come or gone, and after sleep; OSError if the system refuses.

    `power`: whether wake-ups are announced. If not, the next rescan detects the sleep from the clocks.
    """

    def __init__(self, on_change: Callable[[], None], frameworks: Frameworks) -> None:
        self._on_change = on_change
        self._iokit = frameworks.iokit
        self._core = frameworks.core
        # ctypes does not keep callbacks alive.
        self._match_callback = MATCHED(self._handle_match)
        self._power_callback = POWER(self._handle_power)
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
            sources = [self._find_source(port) for port in ports]
            self._thread = threading.Thread(
                target=self._run, args=(sources, frameworks.default_mode), name="announcements", daemon=True
            )
            try:
                self._thread.start()
            except RuntimeError as error:
                raise OSError(errno.EAGAIN, "no thread can be started") from error
            self._owned = owned.pop_all()

    @property
    def alive(self) -> bool:
        """Whether announcements can still arrive."""
        return self._thread.is_alive()

    def fileno(self) -> int:
        """Return the descriptor that is readable after an announcement, -1 after `close`."""
        return -1 if self._closing else self._read

    def ready(self) -> None:
        """Empty the pipe and report a change."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)
            self._on_change()

    def close(self) -> None:
        """Stop the thread and release everything."""
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
            # The call consumes its dictionary. Match all USB devices: matching by id alone found nothing (macOS 15.7).
            matching = self._iokit.IOServiceMatching(registry.DEVICE.encode())
            if not matching:
                raise OSError(errno.EIO, "IOServiceMatching failed")
            iterator = c_uint32()
            code = self._iokit.IOServiceAddMatchingNotification(
                port, kind, matching, self._match_callback, None, byref(iterator)
            )
            check_result(code, "IOServiceAddMatchingNotification")
            owned.callback(self._iokit.IOObjectRelease, iterator.value)
            self._drain(iterator.value)
        return port

    def _listen_for_power(self, owned: ExitStack) -> int | None:
        port, notifier = c_void_p(), c_uint32()
        connection: int = self._iokit.IORegisterForSystemPower(
            None, byref(port), self._power_callback, byref(notifier)
        )
        if not connection or not port.value:
            return None
        # Released in reverse order: the notifier, then the connection, then the port.
        owned.callback(self._iokit.IONotificationPortDestroy, port.value)
        owned.callback(self._iokit.IOServiceClose, connection)
        owned.callback(self._iokit.IODeregisterForSystemPower, byref(notifier))
        self._power_connection = connection
        return port.value

    def _find_source(self, port: int) -> int:
        source: int | None = self._iokit.IONotificationPortGetRunLoopSource(port)
        if not source:
            # The run loop would crash on a source that is none.
            raise OSError(errno.EIO, "IONotificationPortGetRunLoopSource failed")
        return source

    def _drain(self, iterator: int) -> None:
        """Empty an iterator: the next change is announced only then."""
        while entry := self._iokit.IOIteratorNext(iterator):
            self._iokit.IOObjectRelease(entry)

    # --- in the thread

    def _run(self, sources: list[int], mode: c_void_p) -> None:
        try:
            # Retain it beyond the end of the thread, so that `close` can stop it at any time.
            self._loop = self._core.CFRetain(self._core.CFRunLoopGetCurrent())
            for source in sources:
                self._core.CFRunLoopAddSource(self._loop, source, mode)
        finally:
            self._running.set()
        if not self._closing:
            self._core.CFRunLoopRun()
        # If the run loop ended on its own, this wake-up makes the platform notice and poll more often.
        self._wake()

    def _handle_match(self, _context: object, iterator: int) -> None:
        self._drain(iterator)
        self._wake()

    def _handle_power(self, _context: object, _service: int, message: int, argument: int | None) -> None:
        if message in (CAN_SLEEP, WILL_SLEEP):
            self._iokit.IOAllowPowerChange(self._power_connection, argument or 0)
        elif message in (WILL_POWER_ON, HAS_POWERED_ON):
            # The second message can come many seconds after the first.
            self._wake()

    def _wake(self) -> None:
        # A full pipe wakes the loop as well.
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"\0")
