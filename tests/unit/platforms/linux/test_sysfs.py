"""The kernel's list of devices: a tree of folders as a real machine has it, and what is made of it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import usb.core

from tests.rig.shortage import no_descriptors
from unplugd.platforms.linux.sysfs import Tree
from unplugd.platforms.usb_backend import Backend
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPENED: list[str] | None = None
"""The paths that were opened, while a test collects them."""


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and OPENED is not None:
        OPENED.append(str(arguments[0]))


sys.addaudithook(_hook)

# From a real machine (kernel 6.1), shortened to what is read and what tempts.
DEVICES = {
    "usb1": {"idVendor": "1d6b", "idProduct": "0002", "bDeviceClass": "09", "busnum": "1", "devnum": "1", "product": "xHCI Host Controller", "serial": "0000:00:14.0", "urbnum": "67"},
    "1-1": {"idVendor": "05e3", "idProduct": "0608", "bDeviceClass": "09", "busnum": "1", "devnum": "2", "product": "USB2.0 Hub", "urbnum": "25"},
    "1-1.2": {"idVendor": "0a21", "idProduct": "8001", "bDeviceClass": "ff", "busnum": "1", "devnum": "7", "urbnum": "11"},
    "1-1.3": {"idVendor": "1a79", "idProduct": "6210", "bDeviceClass": "00", "busnum": "1", "devnum": "8", "product": "Contour Next Link 2.4", "serial": "SECRET", "urbnum": "4294967295"},
}  # fmt: skip
ABOVE = {"usb1": "", "1-1": "usb1", "1-1.2": "usb1/1-1", "1-1.3": "usb1/1-1"}
NODES = {
    # folder below the device: its uevent
    "1-1.2/1-1.2:1.0/ttyUSB0/tty/ttyUSB0": "MAJOR=188\nMINOR=0\nDEVNAME=ttyUSB0\n",
    "1-1.3/1-1.3:1.0/0003:1A79:6210.0001/hidraw/hidraw3": "MAJOR=245\nMINOR=3\nDEVNAME=hidraw3\n",
    "1-1.3/1-1.3:1.0/usbmisc/hiddev0": "MAJOR=180\nMINOR=96\nDEVNAME=usb/hiddev0\n",
}


class Machine:
    """The tree, below a folder that stands for /sys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = Tree(root)
        (root / "bus/usb/devices").mkdir(parents=True)
        for name, attributes in DEVICES.items():
            self.plug(name, attributes)
        for name in ("1-1.2:1.0", "1-1.3:1.0"):
            self.link(name, self.folder(name.partition(":")[0]) / name)
            self.drive(name, "usb_serial_simple" if "1.2" in name else "usbhid")
        for below, uevent in NODES.items():
            port, _, rest = below.partition("/")
            node = self.folder(port) / rest
            node.mkdir(parents=True)
            (node / "dev").write_text("1:1\n")
            (node / "uevent").write_text(uevent)
            (node / "subsystem").symlink_to("/")
            # A loop, as sysfs has many.
            (node / "device").symlink_to("../..")

    def folder(self, name: str) -> Path:
        return self.root / "devices/pci0000:00/0000:00:14.0" / ABOVE.get(name, "") / name

    def plug(self, name: str, attributes: Mapping[str, str]) -> None:
        folder = self.folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        for attribute, value in attributes.items():
            (folder / attribute).write_text(f"{value}\n")
        self.link(name, folder)

    def link(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (self.root / "bus/usb/devices" / name).symlink_to(folder)

    def drive(self, interface: str, driver: str) -> None:
        drivers = self.root / "bus/usb/drivers" / driver
        drivers.mkdir(parents=True, exist_ok=True)
        link = self.root / "bus/usb/devices" / interface / "driver"
        link.unlink(missing_ok=True)
        link.symlink_to(drivers)

    def write(self, name: str, attribute: str, value: bytes) -> None:
        (self.folder(name) / attribute).write_bytes(value)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "sys")


def found(machine: Machine) -> list[str]:
    return [device.port for device in machine.tree.list_devices()]


