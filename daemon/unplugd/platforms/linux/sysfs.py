"""The kernel's list of USB devices in sysfs, as a pyusb back end; it opens no device and needs no privileges."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd.platforms.shortage import raise_shortage
from unplugd.platforms.usb_backend import Backend, Descriptor, make_devices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.rules.devices import Device

SYSFS: Final = Path("/sys")
_PORT = re.compile(r"(\d+)-(\d+(?:\.\d+)*)|usb(\d+)")
_MAX_DEPTH: Final = 7
"""How many folder levels below an interface are searched for device nodes; hidraw's is the deepest known, at four."""


class Tree:
    """The USB part of sysfs: lists the devices, and reads what is known about each without opening it.

    Each method raises OSError in a shortage, rather than leave out what it cannot read.
    """

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self._folder = sysfs / "bus/usb/devices"
        self._backend = Backend(self.read_descriptors)

    def list_devices(self) -> list[Device]:
        """Return all USB devices including hubs, without names."""
        return make_devices(self._backend)

    def read_descriptors(self) -> Iterator[Descriptor]:
        """Yield the descriptor of each device, except those that vanish while they are read."""
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            # A kernel without USB, or a container: no devices. The caller handles any other error.
            return
        for name in names:
            if port := _PORT.fullmatch(name):
                try:
                    yield _read_descriptor(self._folder / name, port[2])
                except (OSError, ValueError) as error:
                    raise_shortage(error)
                    continue

    def read_product(self, port: str) -> str:
        """Return the product string (untrusted), "" if the device has none."""
        return _read_attribute(self._folder / port, "product", "")

    def count_transfers(self, port: str) -> int | None:
        """Return the kernel's transfer count (`urbnum`, which wraps around), None if it cannot be read."""
        try:
            return int(_read_attribute(self._folder / port, "urbnum"))
        except (OSError, ValueError) as error:
            raise_shortage(error)
            return None

    def is_claimed(self, port: str) -> bool:
        """Return whether a program has claimed an interface through usbfs; which one is unknown."""
        return any(_read_driver(interface) == "usbfs" for interface in self._find_interfaces(port))

    def find_nodes(self, device: Device) -> list[str]:
        """Return the nodes through which programs access the device: usbfs, hidraw, hiddev, serial."""
        nodes = [f"/dev/bus/usb/{device.bus:03}/{device.address:03}"]
        for interface in self._find_interfaces(device.port):
            nodes.extend(_find_nodes_below(interface, _MAX_DEPTH))
        return nodes

    def _find_interfaces(self, port: str) -> list[Path]:
        folder = self._folder / port
        try:
            return [folder / name for name in os.listdir(folder) if name.startswith(f"{port}:")]
        except OSError as error:
            raise_shortage(error)
            return []


def _read_descriptor(folder: Path, ports: str | None) -> Descriptor:
    return Descriptor(
        int(_read_attribute(folder, "idVendor"), 16),
        int(_read_attribute(folder, "idProduct"), 16),
        int(_read_attribute(folder, "bDeviceClass"), 16),
        bus=int(_read_attribute(folder, "busnum")),
        address=int(_read_attribute(folder, "devnum")),
        ports=tuple(map(int, ports.split("."))) if ports else (),
    )


def _read_attribute(folder: Path, name: str, missing: str | None = None) -> str:
    try:
        descriptor = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # A sysfs attribute is at most one page.
            return os.read(descriptor, 4096).decode(errors="replace").strip()
        finally:
            os.close(descriptor)
    except OSError as error:
        if missing is None:
            raise
        raise_shortage(error)
        return missing


def _read_driver(interface: Path) -> str:
    try:
        return os.path.basename(os.readlink(interface / "driver"))
    except OSError:
        return ""


def _find_nodes_below(folder: Path, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            below = list(entries)
    except OSError as error:
        raise_shortage(error)
        return
    if any(entry.name == "dev" for entry in below):
        uevent = _read_attribute(folder, "uevent", "")
        for line in uevent.splitlines():
            if line.startswith("DEVNAME="):
                yield "/dev/" + line.removeprefix("DEVNAME=").removeprefix("/dev/")
    for entry in below:
        if depth and entry.is_dir(follow_symlinks=False) and entry.name != "power":
            yield from _find_nodes_below(Path(entry.path), depth - 1)
