"""advapi32.dll: whose a process is, and who may use an object. An account is written as its SID, `S-1-5-…`."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32 import kernel32
from unplugd.win32.library import check, load_library, make_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

TOKEN_QUERY: Final = 8
TOKEN_USER: Final = 1
"""TokenUser: a class of information on a token."""
CURRENT_PROCESS: Final = c_void_p(-1).value
"""What GetCurrentProcess returns on every Windows."""
KERNEL_OBJECT: Final = 6
"""SE_KERNEL_OBJECT: a pipe, among others."""
OWNER: Final = 1
"""OWNER_SECURITY_INFORMATION."""
REVISION: Final = 1
"""SDDL_REVISION_1: how a description of who may use an object is written."""


class TokenUser(Structure):
    """TOKEN_USER, with the account's SID behind the pointer."""

    _fields_ = (("sid", c_void_p), ("attributes", wintypes.DWORD))


class SecurityAttributes(Structure):
    """SECURITY_ATTRIBUTES: who may use a new object."""

    _fields_ = (("size", wintypes.DWORD), ("descriptor", c_void_p), ("inherit", wintypes.BOOL))


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "ConvertSidToStringSidW": (wintypes.BOOL, c_void_p, POINTER(wintypes.LPWSTR)),
    "ConvertStringSecurityDescriptorToSecurityDescriptorW": (
        *(wintypes.BOOL, wintypes.LPCWSTR, wintypes.DWORD, POINTER(c_void_p), c_void_p),
    ),
    "GetSecurityInfo": (
        *(wintypes.DWORD, wintypes.HANDLE, wintypes.INT, wintypes.DWORD),
        *(POINTER(c_void_p), c_void_p, c_void_p, c_void_p, POINTER(c_void_p)),
    ),
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
    return _read_sid(CURRENT_PROCESS)


def read_sid(process: int) -> str:
    """Return the SID of the account whose process that is; OSError if this account may not know."""
    system = kernel32.load()
    handle = system.OpenProcess(kernel32.QUERY_LIMITED_INFORMATION, False, process)
    check(handle, "OpenProcess")
    try:
        return _read_sid(handle)
    finally:
        system.CloseHandle(handle)


def read_owner(handle: int) -> str:
    """Return the SID of the account that an object belongs to, such as a pipe; OSError if it cannot be read."""
    owner, descriptor = c_void_p(), c_void_p()
    code = load().GetSecurityInfo(
        handle, KERNEL_OBJECT, OWNER, ctypes.byref(owner), None, None, None, ctypes.byref(descriptor)
    )
    if code:
        raise make_error("GetSecurityInfo", code)
    try:
        return _write_sid(owner)
    finally:
        kernel32.load().LocalFree(descriptor)


@cache
def make_private_attributes() -> SecurityAttributes:
    """Return the attributes of an object that belongs to this account, and that no other one may use."""
    descriptor = c_void_p()
    sid = read_own_sid()
    convert = load().ConvertStringSecurityDescriptorToSecurityDescriptorW
    # It is made once, and never freed.
    made = convert(f"O:{sid}D:P(A;;GA;;;{sid})", REVISION, ctypes.byref(descriptor), None)
    check(made, "ConvertStringSecurityDescriptorToSecurityDescriptorW")
    return SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor)


def _read_sid(process: int | None) -> str:
    library, system = load(), kernel32.load()
    token = wintypes.HANDLE()
    check(library.OpenProcessToken(process, TOKEN_QUERY, ctypes.byref(token)), "OpenProcessToken")
    try:
        buffer = ctypes.create_string_buffer(1024)
        written = wintypes.DWORD()
        check(
            library.GetTokenInformation(token, TOKEN_USER, buffer, len(buffer), ctypes.byref(written)),
            "GetTokenInformation",
        )
    finally:
        system.CloseHandle(token)
    return _write_sid(TokenUser.from_buffer(buffer).sid)


def _write_sid(sid: c_void_p | int) -> str:
    text = wintypes.LPWSTR()
    check(load().ConvertSidToStringSidW(sid, ctypes.byref(text)), "ConvertSidToStringSidW")
    try:
        return str(text.value)
    finally:
        kernel32.load().LocalFree(text)
