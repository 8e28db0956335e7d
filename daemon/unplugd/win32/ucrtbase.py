"""ucrtbase.dll: the C library of Python."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from ctypes import CDLL


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("ucrtbase.dll", {"_tzset": (None,)})


def read_zone() -> None:
    """Read again which time zone the system has."""
    load()["_tzset"]()
