"""Plugs devices into Windows and tells its windows about it, as a program of its own there (Wine has no driver for that).

python windows_usb.py plug INSTANCE [LOCATION [ARRIVED [PRODUCT]]] | unplug INSTANCE
python windows_usb.py tell MESSAGE FIRST | ask MESSAGE FIRST SECOND | menu
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import Any, Final

from unplugd.platforms.windows import devices
from unplugd.win32 import library, setupapi, user32
from unplugd.win32.guid import Guid, make_guid

USB_CLASS: Final = make_guid("36FC9E60-C465-11CF-8056-444553540000")
NODES_CHANGED: Final = 7
EVERY_WINDOW: Final = 0xFFFF
FILETIME_TYPE: Final = 0x10
TEXT_TYPE: Final = 0x12
Info = ctypes.POINTER(setupapi.DeviceInfo)
FUNCTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "SetupDiCreateDeviceInfoList": (ctypes.c_void_p, ctypes.POINTER(Guid), wintypes.HWND),
    "SetupDiCreateDeviceInfoW": (
        wintypes.BOOL, ctypes.c_void_p, wintypes.LPCWSTR, ctypes.POINTER(Guid), wintypes.LPCWSTR, wintypes.HWND,
        wintypes.DWORD, Info,
    ),
    "SetupDiOpenDeviceInfoW": (
        wintypes.BOOL, ctypes.c_void_p, wintypes.LPCWSTR, wintypes.HWND, wintypes.DWORD, Info,
    ),
    "SetupDiRegisterDeviceInfo": (
        wintypes.BOOL, ctypes.c_void_p, Info, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
    ),
    "SetupDiRemoveDevice": (wintypes.BOOL, ctypes.c_void_p, Info),
    "SetupDiSetDevicePropertyW": (
        wintypes.BOOL, ctypes.c_void_p, Info, ctypes.POINTER(setupapi.PropertyKey), wintypes.ULONG, ctypes.c_void_p,
        wintypes.DWORD, wintypes.DWORD,
    ),
    "SetupDiSetDeviceRegistryPropertyW": (
        wintypes.BOOL, ctypes.c_void_p, Info, wintypes.DWORD, wintypes.LPCWSTR, wintypes.DWORD,
    ),
}  # fmt: skip
MENU: Final = "#32768"
"""The class of the window of an open menu."""
WINDOWS: Final[dict[str, tuple[Any, ...]]] = {
    "GetWindowRect": (wintypes.BOOL, wintypes.HWND, ctypes.POINTER(wintypes.RECT)),
    "IsWindowVisible": (wintypes.BOOL, wintypes.HWND),
    "FindWindowExW": (wintypes.HWND, wintypes.HWND, wintypes.HWND, wintypes.LPCWSTR, wintypes.LPCWSTR),
    "SendMessageW": (ctypes.c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM),
}


def plug(instance: str, location: str = "", arrived: str = "0", product: str = "") -> None:
    """Plug in a device; `arrived` is a number in units of 100 ns."""
    functions = library.load_library("setupapi.dll", FUNCTIONS)
    found = functions.SetupDiCreateDeviceInfoList(None, None)
    entry = setupapi.DeviceInfo(size=ctypes.sizeof(setupapi.DeviceInfo))
    library.check(
        functions.SetupDiCreateDeviceInfoW(
            found, instance, ctypes.byref(USB_CLASS), None, None, 0, ctypes.byref(entry)
        ),
        "SetupDiCreateDeviceInfo",
    )
    if location:
        library.check(
            functions.SetupDiSetDeviceRegistryPropertyW(
                found,
                ctypes.byref(entry),
                setupapi.LOCATION_INFORMATION,
                location,
                2 * len(location) + 2,
            ),
            "SetupDiSetDeviceRegistryProperty",
        )
    library.check(
        functions.SetupDiRegisterDeviceInfo(found, ctypes.byref(entry), 0, None, None, None),
        "SetupDiRegisterDeviceInfo",
    )
    if int(arrived):
        time = ctypes.c_ulonglong(int(arrived))
        _set_property(functions, found, entry, devices.ARRIVED, FILETIME_TYPE, time)
    if product:
        text = ctypes.create_unicode_buffer(product)
        _set_property(functions, found, entry, devices.PRODUCT, TEXT_TYPE, text)


def unplug(instance: str) -> None:
    """Unplug a device."""
    functions = library.load_library("setupapi.dll", FUNCTIONS)
    found = functions.SetupDiCreateDeviceInfoList(None, None)
    entry = setupapi.DeviceInfo(size=ctypes.sizeof(setupapi.DeviceInfo))
    library.check(
        functions.SetupDiOpenDeviceInfoW(found, instance, None, 0, ctypes.byref(entry)),
        "SetupDiOpenDeviceInfo",
    )
    library.check(functions.SetupDiRemoveDevice(found, ctypes.byref(entry)), "SetupDiRemoveDevice")


def tell(message: int | str, first: int) -> None:
    """Post a message, or the one that has this name, to every window that is told of such things."""
    functions = user32.load()
    number = functions.RegisterWindowMessageW(message) if isinstance(message, str) else message
    library.check(functions.PostMessageW(EVERY_WINDOW, number, first, 0), "PostMessage")


def ask(message: int, first: int, second: int) -> None:
    """Send a message to every window of unplugd, one after the other, and wait for each answer."""
    functions = library.load_library("user32.dll", WINDOWS)
    window = None
    while window := functions.FindWindowExW(None, window, None, "unplugd"):
        print(functions.SendMessageW(window, message, first, second))


def find_menu() -> None:
    """Print where the open menu is: left, top, right, bottom; nothing if none is open."""
    functions = library.load_library("user32.dll", WINDOWS)
    window = functions.FindWindowExW(None, None, MENU, None)
    if window and functions.IsWindowVisible(window):
        place = wintypes.RECT()
        functions.GetWindowRect(window, ctypes.byref(place))
        print(place.left, place.top, place.right, place.bottom)


def _set_property(
    functions: ctypes.CDLL,
    found: int,
    entry: setupapi.DeviceInfo,
    key: setupapi.PropertyKey,
    kind: int,
    value: Any,
) -> None:
    library.check(
        functions.SetupDiSetDevicePropertyW(
            found, ctypes.byref(entry), ctypes.byref(key), kind, ctypes.byref(value), ctypes.sizeof(value), 0
        ),
        "SetupDiSetDeviceProperty",
    )


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    command, *rest = arguments
    if command == "tell":
        tell(int(rest[0], 0) if rest[0][0].isdigit() else rest[0], int(rest[1]))
        return
    if command == "menu":
        find_menu()
        return
    if command == "ask":
        ask(*(int(number, 0) for number in rest))
        return
    {"plug": plug, "unplug": unplug}[command](*rest)
    tell(user32.DEVICE_CHANGE, NODES_CHANGED)


if __name__ == "__main__":
    main(sys.argv[1:])
