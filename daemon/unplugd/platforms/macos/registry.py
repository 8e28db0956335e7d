"""The part of the I/O Registry that matters here: the USB devices, and what hangs below each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEVICE: Final = "IOUSBHostDevice"
"""The class of a USB device (IOUSBHostFamily, kIOUSBHostDeviceClassName)."""
HID_CLIENT: Final = "IOHIDLibUserClient"
"""The class of a program's connection to a HID device; one that merely lists devices has one, too."""
OWNER: Final = "UsbExclusiveOwner"
CREATOR: Final = "IOUserClientCreator"
DEBUG_STATE: Final = "DebugState"
OPENED: Final = "ClientOpened"
"""In a HID client's `DebugState`: whether the device is open; among a node's properties it stands by itself."""
WORDS: Final = ("kUSBProductString", "USB Product Name")
"""The device's own words for itself, as USB has them and as they name the entry."""
ADDRESSES: Final = ("kUSBAddress", "USB Address")
"""Only devices have one; interfaces and drivers repeat the other numbers."""
OF_DEVICES: Final = ("idVendor", "idProduct", "locationID", "bDeviceClass", *WORDS, OWNER)
INTERFACE: Final = "bInterfaceNumber"
"""Only interfaces have one."""
KEPT_KEYS: Final = frozenset({*OF_DEVICES, *ADDRESSES, INTERFACE, OWNER, CREATOR})
"""All that is ever looked at: a serial number is not among it."""
MAX_DEPTH: Final = 24
"""Entries below an entry that are looked at; a program's hold is at about ten."""


@dataclass(frozen=True, slots=True)
class Node:
    """One entry: its class, its id (new for each plug-in, for as long as the machine runs), and what is below it.

    `here` False: the entry waits for the person to allow the accessory, or is on its way out.
    """

    kind: str
    id: int
    properties: Mapping[str, str | int] = field(default_factory=dict)
    children: tuple[Node, ...] = ()
    here: bool = True

    def number(self, key: str) -> int | None:
        """Return a property that has to be a number, None if it is none."""
        value = self.properties.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, key: str) -> str:
        """Return a property that has to be a text, "" if it is none."""
        value = self.properties.get(key)
        return value if isinstance(value, str) else ""

    def is_device(self) -> bool:
        """Whether it is a USB device, and no interface or driver of one."""
        numbers = all(self.number(key) is not None for key in ("idVendor", "idProduct", "locationID"))
        addressed = any(self.number(key) is not None for key in ADDRESSES)
        return self.kind == DEVICE or (numbers and addressed and INTERFACE not in self.properties)


def find_ports(location: int) -> tuple[int, tuple[int, ...]]:
    """Return the bus and the ports on the way to a device: a byte, then half a byte a port until there is a zero."""
    way = []
    for shift in range(20, -1, -4):
        number = location >> shift & 0xF
        if not number:
            break
        way.append(number)
    return location >> 24 & 0xFF, tuple(way)


def find_devices(roots: Iterable[Node]) -> tuple[Node, ...]:
    """Return every device that is here, once, without the devices that are plugged into it.

    A hub repeats what is in it, and where it does not, its devices are found nowhere else.
    """
    found: dict[int, Node] = {}
    for root in roots:
        for device in (root, *_below(root)):
            if device.here:
                found.setdefault(device.id, _alone(device))
    return tuple(found[key] for key in sorted(found))


def _below(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.is_device():
            yield child
        yield from _below(child)


def _alone(node: Node) -> Node:
    inside = tuple(_alone(child) for child in node.children if not child.is_device())
    return Node(node.kind, node.id, node.properties, inside, node.here)
