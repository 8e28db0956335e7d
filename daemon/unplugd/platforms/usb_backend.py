"""USB devices as pyusb takes them from a back end that opens none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import usb.backend
import usb.core

from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Descriptor:
    """A device descriptor as pyusb wants it: the fields have the names that the USB specification gives them."""

    def __init__(
        self, vendor: int, product: int, device_class: int, *, bus: int, address: int, ports: tuple[int, ...]
    ) -> None:
        self.bLength = 18
        self.bDescriptorType = 1
        self.bcdUSB = self.bcdDevice = self.bDeviceSubClass = self.bDeviceProtocol = self.bMaxPacketSize0 = 0
        self.bNumConfigurations = 1
        # No string indices: nobody can ask pyusb for a serial number, which would open the device.
        self.iManufacturer = self.iProduct = self.iSerialNumber = 0
        self.speed = None
        self.idVendor, self.idProduct, self.bDeviceClass = vendor, product, device_class
        self.bus, self.address = bus, address
        self.port_numbers = ports
        self.port_number = ports[-1] if ports else 0


class Backend(usb.backend.IBackend):  # type: ignore[misc] # pyusb has no types
    """A pyusb back end that can list devices and nothing else; `descriptors` is asked for them each time."""

    def __init__(self, descriptors: Callable[[], Iterable[Descriptor]]) -> None:
        super().__init__()
        self._descriptors = descriptors

    def enumerate_devices(self) -> Iterator[Descriptor]:
        """Yield the descriptor of each device."""
        yield from self._descriptors()

    def get_device_descriptor(self, dev: Descriptor) -> Descriptor:
        """Return what `enumerate_devices` yielded."""
        return dev


def make_devices(backend: Backend) -> list[Device]:
    """Return every USB device that the back end lists, hubs too, without names."""
    return [
        Device(_port(found), found.idVendor, found.idProduct, found.bus, found.address, found.bDeviceClass)
        for found in usb.core.find(find_all=True, backend=backend)
    ]


def _port(found: usb.core.Device) -> str:
    """Return the port as Linux writes it, from the device's bus and the ports on the way to it."""
    ports = ".".join(map(str, found.port_numbers or ()))
    return f"{found.bus}-{ports}" if ports else f"usb{found.bus}"
