"""kernel32.dll: whether Ctrl-C is for this process, and for those that it starts from now on."""

from __future__ import annotations

import contextlib
from ctypes import c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ctypes import CDLL


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("kernel32.dll", {"SetConsoleCtrlHandler": (wintypes.BOOL, c_void_p, wintypes.BOOL)})


@contextlib.contextmanager
def keep_interrupts() -> Iterator[None]:
    """Have the processes that are started meanwhile ignore Ctrl-C."""
    library = load()
    library.SetConsoleCtrlHandler(None, True)
    try:
        yield
    finally:
        library.SetConsoleCtrlHandler(None, False)