def test_every_device_is_listed(machine: Machine) -> None:
    """With its port, its ids, its address and its class; interfaces are no devices."""
    assert machine.tree.list_devices() == [
        Device("1-1", 0x05E3, 0x0608, 1, 2, 9),
        Device("1-1.2", 0x0A21, 0x8001, 1, 7, 0xFF),
        Device("1-1.3", 0x1A79, 0x6210, 1, 8, 0),
        Device("usb1", 0x1D6B, 0x0002, 1, 1, 9),
    ]


def test_pyusb_finds_by_id(machine: Machine) -> None:
    """It is an ordinary back end: pyusb's own filters and port numbers work on it."""
    backend = Backend(machine.tree.read_descriptors)
    meter = usb.core.find(idVendor=0x1A79, idProduct=0x6210, backend=backend)
    assert (meter.bus, meter.address, meter.port_numbers, meter.port_number) == (1, 8, (1, 3), 3)
    assert usb.core.find(idVendor=0xFFFF, backend=backend) is None
    hubs = usb.core.find(find_all=True, bDeviceClass=9, backend=backend)
    assert [hub.idVendor for hub in hubs] == [0x05E3, 0x1D6B]


def test_nothing_is_opened_and_no_serial_number_is_read(machine: Machine) -> None:
    """Neither a device's node nor its serial number is touched, whatever is asked; pyusb cannot ask for it either."""
    global OPENED  # noqa: PLW0603 - an audit hook stays for ever
    OPENED = []
    try:
        for device in machine.tree.list_devices():
            machine.tree.read_product(device.port)
            machine.tree.count_transfers(device.port)
            machine.tree.is_claimed(device.port)
            machine.tree.find_nodes(device)
        opened = OPENED
    finally:
        OPENED = None
    assert any(path.endswith("/idVendor") for path in opened)
    assert not any(path.endswith("/serial") or path.startswith("/dev") for path in opened)
    meter = usb.core.find(idVendor=0x1A79, backend=Backend(machine.tree.read_descriptors))
    assert meter.iSerialNumber == 0


def test_nodes_are_found_wherever_they_hang(machine: Machine) -> None:
    """Usbfs for every device, then serial, hidraw and hiddev; loops of links are not followed."""
    by_port = {device.port: machine.tree.find_nodes(device) for device in machine.tree.list_devices()}
    assert by_port["1-1.2"] == ["/dev/bus/usb/001/007", "/dev/ttyUSB0"]
    assert by_port["1-1.3"][0] == "/dev/bus/usb/001/008"
    assert sorted(by_port["1-1.3"][1:]) == ["/dev/hidraw3", "/dev/usb/hiddev0"]


def test_a_hub_has_not_the_nodes_of_what_is_in_it(machine: Machine) -> None:
    """Who holds a stick does not hold the hub."""
    hub = next(device for device in machine.tree.list_devices() if device.port == "1-1")
    assert machine.tree.find_nodes(hub) == ["/dev/bus/usb/001/002"]


def test_a_claim_shows_at_any_interface(machine: Machine) -> None:
    """The resting driver is no use; usbfs is."""
    assert not machine.tree.is_claimed("1-1.3")
    machine.drive("1-1.3:1.0", "usbfs")
    assert machine.tree.is_claimed("1-1.3")
    assert not machine.tree.is_claimed("1-1.2")
    (machine.root / "bus/usb/devices/1-1.3:1.0/driver").unlink()
    assert not machine.tree.is_claimed("1-1.3")


@pytest.mark.parametrize(
    ("content", "count"),
    [(b"11\n", 11), (b"4294967295\n", 4294967295), (b"", None), (b"x", None), (b"\xff", None)],
)
def test_transfers_are_counted_where_the_kernel_does(
    machine: Machine, content: bytes, count: int | None
) -> None:
    """A count, or nothing where it cannot be read."""
    machine.write("1-1.2", "urbnum", content)
    assert machine.tree.count_transfers("1-1.2") == count


def test_a_kernel_without_the_count_is_borne(machine: Machine) -> None:
    """`urbnum` is not documented and may go."""
    (machine.folder("1-1.2") / "urbnum").unlink()
    assert machine.tree.count_transfers("1-1.2") is None


