"""A Mac's list of devices, from ioreg's answers."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Any

import pytest
import usb.core
from hypothesis import example, given
from hypothesis import strategies as st

from tests.rig.iokit import FIXTURES, answer, fixture
from unplugd.platforms.macos import backend, registry
from unplugd.platforms.macos.ioreg import parse
from unplugd.platforms.macos.registry import Node
from unplugd.platforms.usb_backend import Backend
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE = ("free", "clients", "owner", "device_owner", "driver", "hid", "waiting", "hub")
STICK = Device("20-1.2", 0x0A21, 0x8001, 20, 4294969001, 255)
METER = Device("20-1.3", 0x1A79, 0x6210, 20, 4294969011, 0)
BEHIND = Device("20-1.1.1", 0x0A21, 0x8001, 20, 4294969001, 255)
HUB = Device("20-1.1", 0x05E3, 0x0608, 20, 4294969020, 9)


def printed(name: str) -> bytes:
    return (FIXTURES / f"{name}.plist").read_bytes()


def every(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from every(node.children)


# --- what ioreg says


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("free", [STICK]),
        ("clients", [STICK]),
        ("owner", [STICK]),
        ("device_owner", [STICK]),
        ("driver", [METER]),
        ("hid", [METER]),
        ("mendable", [METER]),
        ("empty", []),
        ("waiting", []),
    ],
)
def test_every_device_is_listed(name: str, found: list[Device]) -> None:
    """With its port, its ids, its entry's id and its class; not one that waits to be allowed."""
    assert backend.make_devices(parse(printed(name))) == found


def test_a_hub_repeats_what_is_in_it() -> None:
    """Each device is listed once, whether ioreg lists it once more beside its hub or in the hub only."""
    assert backend.make_devices(parse(printed("hub"))) == [BEHIND, HUB]
    assert backend.make_devices(parse(answer(fixture("hub")[:1]))) == [BEHIND, HUB]


def test_a_hub_has_not_what_is_in_it() -> None:
    """Who owns a stick does not own the hub."""
    stick, hub = parse(printed("hub"))
    assert [node.text(registry.OWNER) for node in every((stick,))] == ["", "pid 36792, java"]
    assert not any(node.text(registry.OWNER) for node in every((hub,)))


def test_an_older_class_is_a_device_as_well() -> None:
    """A device in a hub is known by its address, whatever its class is called."""
    hub = fixture("hub")[:1]
    port = hub[0]["IORegistryEntryChildren"][0]["IORegistryEntryChildren"][0]
    port["IORegistryEntryChildren"][0]["IOObjectClass"] = "AnotherUSBDevice"
    assert backend.make_devices(parse(answer(hub))) == [BEHIND, HUB]


def test_a_device_that_is_going_is_not_there() -> None:
    """An entry that is inactive stays for a while; one that says nothing of its state is there."""
    [stick] = fixture("free")
    assert parse(answer([{**stick, "IOServiceState": 1}])) == ()
    del stick["IOServiceState"]
    assert len(parse(answer([stick]))) == 1


def test_a_single_entry_without_a_list_is_read() -> None:
    assert len(parse(plistlib.dumps(fixture("free")[0]))) == 1


def test_no_serial_number_is_kept() -> None:
    """What ioreg prints of it is dropped at once, and pyusb cannot ask for it either."""
    assert b"SECRET" in printed("hid")
    nodes = parse(printed("hid"))
    assert "SECRET" not in repr(nodes)
    meter = usb.core.find(idVendor=0x1A79, backend=Backend(lambda: backend.make_descriptors(nodes)))
    assert (meter.iSerialNumber, meter.port_numbers, meter.port_number) == (0, (1, 3), 3)


def test_characters_that_xml_forbids_are_taken_out() -> None:
    """One device's strings must not hide all devices."""
    [meter] = parse(printed("mendable"))
    assert meter.text("kUSBProductString") == "Contour �Next Link 2.4"


