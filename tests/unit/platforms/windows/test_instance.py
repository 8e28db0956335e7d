"""What Windows' names of devices say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.platforms.usb_backend import Backend, make_devices
from unplugd.platforms.windows.devices import ListedDevice, make_descriptors
from unplugd.platforms.windows.instance import (
    Place,
    parse_class,
    parse_instance,
    parse_location,
    parse_path,
)

CONTROLLER = "PCIROOT(0)#PCI(1400)#USBROOT(0)"
DOCK = "PCIROOT(0)#PCI(1D00)#PCI(0000)#PCI(0200)#PCI(0000)#USBROOT(0)"


@pytest.mark.parametrize(
    ("instance", "ids"),
    [
        (r"USB\VID_0A21&PID_8001\QSERIALQ", (0x0A21, 0x8001)),
        (r"usb\vid_0a21&pid_8001\5&2c1a&0&2", (0x0A21, 0x8001)),
        (r"USB\VID_1A79&PID_6210&REV_0100\6210-1234567", (0x1A79, 0x6210)),
        (r"USB\VID_1A79&PID_6210&MI_00\6&2F1A&0&0000", None),
        (r"USB\ROOT_HUB30\4&1A&0&0", None),
        (r"USB\VID_0A21", None),
        ("", None),
    ],
)
def test_a_name_gives_the_ids_of_a_device_but_not_of_its_parts(
    instance: str, ids: tuple[int, int] | None
) -> None:
    """An interface of a device with several is listed besides it, and is not another device."""
    assert parse_instance(instance) == ids


@given(st.text(), st.text(alphabet="0123456789ABCDEFGHXYZ", min_size=4))
def test_no_part_of_a_serial_number_comes_out(start: str, serial: str) -> None:
    """Whatever a name holds, only two numbers are read of it, and none from behind the last backslash."""
    parse_instance(start)

    assert parse_instance(rf"USB\VID_0A21&PID_8001\{serial}") == (0x0A21, 0x8001)


def test_a_path_leads_from_the_controller_through_the_hubs() -> None:
    """Two controllers have numbers of their own, which stay as they are, and a port behind a hub has two numbers."""
    behind = parse_path(f"{CONTROLLER}#USB(3)#USB(1)\nACPI(_SB_)#ACPI(PCI0)#ACPI(PRT3)")
    direct = parse_path(f"{CONTROLLER}#USB(12)")
    dock = parse_path(f"{DOCK}#USB(3)#USB(1)")

    assert behind
    assert direct
    assert dock
    assert (behind.ports, direct.ports, dock.ports) == ((3, 1), (12,), (3, 1))
    assert behind.bus == direct.bus != dock.bus
    assert 0 < behind.bus < 1000
    assert parse_path(CONTROLLER) is parse_path("") is None


def test_a_location_names_the_port_and_the_hub() -> None:
    """As the Device Manager shows it; anything else is no place."""
    assert parse_location("Port_#0002.Hub_#0011") == Place(11, (2,))
    assert parse_location("0000.0014.0000.002.000.000.000.000.000") is parse_location("") is None


def test_a_hub_is_known_by_its_class() -> None:
    """Devices that name no class have none."""
    assert parse_class("USB\\DevClass_09&SubClass_00&Prot_01\nUSB\\Class_09") == 9
    assert parse_class("USB\\Class_03") == 3
    assert parse_class("USB\\COMPOSITE") == parse_class("") == 0


def test_no_two_devices_are_at_one_port() -> None:
    """Of two with the same place, or without any, each has a port of its own."""
    places = [
        (Place(20, (2,)), Place(1, (2,))),
        (Place(20, (2,)), Place(1, (4,))),
        (Place(1, (4,)),),
        (),
        (),
    ]
    listed = [ListedDevice(0x0A21, 0x8001, 0, place, 0, "") for place in places]

    found = make_devices(Backend(lambda: make_descriptors(listed)))

    assert [device.port for device in found] == ["20-2", "1-4", "0-1", "0-2", "0-3"]
