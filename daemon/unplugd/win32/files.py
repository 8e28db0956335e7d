"""kernel32.dll: opening files."""

from __future__ import annotations

from ctypes import c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

INVALID_HANDLE: Final = c_void_p(-1).value
"""INVALID_HANDLE_VALUE."""
GENERIC_READ: Final = 0x8000_0000
GENERIC_WRITE: Final = 0x4000_0000
SHARE_ALL: Final = 1 | 2 | 4
"""FILE_SHARE_READ, FILE_SHARE_WRITE and FILE_SHARE_DELETE: others may do as on any other system."""
CREATE_NEW: Final = 1
OPEN_EXISTING: Final = 3
OPEN_ALWAYS: Final = 4
FILE_ATTRIBUTE_NORMAL: Final = 0x80

_FUNCTIONS: Final[Mapping[str, Types]] = {
    "CloseHandle": (wintypes.BOOL, wintypes.HANDLE),
    "CreateFileW": (
        *(wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, c_void_p),
        *(wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE),
    ),
}


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("kernel32.dll", _FUNCTIONS)
