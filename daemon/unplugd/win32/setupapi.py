"""setupapi.dll: the devices that are plugged in. Nothing here opens one."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_size_t, c_void_p, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.guid import Guid
from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

PRESENT: Final = 2
"""DIGCF_PRESENT: only devices that are plugged in."""
ALL_CLASSES: Final = 4
"""DIGCF_ALLCLASSES."""
NO_MORE_ITEMS: Final = 259
"""ERROR_NO_MORE_ITEMS."""
COMPATIBLE_IDS: Final = 0x02
"""SPDRP_COMPATIBLEIDS."""
LOCATION_INFORMATION: Final = 0x0D
"""SPDRP_LOCATION_INFORMATION: for a USB device "Port_#0002.Hub_#0001"."""
LOCATION_PATHS: Final = 0x23
"""SPDRP_LOCATION_PATHS: for a USB device "PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)"."""


class DeviceInfo(Structure):
    """SP_DEVINFO_DATA: a device in a list."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("guid", Guid),
        ("instance", wintypes.DWORD),
        ("reserved", c_size_t),
    )


class PropertyKey(Structure):
    """DEVPROPKEY."""

    _fields_ = (("guid", Guid), ("number", wintypes.DWORD))


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "SetupDiDestroyDeviceInfoList": (wintypes.BOOL, c_void_p),
    "SetupDiEnumDeviceInfo": (wintypes.BOOL, c_void_p, wintypes.DWORD, POINTER(DeviceInfo)),
    "SetupDiGetClassDevsW": (c_void_p, POINTER(Guid), wintypes.LPCWSTR, wintypes.HWND, wintypes.DWORD),
    "SetupDiGetDeviceInstanceIdW": (
        wintypes.BOOL, c_void_p, POINTER(DeviceInfo), wintypes.LPWSTR, wintypes.DWORD, POINTER(wintypes.DWORD),
    ),
    "SetupDiGetDevicePropertyW": (
        wintypes.BOOL, c_void_p, POINTER(DeviceInfo), POINTER(PropertyKey), POINTER(wintypes.ULONG),
        c_void_p, wintypes.DWORD, POINTER(wintypes.DWORD), wintypes.DWORD,
    ),
    "SetupDiGetDeviceRegistryPropertyW": (
        wintypes.BOOL, c_void_p, POINTER(DeviceInfo), wintypes.DWORD, POINTER(wintypes.DWORD),
        c_void_p, wintypes.DWORD, POINTER(wintypes.DWORD),
    ),
}  # fmt: skip


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("setupapi.dll", _FUNCTIONS)
