"""The part of the I/O Registry that is used here: USB devices and the entries below them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEVICE: Final = "IOUSBHostDevice"
"""The class of a USB device (IOUSBHostFamily, kIOUSBHostDeviceClassName)."""
HID_CLIENT: Final = "IOHIDLibUserClient"
"""The class of a program's connection to a HID device; programs that only list devices have one, too."""
OWNER: Final = "UsbExclusiveOwner"
CREATOR: Final = "IOUserClientCreator"
DEBUG_STATE: Final = "DebugState"
OPENED: Final = "ClientOpened"
"""Whether the device is open: part of a HID client's `DebugState`, but a separate property in a `Node`."""
PRODUCT_KEYS: Final = ("kUSBProductString", "USB Product Name")
"""The product name: as reported by the device, and as the name of the entry."""
ADDRESSES: Final = ("kUSBAddress", "USB Address")
"""Only devices have an address; interfaces and drivers repeat the other numbers."""
DEVICE_KEYS: Final = ("idVendor", "idProduct", "locationID", "bDeviceClass", *PRODUCT_KEYS, OWNER)
INTERFACE: Final = "bInterfaceNumber"
"""Only interfaces have a number."""
KEPT_KEYS: Final = frozenset({*DEVICE_KEYS, *ADDRESSES, INTERFACE, OWNER, CREATOR})
"""All properties that are read. Serial numbers are not among them."""
MAX_DEPTH: Final = 24
"""How many levels below a device are read; holds of programs are at about level ten."""


@dataclass(frozen=True, slots=True)
class Node:
    """An entry: its class, its id (new at each plug-in, unique within a boot), its properties, the entries below it.

    `here` is False while the person has not yet allowed the accessory, and while it is being removed.
    """

    kind: str
    id: int
    properties: Mapping[str, str | int] = field(default_factory=dict)
    children: tuple[Node, ...] = ()
    here: bool = True

    def number(self, key: str) -> int | None:
        """Return a property if it is a number, else None."""
        value = self.properties.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, key: str) -> str:
        """Return a property if it is text, else ""."""
        value = self.properties.get(key)
        return value if isinstance(value, str) else ""

    def is_device(self) -> bool:
        """Whether this is a USB device, as opposed to an interface or a driver."""
        numbers = all(self.number(key) is not None for key in ("idVendor", "idProduct", "locationID"))
        addressed = any(self.number(key) is not None for key in ADDRESSES)
        return self.kind == DEVICE or (numbers and addressed and INTERFACE not in self.properties)


def find_ports(location: int) -> tuple[int, tuple[int, ...]]:
    """Return the bus (one byte of the location) and the path of ports (four bits each, up to the first zero)."""
    path = []
    for shift in range(20, -1, -4):
        number = location >> shift & 0xF
        if not number:
            break
        path.append(number)
    return location >> 24 & 0xFF, tuple(path)


def find_devices(roots: Iterable[Node]) -> tuple[Node, ...]:
    """Return each device once, without the devices below it.

    A device behind a hub may be listed separately, below its hub, or both.
    """
    found: dict[int, Node] = {}
    for root in roots:
        for device in (root, *_find_below(root)):
            if device.here:
                found.setdefault(device.id, _without_devices(device))
    return tuple(found[key] for key in sorted(found))


def _find_below(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.is_device():
            yield child
        yield from _find_below(child)


def _without_devices(node: Node) -> Node:
    inside = tuple(_without_devices(child) for child in node.children if not child.is_device())
    return Node(node.kind, node.id, node.properties, inside, node.here)
