"""kernel32.dll: clocks, processes, pipes, events, languages."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_size_t, c_ulonglong, c_void_p, c_wchar, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

INVALID_HANDLE: Final = c_void_p(-1).value
"""INVALID_HANDLE_VALUE."""
MAX_PATH: Final = 260
SNAPSHOT_PROCESSES: Final = 2
"""TH32CS_SNAPPROCESS."""
QUERY_LIMITED_INFORMATION: Final = 0x1000
"""PROCESS_QUERY_LIMITED_INFORMATION, which other users' processes allow, too."""
LANGUAGE_NAMES: Final = 8
"""MUI_LANGUAGE_NAME: languages are written as "de-DE", not as numbers."""


class Overlapped(Structure):
    """OVERLAPPED: a place in a file, or an operation that is not waited for."""

    _fields_ = (
        ("internal", c_size_t),
        ("internal_high", c_size_t),
        ("offset", c_ulonglong),
        ("event", wintypes.HANDLE),
    )


class ProcessEntry(Structure):
    """PROCESSENTRY32W: a process in a snapshot."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("usage", wintypes.DWORD),
        ("pid", wintypes.DWORD),
        ("default_heap", c_size_t),
        ("module", wintypes.DWORD),
        ("threads", wintypes.DWORD),
        ("parent", wintypes.DWORD),
        ("priority", wintypes.LONG),
        ("flags", wintypes.DWORD),
        ("name", c_wchar * MAX_PATH),
    )


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "AssignProcessToJobObject": (wintypes.BOOL, wintypes.HANDLE, wintypes.HANDLE),
    "CancelIoEx": (wintypes.BOOL, wintypes.HANDLE, c_void_p),
    "CloseHandle": (wintypes.BOOL, wintypes.HANDLE),
    "ConnectNamedPipe": (wintypes.BOOL, wintypes.HANDLE, c_void_p),
    "CreateEventW": (wintypes.HANDLE, c_void_p, wintypes.BOOL, wintypes.BOOL, wintypes.LPCWSTR),
    "CreateFileW": (
        wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, c_void_p, wintypes.DWORD, wintypes.DWORD,
        wintypes.HANDLE,
    ),
    "CreateJobObjectW": (wintypes.HANDLE, c_void_p, wintypes.LPCWSTR),
    "CreateMutexW": (wintypes.HANDLE, c_void_p, wintypes.BOOL, wintypes.LPCWSTR),
    "CreateNamedPipeW": (wintypes.HANDLE, wintypes.LPCWSTR, *(wintypes.DWORD,) * 6, c_void_p),
    "CreateToolhelp32Snapshot": (wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD),
    "DisconnectNamedPipe": (wintypes.BOOL, wintypes.HANDLE),
    "GetModuleHandleW": (wintypes.HMODULE, wintypes.LPCWSTR),
    "GetNamedPipeClientProcessId": (wintypes.BOOL, wintypes.HANDLE, POINTER(wintypes.ULONG)),
    "GetOverlappedResult": (
        wintypes.BOOL, wintypes.HANDLE, c_void_p, POINTER(wintypes.DWORD), wintypes.BOOL,
    ),
    "GetProcessTimes": (
        wintypes.BOOL, wintypes.HANDLE, *(POINTER(wintypes.FILETIME),) * 4,
    ),
    "GetTickCount64": (c_ulonglong,),
    "GetUserDefaultLocaleName": (wintypes.INT, wintypes.LPWSTR, wintypes.INT),
    "GetUserPreferredUILanguages": (
        wintypes.BOOL, wintypes.DWORD, POINTER(wintypes.ULONG), wintypes.LPWSTR, POINTER(wintypes.ULONG),
    ),
    "LocalFree": (c_void_p, c_void_p),
    "LockFileEx": (wintypes.BOOL, wintypes.HANDLE, *(wintypes.DWORD,) * 4, c_void_p),
    "OpenMutexW": (wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL, wintypes.LPCWSTR),
    "OpenProcess": (wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL, wintypes.DWORD),
    "Process32FirstW": (wintypes.BOOL, wintypes.HANDLE, POINTER(ProcessEntry)),
    "Process32NextW": (wintypes.BOOL, wintypes.HANDLE, POINTER(ProcessEntry)),
    "QueryFullProcessImageNameW": (
        wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD, wintypes.LPWSTR, POINTER(wintypes.DWORD),
    ),
    "QueryUnbiasedInterruptTime": (wintypes.BOOL, POINTER(c_ulonglong)),
    "ReadFile": (wintypes.BOOL, wintypes.HANDLE, c_void_p, wintypes.DWORD, c_void_p, c_void_p),
    "ReleaseMutex": (wintypes.BOOL, wintypes.HANDLE),
    "SetConsoleCtrlHandler": (wintypes.BOOL, c_void_p, wintypes.BOOL),
    "SetEvent": (wintypes.BOOL, wintypes.HANDLE),
    "SetInformationJobObject": (wintypes.BOOL, wintypes.HANDLE, wintypes.INT, c_void_p, wintypes.DWORD),
    "TerminateJobObject": (wintypes.BOOL, wintypes.HANDLE, wintypes.UINT),
    "UnlockFileEx": (wintypes.BOOL, wintypes.HANDLE, *(wintypes.DWORD,) * 3, c_void_p),
    "WaitForMultipleObjects": (
        wintypes.DWORD, wintypes.DWORD, POINTER(wintypes.HANDLE), wintypes.BOOL, wintypes.DWORD,
    ),
    "WaitForSingleObject": (wintypes.DWORD, wintypes.HANDLE, wintypes.DWORD),
    "WriteFile": (wintypes.BOOL, wintypes.HANDLE, c_void_p, wintypes.DWORD, c_void_p, c_void_p),
}  # fmt: skip


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("kernel32.dll", _FUNCTIONS)
