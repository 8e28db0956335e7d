"""A pyusb back end that lists devices without opening them, from the system's own list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import usb.backend
import usb.core

from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Descriptor:
    """A device descriptor for pyusb, with field names from the USB specification."""

    bLength = 18
    bDescriptorType = 1
    bcdUSB = bcdDevice = bDeviceSubClass = bDeviceProtocol = bMaxPacketSize0 = 0
    bNumConfigurations = 1
    # No string indices, so that pyusb cannot read a serial number, for which it would open the device.
    iManufacturer = iProduct = iSerialNumber = 0
    speed = None

    def __init__(
        self, vendor: int, product: int, device_class: int, *, bus: int, address: int, ports: tuple[int, ...]
    ) -> None:
        self.idVendor, self.idProduct, self.bDeviceClass = vendor, product, device_class
        self.bus, self.address = bus, address
        self.port_numbers = ports
        self.port_number = ports[-1] if ports else 0


class Backend(usb.backend.IBackend):  # type: ignore[misc] # pyusb has no types
    """A pyusb back end that can only list devices; `read_descriptors` is called for each listing."""

    def __init__(self, read_descriptors: Callable[[], Iterable[Descriptor]]) -> None:
        super().__init__()
        self._read_descriptors = read_descriptors

    def enumerate_devices(self) -> Iterator[Descriptor]:
        """Yield the descriptor of each device."""
        yield from self._read_descriptors()

    def get_device_descriptor(self, dev: Descriptor) -> Descriptor:
        """Return `dev`, which is already the descriptor."""
        return dev


def make_devices(backend: Backend) -> list[Device]:
    """Return all USB devices that the back end lists, hubs included, without names."""
    return [
        Device(
            _format_port(device),
            device.idVendor,
            device.idProduct,
            device.bus,
            device.address,
            device.bDeviceClass,
        )
        for device in usb.core.find(find_all=True, backend=backend)
    ]


def _format_port(device: usb.core.Device) -> str:
    """Return a device's port path as Linux writes it: bus 1, port 2 of the hub on port 3 is 1-3.2."""
    ports = ".".join(map(str, device.port_numbers or ()))
    return f"{device.bus}-{ports}" if ports else f"usb{device.bus}"
