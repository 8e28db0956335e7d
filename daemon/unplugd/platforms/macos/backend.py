"""The I/O Registry as a pyusb back end: it can list devices and nothing else, and opens none of them.

libusb's own would open every device with a seize, which asks the program that uses it to let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.platforms import usb_backend
from unplugd.platforms.macos import registry
from unplugd.platforms.usb_backend import Backend, Descriptor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unplugd.platforms.macos.registry import Node
    from unplugd.rules.devices import Device


def make_devices(nodes: Iterable[Node]) -> list[Device]:
    """Return every USB device of a look at the registry, hubs too, without names."""
    return usb_backend.make_devices(Backend(lambda: make_descriptors(nodes)))


def make_descriptors(nodes: Iterable[Node]) -> Iterator[Descriptor]:
    """Yield the descriptor of each device that says enough of itself."""
    for node in nodes:
        try:
            yield _descriptor(node)
        except ValueError:
            continue


def _descriptor(node: Node) -> Descriptor:
    vendor, product = _number(node, "idVendor", 0xFFFF), _number(node, "idProduct", 0xFFFF)
    # A location can come as a signed number: its highest bit is the bus's.
    location = (node.number("locationID") or 0) & 0xFFFFFFFF
    if not location:
        raise ValueError("no locationID")
    bus, ports = registry.find_ports(location)
    # USB's own address comes again after a replug, the entry's id never does.
    return Descriptor(
        vendor, product, node.number("bDeviceClass") or 0, bus=bus, address=node.id, ports=ports
    )


def _number(node: Node, key: str, largest: int) -> int:
    number = node.number(key)
    if number is None or not 0 <= number <= largest:
        raise ValueError(f"no {key}")
    return number
