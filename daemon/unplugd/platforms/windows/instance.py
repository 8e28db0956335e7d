"""What Windows' names of a device say. Pure.

The name of a device ends in its serial number, if it has one. Nothing here returns that part.
"""

from __future__ import annotations

import re
import zlib
from typing import Final, NamedTuple

_INSTANCE: Final = re.compile(r"USB\\VID_([0-9A-F]{4})&PID_([0-9A-F]{4})((?:&[^\\]*)?)\\", re.IGNORECASE)
_INTERFACE: Final = re.compile(r"&MI_[0-9A-F]{2}", re.IGNORECASE)
_CLASS: Final = re.compile(r"USB\\(?:Dev)?Class_([0-9A-F]{2})", re.IGNORECASE)
_LOCATION: Final = re.compile(r"Port_#([0-9]{1,5})\.Hub_#([0-9]{1,5})", re.IGNORECASE)
_STEP: Final = re.compile(r"#USB\(([0-9]{1,3})\)", re.IGNORECASE)


class Place(NamedTuple):
    """Where a device is plugged in: a number for the controller or the hub, and the ports from there."""

    bus: int
    ports: tuple[int, ...]


def parse_instance(instance: str) -> tuple[int, int] | None:
    """Return the vendor and product of the device that has this name.

    None for what is no USB device of its own: an interface of one, which is listed besides it, or a root hub.
    """
    found = _INSTANCE.match(instance)
    if not found or _INTERFACE.search(found[3]):
        return None
    return int(found[1], 16), int(found[2], 16)


def parse_class(compatible: str) -> int:
    """Return the device class that the names of compatible devices give, 0 if they give none."""
    found = _CLASS.search(compatible)
    return int(found[1], 16) if found else 0


def parse_path(path: str) -> Place | None:
    """Return the place that a path such as `PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)#USB(1)` leads to.

    The bus is a number of three digits for what is before the first port, as the path has no number for it.
    """
    # Windows may list more than one path; the others name what it is at a lower level.
    first = path.partition("\n")[0]
    root, *_ = _STEP.split(first, maxsplit=1)
    ports = tuple(map(int, _STEP.findall(first)))
    return Place(1 + zlib.crc32(root.upper().encode()) % 999, ports) if ports else None


def parse_location(location: str) -> Place | None:
    """Return the place that a text such as `Port_#0002.Hub_#0001` names."""
    found = _LOCATION.match(location)
    return Place(int(found[2]), (int(found[1]),)) if found else None
