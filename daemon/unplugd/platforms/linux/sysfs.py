"""The kernel's own list of USB devices, for a pyusb back end: reads a few attributes, opens no device, needs no rights."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd.platforms.usb_backend import Backend, Descriptor, make_devices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.rules.devices import Device

SYSFS: Final = Path("/sys")
_PORT = re.compile(r"(\d+)-(\d+(?:\.\d+)*)|usb(\d+)")
_DEPTH: Final = 7
"""Folders below an interface in which its nodes are found; the deepest known is hidraw's, at four."""


class Tree:
    """The USB part of sysfs: the devices, and what is known of one of them without opening it."""

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self._folder = sysfs / "bus/usb/devices"
        self._backend = Backend(self.descriptors)

    def devices(self) -> list[Device]:
        """Return every USB device, hubs too, without names."""
        return make_devices(self._backend)

    def descriptors(self) -> Iterator[Descriptor]:
        """Yield the descriptor of each device; one that vanishes while it is read is gone."""
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            # A kernel without USB, or a container: no devices. Any other error is the caller's to report.
            return
        for name in names:
            if port := _PORT.fullmatch(name):
                try:
                    yield _descriptor(self._folder / name, port[2])
                except (OSError, ValueError):
                    continue

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


def _descriptor(folder: Path, ports: str | None) -> Descriptor:
    return Descriptor(
        int(_attribute(folder, "idVendor"), 16),
        int(_attribute(folder, "idProduct"), 16),
        int(_attribute(folder, "bDeviceClass"), 16),
        bus=int(_attribute(folder, "busnum")),
        address=int(_attribute(folder, "devnum")),
        ports=tuple(map(int, ports.split("."))) if ports else (),
    )


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
