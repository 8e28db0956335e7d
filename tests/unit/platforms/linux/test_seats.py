"""Which seat a device belongs to, as udev has noted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unplugd.platforms.linux.seats import find_seat
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from pathlib import Path

STICK = Device("2-1", 0x0A21, 0x8001, bus=2, address=5)


@pytest.mark.parametrize(
    ("properties", "seat"),
    [
        (b"E:ID_SEAT=seat-usb-1\nE:ID_PATH=pci-0\n", "seat-usb-1"),
        (b"S:bus/usb/002/005\nE:ID_FOR_SEAT=usb-pci-0\nG:seat\n", "seat0"),
        (b"E:ID_SEAT=\n", "seat0"),
        (b"\xff\nE:ID_SEAT=seat1\n", "seat1"),
        (None, "seat0"),
    ],
)
def test_a_device_is_at_the_first_seat_unless_it_was_attached_to_another(
    tmp_path: Path, properties: bytes | None, seat: str
) -> None:
    """Whatever else udev has noted, and also where it has noted nothing."""
    if properties is not None:
        (tmp_path / "c189:132").write_bytes(properties)
    assert find_seat(STICK, tmp_path) == seat
