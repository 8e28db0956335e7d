"""Which seat a USB device belongs to: a computer may have several, each with a screen of its own (sd-login(3))."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from unplugd.rules.devices import Device

UDEV: Final = Path("/run/udev/data")
"""Where udev keeps the properties of devices, as libudev reads them: a file for each, a line `E:NAME=value` for each."""
USB_MAJOR: Final = 189
"""The major number of usbfs nodes; each bus has 128 minor numbers (Documentation/admin-guide/devices.txt)."""
DEFAULT_SEAT: Final = "seat0"


def find_seat(device: Device, udev: Path = UDEV) -> str:
    """Return the seat of a device: the first one, unless the administrator has attached the device to another."""
    minor = (device.bus - 1) * 128 + device.address - 1
    try:
        properties = (udev / f"c{USB_MAJOR}:{minor}").read_text(errors="replace")
    except OSError:
        return DEFAULT_SEAT
    name = "E:ID_SEAT="
    seats = (line.removeprefix(name) for line in properties.splitlines() if line.startswith(name))
    return next(seats, "") or DEFAULT_SEAT
