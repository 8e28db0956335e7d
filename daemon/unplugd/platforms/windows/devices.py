"""The USB devices that are plugged in, from Windows' own list: no device is opened."""

from __future__ import annotations

from ctypes import byref, c_ulonglong, create_unicode_buffer, sizeof, wintypes, wstring_at
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.platforms import usb_backend
from unplugd.platforms.usb_backend import Backend, Descriptor
from unplugd.platforms.windows.instance import (
    Place,
    parse_class,
    parse_instance,
    parse_location,
    parse_path,
)
from unplugd.win32 import kernel32, library, setupapi
from unplugd.win32.guid import make_guid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from ctypes import CDLL

    from unplugd.rules.devices import Device
    from unplugd.win32.setupapi import DeviceInfo

MAX_CHARACTERS: Final = 1024
"""Length of the longest text that is read; a device's name has at most 200 characters."""
ARRIVED: Final = setupapi.PropertyKey(make_guid("83DA6326-97A6-4088-9453-A1923F573B29"), 102)
"""DEVPKEY_Device_LastArrivalDate, since Windows 8."""
PRODUCT: Final = setupapi.PropertyKey(make_guid("540B947E-8B40-45BC-A8A2-6A0B894CBDA2"), 4)
"""DEVPKEY_Device_BusReportedDeviceDesc: the product string that the device itself has."""


class ListedDevice(NamedTuple):
    """A device as Windows lists it. `arrived` is a number that is new at each plug-in, 0 if Windows does not tell it."""

    vendor: int
    product: int
    device_class: int
    places: tuple[Place, ...]
    arrived: int
    name: str


def list_devices() -> list[ListedDevice]:
    """Return all USB devices that are plugged in, hubs included; OSError if they cannot be listed."""
    functions = setupapi.load()
    found = functions.SetupDiGetClassDevsW(None, "USB", None, setupapi.PRESENT | setupapi.ALL_CLASSES)
    if found in (None, kernel32.INVALID_HANDLE):
        raise library.make_error("SetupDiGetClassDevs")
    try:
        entries = (_read_device(functions, found, entry) for entry in _list_entries(functions, found))
        return [device for device in entries if device]
    finally:
        functions.SetupDiDestroyDeviceInfoList(found)


def make_devices(listed: Iterable[ListedDevice]) -> list[Device]:
    """Return the devices, without names."""
    return usb_backend.make_devices(Backend(lambda: make_descriptors(listed)))


def make_descriptors(listed: Iterable[ListedDevice]) -> Iterator[Descriptor]:
    """Yield the descriptor of each device; no two have the same place."""
    taken: set[Place] = set()
    for device in listed:
        place = next((place for place in device.places if place not in taken), None)
        # Without a place, devices are numbered.
        number = 1
        while place is None or place in taken:
            place, number = Place(0, (number,)), number + 1
        taken.add(place)
        yield Descriptor(
            device.vendor,
            device.product,
            device.device_class,
            bus=place.bus,
            address=device.arrived,
            ports=place.ports,
        )


def _list_entries(functions: CDLL, found: int) -> Iterator[DeviceInfo]:
    number = 0
    while True:
        entry = setupapi.DeviceInfo(size=sizeof(setupapi.DeviceInfo))
        if not functions.SetupDiEnumDeviceInfo(found, number, byref(entry)):
            if library.get_last_error() == setupapi.NO_MORE_ITEMS:
                return
            raise library.make_error("SetupDiEnumDeviceInfo")
        yield entry
        number += 1


def _read_device(functions: CDLL, found: int, entry: DeviceInfo) -> ListedDevice | None:
    """Return a device, None for what is none, or was unplugged meanwhile."""
    buffer = create_unicode_buffer(MAX_CHARACTERS)
    if not functions.SetupDiGetDeviceInstanceIdW(found, byref(entry), buffer, MAX_CHARACTERS, None):
        return None
    # The end of this name is the serial number: only what is returned here may be kept.
    ids = parse_instance(buffer.value)
    if ids is None:
        return None
    places = (
        parse_path(_read_text(functions, found, entry, setupapi.LOCATION_PATHS)),
        parse_location(_read_text(functions, found, entry, setupapi.LOCATION_INFORMATION)),
    )
    return ListedDevice(
        *ids,
        parse_class(_read_text(functions, found, entry, setupapi.COMPATIBLE_IDS)),
        tuple(place for place in places if place),
        _read_arrival(functions, found, entry),
        _read_product(functions, found, entry),
    )


def _read_text(functions: CDLL, found: int, entry: DeviceInfo, number: int) -> str:
    """Return a property that is text, of several texts all; "" if the device does not have it."""
    buffer = create_unicode_buffer(MAX_CHARACTERS)
    if not functions.SetupDiGetDeviceRegistryPropertyW(
        found, byref(entry), number, None, buffer, sizeof(buffer), None
    ):
        return ""
    return wstring_at(buffer, MAX_CHARACTERS).partition("\0\0")[0].replace("\0", "\n").strip()


def _read_arrival(functions: CDLL, found: int, entry: DeviceInfo) -> int:
    """Return when the device was plugged in, in milliseconds."""
    value, kind = c_ulonglong(), wintypes.ULONG()
    key = byref(ARRIVED)
    result = functions.SetupDiGetDevicePropertyW(
        found, byref(entry), key, byref(kind), byref(value), sizeof(value), None, 0
    )
    return value.value // 10_000 if result else 0


def _read_product(functions: CDLL, found: int, entry: DeviceInfo) -> str:
    buffer, kind = create_unicode_buffer(MAX_CHARACTERS), wintypes.ULONG()
    result = functions.SetupDiGetDevicePropertyW(
        found, byref(entry), byref(PRODUCT), byref(kind), buffer, sizeof(buffer), None, 0
    )
    return buffer.value if result else ""
