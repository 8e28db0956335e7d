"""Windows' handles as a source of the event loop, which itself can only wait for sockets there."""

from __future__ import annotations

import threading
from ctypes import wintypes
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.wakeup import Wakeup
from unplugd.win32 import kernel32

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FOREVER: Final = 0xFFFFFFFF
"""INFINITE."""


class Handles(Wakeup):
    """Calls `on_set` from the loop while one of the handles is set, such as an event. A thread waits for them.

    `on_set` has to reset them, or to begin what does. There can be at most 63.
    """

    def __init__(self, handles: Sequence[int], on_set: Callable[[], None]) -> None:
        super().__init__(on_set)
        self._system = kernel32.load()
        # They are reset when the thread has seen them.
        self._ending: int = self._system.CreateEventW(None, False, False, None)
        self._handled: int = self._system.CreateEventW(None, False, False, None)
        self._thread = threading.Thread(target=self._wait_for, args=(handles,), daemon=True)
        self._thread.start()

    def ready(self) -> None:
        """Call `on_set`, and let the thread go on."""
        super().ready()
        self._system.SetEvent(self._handled)

    def close(self) -> None:
        """End the thread. The handles must not be closed before this."""
        self._system.SetEvent(self._ending)
        self._thread.join()
        self._system.CloseHandle(self._ending)
        self._system.CloseHandle(self._handled)
        super().close()

    def _wait_for(self, handles: Sequence[int]) -> None:
        while self._wait_for_any(self._ending, *handles) in range(1, len(handles) + 1):
            self.wake()
            # Until the loop has dealt with it, the handle stays set.
            if self._wait_for_any(self._ending, self._handled) != 1:
                return

    def _wait_for_any(self, *handles: int) -> int:
        """Return which of the handles is set, a large number if that cannot be told."""
        array = (wintypes.HANDLE * len(handles))(*handles)
        found: int = self._system.WaitForMultipleObjects(len(handles), array, False, _FOREVER)
        return found
