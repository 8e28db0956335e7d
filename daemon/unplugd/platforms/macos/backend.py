"""The I/O Registry as a pyusb back end, which only lists devices and opens none.

libusb's own back end opens every device with a seize, which asks the program using it to release it.
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
    """Return all USB devices among the nodes, including hubs, without names."""
    return usb_backend.make_devices(Backend(lambda: make_descriptors(nodes)))


def make_descriptors(nodes: Iterable[Node]) -> Iterator[Descriptor]:
    """Yield the descriptor of each device that has all the required numbers."""
    for node in nodes:
        try:
            yield _make_descriptor(node)
        except ValueError:
            continue


def _make_descriptor(node: Node) -> Descriptor:
    vendor, product = _number(node, "idVendor", 0xFFFF), _number(node, "idProduct", 0xFFFF)
    # A location may be read as negative: its highest bit is part of the bus number.
    location = (node.number("locationID") or 0) & 0xFFFFFFFF
    if not location:
        raise ValueError("no locationID")
    bus, ports = registry.find_ports(location)
    # A USB address may be reused after a replug; the id of an entry never is.
    return Descriptor(
        vendor, product, node.number("bDeviceClass") or 0, bus=bus, address=node.id, ports=ports
    )


def _number(node: Node, key: str, largest: int) -> int:
    number = node.number(key)
    if number is None or not 0 <= number <= largest:
        raise ValueError(f"no {key}")
    return number