@pytest.mark.parametrize(
    "said",
    [
        printed("broken"),
        b"ioreg: error: can't obtain properties.\n",
        b"<plist><array><string>",
        b"<plist><integer>1</integer></plist>",
        b"<plist><array><integer>1</integer></array></plist>",
        b"<plist><array><dict/></array></plist>",
        b"<plist></plist>",
        plistlib.dumps([{"IOObjectClass": "IOUSBHostDevice"}]),
        plistlib.dumps([{"IOObjectClass": 1, "IORegistryEntryID": 1}]),
        b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><array><string>&a;</string></array></plist>',
    ],
)
def test_what_is_broken_is_an_error(said: bytes) -> None:
    """Half a list would look as if the other half had been unplugged."""
    with pytest.raises(OSError, match="cannot be parsed"):
        parse(said)


KEYS = st.sampled_from(["IOObjectClass", "IORegistryEntryID", "IORegistryEntryChildren", "IOServiceState", *sorted(registry.KEPT_KEYS), registry.DEBUG_STATE, registry.OPENED])  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-(2**63), 2**64 - 1), st.binary(max_size=4), st.just(registry.DEVICE)
    ),
    lambda inside: st.one_of(st.lists(inside, max_size=3), st.dictionaries(KEYS, inside, max_size=5)),
    max_leaves=20,
)


@given(st.binary(max_size=200))
@example(b"bplist00")
@example(b"<plist><key></plist>")
@example(b"<plist><dict><key>a</key></dict></plist>")
@example(b"<plist><date>x</date></plist>")
@example(b"<plist><array><array/></dict></plist>")
@example(b"\xff\xfe<\x00p\x00")
def test_any_bytes_are_borne(said: bytes) -> None:
    """A list or an OSError, nothing else."""
    borne(said)


@given(VALUES)
def test_any_property_list_is_borne(value: Any) -> None:
    borne(plistlib.dumps(value))


@given(st.sampled_from(WHOLE), st.integers(0, 4000), st.binary(max_size=6), st.integers(0, 6))
def test_any_damage_is_borne(name: str, at: int, put: bytes, out: int) -> None:
    """A byte too many or too few anywhere in a real answer."""
    whole = printed(name)
    borne(whole[:at] + put + whole[at + out :])


def borne(said: bytes) -> None:
    try:
        found = backend.make_devices(parse(said))
    except OSError as error:
        assert error.strerror  # noqa: PT017 - it may or may not be one
    else:
        assert all(isinstance(device, Device) for device in found)


# --- ports


@pytest.mark.parametrize(
    ("location", "port"),
    [
        (0x14120000, "20-1.2"),
        (0x14000000, "usb20"),
        (0x01234567, "1-2.3.4.5.6.7"),
        (0xFA1F0000, "250-1.15"),
        (0xFA100000 - 2**32, "250-1"),
        (0x14102000, "20-1"),
    ],
)
def test_a_port_has_its_way(location: int, port: str) -> None:
    """The bus is a byte, each port half a byte; the highest bit is no sign."""
    numbers = {"idVendor": 1, "idProduct": 2, "locationID": location}
    [device] = backend.make_devices([Node(registry.DEVICE, 1, numbers)])
    assert device.port == port


@given(st.integers(-(2**31), 2**32 - 1))
def test_any_location_is_borne(location: int) -> None:
    numbers = {"idVendor": 1, "idProduct": 2, "locationID": location}
    found = backend.make_devices([Node(registry.DEVICE, 1, numbers)])
    assert len(found) == bool(location)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in ("idVendor", "idProduct") for value in (None, "1", True, -1, 0x10000)),
        *(("locationID", value) for value in (None, "1", True, 0)),
    ],
)
def test_a_device_that_does_not_say_enough_is_not_listed(key: str, value: Any) -> None:
    """The others are listed all the same."""
    [stick] = parse(printed("free"))
    properties = {
        name: number for name, number in {**stick.properties, key: value}.items() if number is not None
    }
    odd = Node(stick.kind, 2, properties)
    assert backend.make_devices([odd, stick]) == [STICK]
