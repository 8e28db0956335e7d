"""The kernel's own list of USB devices, as a pyusb back end: reads a few attributes, opens no device, needs no rights."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import usb.backend
import usb.core

from unplugd.devices import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSFS: Final = Path("/sys")
_PORT = re.compile(r"(\d+)-(\d+(?:\.\d+)*)|usb(\d+)")
_DEPTH: Final = 7
"""Folders below an interface in which its nodes are found; the deepest known is hidraw's, at four."""


class Descriptor:
    """A device descriptor as pyusb wants it."""

    bLength = 18  # noqa: N815 - the field's name in the USB specification, as all of these
    bDescriptorType = 1  # noqa: N815
    bcdUSB = bcdDevice = bDeviceSubClass = bDeviceProtocol = bMaxPacketSize0 = 0  # noqa: N815
    bNumConfigurations = 1  # noqa: N815
    # No string indices: nobody can ask pyusb for a serial number, which would open the device.
    iManufacturer = iProduct = iSerialNumber = 0  # noqa: N815
    speed = None

    def __init__(self, folder: Path) -> None:
        self.idVendor = int(_attribute(folder, "idVendor"), 16)
        self.idProduct = int(_attribute(folder, "idProduct"), 16)
        self.bDeviceClass = int(_attribute(folder, "bDeviceClass"), 16)
        self.bus = int(_attribute(folder, "busnum"))
        self.address = int(_attribute(folder, "devnum"))
        ports = _PORT.fullmatch(folder.name)
        path = ports[2] if ports else None
        self.port_numbers = tuple(map(int, path.split("."))) if path else ()
        self.port_number = self.port_numbers[-1] if self.port_numbers else 0


class Backend(usb.backend.IBackend):  # type: ignore[misc]
    """pyusb's back end over `sysfs`; it can list devices and nothing else."""

    def __init__(self, sysfs: Path = SYSFS) -> None:
        super().__init__()
        self._folder = sysfs / "bus/usb/devices"

    def enumerate_devices(self) -> Iterator[Descriptor]:
        """Yield the descriptor of each device; one that vanishes while it is read is gone."""
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            # A kernel without USB, or a container: no devices. Any other error is the caller's to report.
            return
        for name in names:
            if _PORT.fullmatch(name):
                try:
                    yield Descriptor(self._folder / name)
                except (OSError, ValueError):
                    continue

    def get_device_descriptor(self, dev: Descriptor) -> Descriptor:
        """Return what `enumerate_devices` read."""
        return dev


class Tree:
    """The USB part of sysfs: the devices, and what is known of one of them without opening it."""

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self._backend = Backend(sysfs)
        self._folder = sysfs / "bus/usb/devices"

    def devices(self) -> list[Device]:
        """Return every USB device, hubs too, without names."""
        return [
            Device(
                _name(found), found.idVendor, found.idProduct, found.bus, found.address, found.bDeviceClass
            )
            for found in usb.core.find(find_all=True, backend=self._backend)
        ]

    def product(self, port: str) -> str:
        """Return the device's own words for itself, which are whatever its maker liked; "" where it has none."""
        return _attribute(self._folder / port, "product", "")

    def transfers(self, port: str) -> int | None:
        """Return how many transfers the kernel has counted for the device (`urbnum`, it wraps), None if unknown."""
        try:
            return int(_attribute(self._folder / port, "urbnum"))
        except (OSError, ValueError):
            return None

    def claimed(self, port: str) -> bool:
        """Return whether a program has claimed an interface through usbfs, which names nobody."""
        return any(_driver(interface) == "usbfs" for interface in self._interfaces(port))

    def nodes(self, device: Device) -> list[str]:
        """Return the paths below /dev by which programs reach the device: usbfs, hidraw, hiddev, serial."""
        nodes = [f"/dev/bus/usb/{device.bus:03}/{device.address:03}"]
        for interface in self._interfaces(device.port):
            nodes.extend(_nodes_below(interface, _DEPTH))
        return nodes

    def _interfaces(self, port: str) -> list[Path]:
        folder = self._folder / port
        try:
            return [folder / name for name in os.listdir(folder) if name.startswith(f"{port}:")]
        except OSError:
            return []


def _name(found: usb.core.Device) -> str:
    """Return the kernel's name for the device, from its bus and the ports on the way to it."""
    ports = ".".join(map(str, found.port_numbers))
    return f"{found.bus}-{ports}" if ports else f"usb{found.bus}"


def _attribute(folder: Path, name: str, missing: str | None = None) -> str:
    try:
        descriptor = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # A sysfs attribute is at most a page, whatever a device says.
            return os.read(descriptor, 4096).decode(errors="replace").strip()
        finally:
            os.close(descriptor)
    except OSError:
        if missing is None:
            raise
        return missing


def _driver(interface: Path) -> str:
    try:
        return os.path.basename(os.readlink(interface / "driver"))
    except OSError:
        return ""


def _nodes_below(folder: Path, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            below = list(entries)
    except OSError:
        return
    if any(entry.name == "dev" for entry in below):
        uevent = _attribute(folder, "uevent", "")
        for line in uevent.splitlines():
            if line.startswith("DEVNAME="):
                yield "/dev/" + line.removeprefix("DEVNAME=").removeprefix("/dev/")
    for entry in below:
        if depth and entry.is_dir(follow_symlinks=False) and entry.name != "power":
            yield from _nodes_below(Path(entry.path), depth - 1)
