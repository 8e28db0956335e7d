"""user32.dll: windows and their messages, menus, icons."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_int, c_ssize_t, c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.guid import Guid
from unplugd.win32.library import CALLBACK, load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

# Messages (WinUser.h).
DESTROY: Final = 0x0002
CLOSE: Final = 0x0010
END_SESSION: Final = 0x0016
TIME_CHANGE: Final = 0x001E
LEFT_BUTTON_UP: Final = 0x0202
RIGHT_BUTTON_UP: Final = 0x0205
CONTEXT_MENU: Final = 0x007B
POWER_BROADCAST: Final = 0x0218
DEVICE_CHANGE: Final = 0x0219
SESSION_CHANGE: Final = 0x02B1
APP: Final = 0x8000
"""The first of the numbers that are each program's own."""
NULL: Final = 0x0000
RESUMED: Final = frozenset({0x07, 0x12})
"""PBT_APMRESUMESUSPEND and PBT_APMRESUMEAUTOMATIC, which come with POWER_BROADCAST after sleep."""

USB_DEVICES: Final = "A5DCBF10-6530-11D2-901F-00C04FB951ED"
"""GUID_DEVINTERFACE_USB_DEVICE."""
DEVICE_INTERFACE: Final = 5
"""DBT_DEVTYP_DEVICEINTERFACE."""
SMALL_ICON_WIDTH: Final = 49
"""SM_CXSMICON."""
ICON_WIDTH: Final = 11
"""SM_CXICON."""
IMAGE_ICON: Final = 1
LOAD_FROM_FILE: Final = 0x10
MENU_TEXT: Final = 0x000
MENU_SEPARATOR: Final = 0x800
MENU_RETURNS: Final = 0x0182
"""TPM_RETURNCMD, TPM_NONOTIFY and TPM_RIGHTBUTTON: the choice is returned, and either button makes it."""

PROCEDURE: Final = CALLBACK(c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
"""WNDPROC: window, message, and what comes with it."""


class WindowClass(Structure):
    """WNDCLASSEXW."""

    _fields_ = (
        ("size", wintypes.UINT),
        ("style", wintypes.UINT),
        ("procedure", PROCEDURE),
        ("class_bytes", c_int),
        ("window_bytes", c_int),
        ("instance", wintypes.HINSTANCE),
        ("icon", wintypes.HICON),
        ("cursor", wintypes.HANDLE),
        ("background", wintypes.HBRUSH),
        ("menu", wintypes.LPCWSTR),
        ("name", wintypes.LPCWSTR),
        ("small_icon", wintypes.HICON),
    )


class DeviceFilter(Structure):
    """DEV_BROADCAST_DEVICEINTERFACE_W, which says what devices are to be announced."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("kind", wintypes.DWORD),
        ("reserved", wintypes.DWORD),
        ("guid", Guid),
        ("name", wintypes.WCHAR * 1),
    )


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "AppendMenuW": (wintypes.BOOL, wintypes.HMENU, wintypes.UINT, c_void_p, wintypes.LPCWSTR),
    "CreatePopupMenu": (wintypes.HMENU,),
    "CreateWindowExW": (
        wintypes.HWND, wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD,
        c_int, c_int, c_int, c_int, wintypes.HWND, wintypes.HMENU, wintypes.HINSTANCE, c_void_p,
    ),
    "DefWindowProcW": (c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM),
    "DestroyIcon": (wintypes.BOOL, wintypes.HICON),
    "DestroyMenu": (wintypes.BOOL, wintypes.HMENU),
    "DestroyWindow": (wintypes.BOOL, wintypes.HWND),
    "DispatchMessageW": (c_ssize_t, POINTER(wintypes.MSG)),
    "FindWindowW": (wintypes.HWND, wintypes.LPCWSTR, wintypes.LPCWSTR),
    "GetCursorPos": (wintypes.BOOL, POINTER(wintypes.POINT)),
    "GetMessageW": (c_int, POINTER(wintypes.MSG), wintypes.HWND, wintypes.UINT, wintypes.UINT),
    "GetSystemMetrics": (c_int, c_int),
    "LoadImageW": (
        wintypes.HANDLE, wintypes.HINSTANCE, wintypes.LPCWSTR, wintypes.UINT, c_int, c_int, wintypes.UINT,
    ),
    "PostMessageW": (wintypes.BOOL, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM),
    "PostQuitMessage": (None, c_int),
    "RegisterClassExW": (wintypes.ATOM, POINTER(WindowClass)),
    "RegisterDeviceNotificationW": (wintypes.HANDLE, wintypes.HANDLE, POINTER(DeviceFilter), wintypes.DWORD),
    "RegisterSuspendResumeNotification": (wintypes.HANDLE, wintypes.HANDLE, wintypes.DWORD),
    "RegisterWindowMessageW": (wintypes.UINT, wintypes.LPCWSTR),
    "SetForegroundWindow": (wintypes.BOOL, wintypes.HWND),
    "TrackPopupMenu": (
        wintypes.BOOL, wintypes.HMENU, wintypes.UINT, c_int, c_int, c_int, wintypes.HWND, c_void_p,
    ),
    "UnregisterClassW": (wintypes.BOOL, wintypes.LPCWSTR, wintypes.HINSTANCE),
}  # fmt: skip


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("user32.dll", _FUNCTIONS)
