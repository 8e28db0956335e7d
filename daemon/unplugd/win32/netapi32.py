"""netapi32.dll: what the system knows of an account."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

_LEVEL: Final = 10
"""The level at which an account may ask about any, and whose structure is `_UserInfo`."""


class _UserInfo(Structure):
    """USER_INFO_10."""

    _fields_ = (
        ("name", wintypes.LPWSTR),
        ("comment", wintypes.LPWSTR),
        ("user_comment", wintypes.LPWSTR),
        ("full_name", wintypes.LPWSTR),
    )


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "NetApiBufferFree": (wintypes.DWORD, c_void_p),
    "NetUserGetInfo": (
        *(wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD),
        POINTER(POINTER(_UserInfo)),
    ),
}


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("netapi32.dll", _FUNCTIONS)


def read_full_name(account: str) -> str:
    """Return the full name of an account of this computer, "" if it has none, or is a domain's."""
    library = load()
    found = POINTER(_UserInfo)()
    if library.NetUserGetInfo(None, account, _LEVEL, ctypes.byref(found)):
        return ""
    try:
        return str(found.contents.full_name or "")
    finally:
        library.NetApiBufferFree(found)
