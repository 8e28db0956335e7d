"""A hidden window with a thread of its own: Windows tells programs by messages to their windows.

It is a top-level window, since others are not told of what is sent to all. It never closes by itself: what wants to end
the program closes its windows.
"""

from __future__ import annotations

import errno
import threading
from collections import deque
from ctypes import byref, sizeof, wintypes
from typing import TYPE_CHECKING, Final

from unplugd.win32 import kernel32, library, user32

if TYPE_CHECKING:
    from collections.abc import Callable

RUN: Final = user32.APP + 1
"""The message that a function waits to be called."""
END: Final = user32.APP + 2
"""The message that the window is to be destroyed."""
CLOSE_SECONDS: Final = 2.0
"""Seconds to wait for the end of the thread; a call to a taskbar that hangs can last longer."""


class Window:
    """The window. `on_message` gets each message with its two values, in the thread, and returns the answer.

    Its answer None means Windows' own answer. `name` is that of its thread. OSError if there can be no window.
    """

    def __init__(self, name: str, on_message: Callable[[int, int, int], int | None]) -> None:
        self._on_message = on_message
        self._functions: deque[Callable[[], object]] = deque()
        self._user32 = user32.load()
        self._instance = kernel32.load().GetModuleHandleW(None)
        # Each window has a class of its own, whose procedure it is.
        self._class = f"unplugd.{name}.{id(self):x}"
        self._made = threading.Event()
        self._error: OSError | None = None
        self.handle: int | None = None
        """What Windows knows it by, None if there is none."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, "no thread can be started") from error
        self._made.wait()
        if self._error:
            raise self._error

    def call(self, function: Callable[[], object]) -> None:
        """Have the thread call a function, soon."""
        self._functions.append(function)
        self._user32.PostMessageW(self.handle, RUN, 0, 0)

    def close(self) -> None:
        """Destroy the window, after the functions that wait were called."""
        self._user32.PostMessageW(self.handle, END, 0, 0)
        self._thread.join(CLOSE_SECONDS)

    # --- in the thread

    def _run(self) -> None:
        procedure = user32.PROCEDURE(self._handle_message)
        window_class = user32.WindowClass(
            size=sizeof(user32.WindowClass), procedure=procedure, instance=self._instance, name=self._class
        )
        try:
            library.check(self._user32.RegisterClassExW(byref(window_class)), "RegisterClassEx")
            self.handle = self._user32.CreateWindowExW(
                0, self._class, "unplugd", 0, 0, 0, 0, 0, None, None, self._instance, None
            )
            library.check(self.handle, "CreateWindowEx")
        except OSError as error:
            self._error = error
            return
        finally:
            self._made.set()
        message = wintypes.MSG()
        while self._user32.GetMessageW(byref(message), None, 0, 0) > 0:
            self._user32.DispatchMessageW(byref(message))
        self._user32.UnregisterClassW(self._class, self._instance)

    def _handle_message(self, handle: int, message: int, first: int, second: int) -> int:
        if message == RUN:
            # A message can be lost: each calls everything that waits, or every function would be one late for ever.
            while self._functions:
                self._functions.popleft()()
        elif message == END:
            self._user32.DestroyWindow(handle)
        elif message == user32.DESTROY:
            self._user32.PostQuitMessage(0)
        else:
            answer = self._on_message(message, first, second)
            if answer is None and message != user32.CLOSE:
                standard: int = self._user32.DefWindowProcW(handle, message, first, second)
                return standard
            return answer or 0
        return 0
