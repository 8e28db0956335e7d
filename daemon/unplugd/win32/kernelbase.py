"""kernelbase.dll: the clock that counts sleep, on Windows 10 and later."""

from __future__ import annotations

from ctypes import POINTER, c_ulonglong
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

_FUNCTIONS: Final[Mapping[str, Types]] = {"QueryInterruptTime": (None, POINTER(c_ulonglong))}


@cache
def load() -> CDLL:
    """Return the library; OSError if it does not have the clock."""
    return load_library("kernelbase.dll", _FUNCTIONS)
