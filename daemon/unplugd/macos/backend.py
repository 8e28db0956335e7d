"""The I/O Registry as a pyusb back end: it can list devices and nothing else, and opens none of them.

libusb's own would open every device with a seize, which asks the program that uses it to let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import usb.backend
import usb.core

from unplugd.devices import Device
from unplugd.macos import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unplugd.macos.registry import Node


class Descriptor:
    """A device descriptor as pyusb wants it; ValueError for a device that does not say enough of itself."""

    bLength = 18  # noqa: N815 - the field's name in the USB specification, as all of these
    bDescriptorType = 1  # noqa: N815
    bcdUSB = bcdDevice = bDeviceSubClass = bDeviceProtocol = bMaxPacketSize0 = 0  # noqa: N815
    bNumConfigurations = 1  # noqa: N815
    # No string indices: nobody can ask pyusb for a serial number, which would open the device.
    iManufacturer = iProduct = iSerialNumber = 0  # noqa: N815
    speed = None

    def __init__(self, node: Node) -> None:
        self.idVendor = _number(node, "idVendor", 0xFFFF)
        self.idProduct = _number(node, "idProduct", 0xFFFF)
        # A location can come as a signed number: its highest bit is the bus's.
        location = (node.number("locationID") or 0) & 0xFFFFFFFF
        if not location:
            raise ValueError("no locationID")
        self.bDeviceClass = node.number("bDeviceClass") or 0
        self.bus, self.port_numbers = registry.ports(location)
        self.port_number = self.port_numbers[-1] if self.port_numbers else 0
        # USB's own address comes again after a replug, the entry's id never does.
        self.address = node.id


class Backend(usb.backend.IBackend):  # type: ignore[misc]
    """pyusb's back end over one look at the registry."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        super().__init__()
        self._nodes = nodes

    def enumerate_devices(self) -> Iterator[Descriptor]:
        """Yield the descriptor of each device that says enough of itself."""
        for node in self._nodes:
            try:
                yield Descriptor(node)
            except ValueError:
                continue

    def get_device_descriptor(self, dev: Descriptor) -> Descriptor:
        """Return what `enumerate_devices` read."""
        return dev


def devices(nodes: Iterable[Node]) -> list[Device]:
    """Return every USB device of a look at the registry, hubs too, without names."""
    return [
        Device(_port(found), found.idVendor, found.idProduct, found.bus, found.address, found.bDeviceClass)
        for found in usb.core.find(find_all=True, backend=Backend(nodes))
    ]


def _port(found: usb.core.Device) -> str:
    way = ".".join(map(str, found.port_numbers or ()))
    return f"{found.bus}-{way}" if way else f"usb{found.bus}"


def _number(node: Node, key: str, largest: int) -> int:
    number = node.number(key)
    if number is None or not 0 <= number <= largest:
        raise ValueError(f"no {key}")
    return number