def test_a_devices_own_words(machine: Machine) -> None:
    """As they are, but never more than a page; nothing where it says nothing."""
    assert machine.tree.read_product("1-1.3") == "Contour Next Link 2.4"
    assert machine.tree.read_product("1-1.2") == ""
    machine.write("1-1.2", "product", b"\xff\xfe" + b"x" * 100_000)
    assert len(machine.tree.read_product("1-1.2")) <= 4096


# --- what vanishes or makes no sense


@pytest.mark.parametrize("attribute", ["idVendor", "idProduct", "bDeviceClass", "busnum", "devnum"])
@pytest.mark.parametrize("content", [None, b"", b"zz", b"\xff"])
def test_a_device_that_cannot_be_read_is_not_there(
    machine: Machine, attribute: str, content: bytes | None
) -> None:
    """At an unplug its entry vanishes under the reader's feet; the others are listed all the same."""
    path = machine.folder("1-1.2") / attribute
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert found(machine) == ["1-1", "1-1.3", "usb1"]


def test_an_entry_without_its_folder_is_not_there(machine: Machine) -> None:
    """A link that leads nowhere is a device that has just gone, and so is all that is asked of it."""
    shutil.rmtree(machine.folder("1-1.2"))
    assert found(machine) == ["1-1", "1-1.3", "usb1"]
    assert machine.tree.find_nodes(Device("1-1.2", 1, 2, 1, 7)) == ["/dev/bus/usb/001/007"]
    assert (
        machine.tree.read_product("1-1.2"),
        machine.tree.count_transfers("1-1.2"),
        machine.tree.is_claimed("1-1.2"),
    ) == ("", None, False)


@pytest.mark.parametrize("name", ["1-1:1.0", "ep_00", "x", "1-", "-1", "1-1.", "1-1.2.x", "usb", "1-1.2\n"])
def test_what_is_not_named_like_a_device_is_none(machine: Machine, name: str) -> None:
    """Interfaces, end points and anything else in the folder."""
    machine.link(name, machine.folder("1-1.2"))
    assert found(machine) == ["1-1", "1-1.2", "1-1.3", "usb1"]


def test_deep_ports_and_high_buses(machine: Machine) -> None:
    """Five hubs deep and on the twelfth bus is a port like any other."""
    ABOVE_DEEP = "12-3.1.4.1.5"  # noqa: N806
    machine.plug(ABOVE_DEEP, {**DEVICES["1-1.2"], "busnum": "12", "devnum": "103"})
    device = next(device for device in machine.tree.list_devices() if device.port == ABOVE_DEEP)
    assert machine.tree.find_nodes(device) == ["/dev/bus/usb/012/103"]


def test_a_kernel_without_usb_has_no_devices(tmp_path: Path) -> None:
    """Nor has a container; that is no error."""
    assert Tree(tmp_path).list_devices() == []


def test_a_list_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It must not look as if everything had been unplugged."""
    (tmp_path / "bus/usb").mkdir(parents=True)
    (tmp_path / "bus/usb/devices").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        Tree(tmp_path).list_devices()


def test_this_machine_can_be_read() -> None:
    """Whatever is plugged in here."""
    entries = Path("/sys/bus/usb/devices")
    there = {name for name in (os.listdir(entries) if entries.exists() else ()) if ":" not in name}  # noqa: PTH208
    assert {device.port for device in Tree().list_devices()} <= there


def test_without_descriptors_nothing_is_left_out(machine: Machine) -> None:
    """What cannot be read for want of descriptors is an error: it is neither gone nor without nodes, claims or counts."""
    stick = next(device for device in machine.tree.list_devices() if device.port == "1-1.2")
    questions: list[Callable[[], object]] = [
        machine.tree.list_devices,
        lambda: machine.tree.find_nodes(stick),
        lambda: machine.tree.is_claimed(stick.port),
        lambda: machine.tree.count_transfers(stick.port),
        lambda: machine.tree.read_product(stick.port),
    ]
    answers = [question() for question in questions]
    with no_descriptors():
        for question in questions:
            with pytest.raises(OSError, match="Too many open files"):
                question()
    assert [question() for question in questions] == answers
