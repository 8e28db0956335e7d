"""ntdll.dll: when the system was started."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_int, c_longlong, c_ulonglong, c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

TIME_OF_DAY: Final = 3
"""SystemTimeOfDayInformation."""


class TimeOfDay(Structure):
    """SYSTEM_TIMEOFDAY_INFORMATION; times are in units of 100 ns."""

    _fields_ = (
        ("boot_time", c_longlong),
        ("current_time", c_longlong),
        ("zone_bias", c_longlong),
        ("zone_id", wintypes.ULONG),
        ("reserved", wintypes.ULONG),
        ("boot_time_bias", c_ulonglong),
        ("sleep_time_bias", c_ulonglong),
    )


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "NtQuerySystemInformation": (c_int, c_int, c_void_p, wintypes.ULONG, POINTER(wintypes.ULONG)),
}


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("ntdll.dll", _FUNCTIONS)
