"""wtsapi32.dll: the session that this program belongs to."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_int, c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

OWN_SESSION: Final = 0xFFFFFFFF
"""WTS_CURRENT_SESSION."""
EXTENDED_INFORMATION: Final = 25
"""WTSSessionInfoEx."""
ACTIVE: Final = 0
"""WTSActive: somebody sees this session."""
LOCKED: Final = 0
"""WTS_SESSIONSTATE_LOCK; as a message, see below."""
UNKNOWN: Final = -1
"""WTS_SESSIONSTATE_UNKNOWN."""
# What SESSION_CHANGE reports: WTS_CONSOLE_CONNECT and so on.
CONNECTS: Final = frozenset({1, 3})
DISCONNECTS: Final = frozenset({2, 4})
LOCKS: Final = 7
UNLOCKS: Final = 8


class SessionInformation(Structure):
    """The beginning of WTSINFOEXW, whose union is aligned to the large numbers that follow in it."""

    _fields_ = (
        ("level", wintypes.DWORD),
        ("padding", wintypes.DWORD),
        ("session", wintypes.ULONG),
        ("state", c_int),
        ("flags", wintypes.LONG),
    )


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "WTSFreeMemory": (None, c_void_p),
    "WTSQuerySessionInformationW": (
        wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD, c_int, POINTER(c_void_p), POINTER(wintypes.DWORD),
    ),
    "WTSRegisterSessionNotification": (wintypes.BOOL, wintypes.HWND, wintypes.DWORD),
    "WTSUnRegisterSessionNotification": (wintypes.BOOL, wintypes.HWND),
}  # fmt: skip


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("wtsapi32.dll", _FUNCTIONS)
