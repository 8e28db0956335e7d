"""advapi32.dll: whose process this is."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.library import check, load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

TOKEN_QUERY: Final = 8
TOKEN_USER: Final = 1
"""TokenUser: a class of information on a token."""
CURRENT_PROCESS: Final = c_void_p(-1).value
"""What GetCurrentProcess returns on every Windows."""


class TokenUser(Structure):
    """TOKEN_USER, with the account's SID behind the pointer."""

    _fields_ = (("sid", c_void_p), ("attributes", wintypes.DWORD))


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "ConvertSidToStringSidW": (wintypes.BOOL, c_void_p, POINTER(wintypes.LPWSTR)),
    "GetTokenInformation": (
        *(wintypes.BOOL, wintypes.HANDLE, wintypes.INT, c_void_p, wintypes.DWORD),
        POINTER(wintypes.DWORD),
    ),
    "OpenProcessToken": (wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD, POINTER(wintypes.HANDLE)),
}


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("advapi32.dll", _FUNCTIONS)


@cache
def read_own_sid() -> str:
    """Return the SID of the account whose process this is, as text; OSError if it cannot be read."""
    library = load()
    kernel = load_library(
        "kernel32.dll",
        {"CloseHandle": (wintypes.BOOL, wintypes.HANDLE), "LocalFree": (c_void_p, c_void_p)},
    )
    token = wintypes.HANDLE()
    check(library.OpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, ctypes.byref(token)), "OpenProcessToken")
    try:
        buffer = ctypes.create_string_buffer(1024)
        written = wintypes.DWORD()
        check(
            library.GetTokenInformation(token, TOKEN_USER, buffer, len(buffer), ctypes.byref(written)),
            "GetTokenInformation",
        )
    finally:
        kernel.CloseHandle(token)
    text = wintypes.LPWSTR()
    check(
        library.ConvertSidToStringSidW(TokenUser.from_buffer(buffer).sid, ctypes.byref(text)),
        "ConvertSidToStringSidW",
    )
    try:
        return str(text.value)
    finally:
        kernel.LocalFree(text)
