"""USB devices that do not exist: plugged into a umockdev test bed, which unmodified programs take for the machine.

Programs see it if they run with `Testbed.environment`. What is there is laid out as kernel 6.1 shows the real devices.
Traps of umockdev 0.17:

- Below /sys programs see the test bed only, below /dev what it has and else the machine's, below /proc the machine's.
- os.stat of a node tells a character device with its number, of /proc/PID/fd/N the plain file that it is underneath:
  only st_dev and st_ino agree. A holder must run in the test bed, too.
- A listener's socket is named after its descriptor's number, so that the second of two programs whose netlink
  sockets have the same number takes the first one's announcements away. `apart` avoids it.
- Every node that is open takes a second descriptor, of a socket to the test bed; with 50 the program aborts.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.child import Process
from tests.rig.tools import GI, need_umockdev
from tests.rig.uevent import Sent, Speaker
from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTROLLER = "/devices/pci0000:00/0000:00:14.0"


@dataclass(frozen=True)
class Model:
    """What a device says of itself. `kind` is what the kernel makes of its interface: "hid", "serial" or "other"."""

    vendor: int
    product: int
    kind: str = "other"
    release: int = 0x0100
    device_class: int = 0
    interface_class: int = 0xFF
    manufacturer: str | None = None
    name: str | None = None
    serial: str | None = None


STICK = Model(0x0A21, 0x8001, "serial", release=0x0110)
"""The CareLink stick: no strings, no serial number, a serial converter to the kernel."""
METER = Model(0x1A79, 0x6210, "hid", interface_class=3, manufacturer="Ascensia", name="Contour Next Link 2.4")
MOUSE = Model(0x046D, 0xC077, "hid", interface_class=3, manufacturer="Logitech", name="USB Optical Mouse")
HUB = Model(0x05E3, 0x0608, device_class=9, interface_class=9, name="USB2.0 Hub")
ROOT_HUB = Model(0x1D6B, 0x0002, device_class=9, interface_class=9, name="xHCI Host Controller")


@dataclass
class Entry:
    """One folder below /sys/devices: what it is to the kernel, and its node if it has one."""

    devpath: str
    subsystem: str
    is_class: bool = False
    attributes: Mapping[str, str | bytes] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    driver: str | None = None
    number: tuple[int, int] | None = None
    node: str | None = None


class Device:
    """A device that is plugged in, or was."""

    def __init__(self, testbed: Testbed, port: str, model: Model, address: int, entries: list[Entry]) -> None:
        self.port = port
        self.model = model
        self.address = address
        self.plugged: list[Sent] = []
        self.unplugged: list[Sent] = []
        self._testbed = testbed
        self._entries = entries

    @property
    def id(self) -> str:
        """Its id, as `lsusb` writes it."""
        return f"{self.model.vendor:04x}:{self.model.product:04x}"

    @property
    def nodes(self) -> list[str]:
        """The paths below /dev by which programs reach it: usbfs first, then hidraw or serial."""
        return [f"/dev/{entry.node}" for entry in self._entries if entry.node]

    def plug(self) -> None:
        """Plug it in: each entry appears and is announced, then those with a driver are bound, the innermost first."""
        for entry in self._entries:
            self._testbed.lay(entry)
            self.plugged.append(self._testbed.say("add", entry))
        self.plugged += [
            self._testbed.say("bind", entry) for entry in reversed(self._entries) if entry.driver
        ]

    def appear(self) -> None:
        """Plug it in unannounced, as in a container that the kernel tells nothing."""
        for entry in self._entries:
            self._testbed.lay(entry)

    def unplug(self, *, lingering: bool = False) -> None:
        """Unplug it: the innermost first, each entry vanishes and is announced.

        `lingering`: everything is announced first, so that a program that looks at once still finds it there;
        `vanish` must follow.
        """
        for entry in reversed(self._entries):
            if not lingering:
                self._testbed.clear(entry)
            if entry.driver:
                self.unplugged.append(self._testbed.say("unbind", entry))
            self.unplugged.append(self._testbed.say("remove", entry))

    def vanish(self) -> None:
        """Take away what lingers after an unplug, unannounced."""
        for entry in reversed(self._entries):
            self._testbed.clear(entry)

    def transfer(self, count: int = 1) -> None:
        """Have the kernel count `count` more transfers."""
        path = self.sysfs / "urbnum"
        path.write_text(f"{int(path.read_text()) + count}\n")

    def claim(self, driver: str = "usbfs") -> None:
        """Give its interface to another driver: `usbfs` is a program that has claimed it."""
        self._testbed.bind(self._entries[1], driver)

    @property
    def sysfs(self) -> Path:
        """Its folder below /sys, as the test reaches it."""
        return self._testbed.root / f"sys{self._entries[0].devpath}"


class Testbed:
    """The test bed: two hubs, and what a test plugs in."""

    __test__ = False

    def __init__(self) -> None:
        need_umockdev()
        preload = {"LD_PRELOAD": "libumockdev-preload.so.0"}
        keeper = Path(__file__).with_name("testbed_keeper.py")
        self._keeper = Process([GI, keeper], {**preload, "PATH": os.environ["PATH"]})
        self.root = Path(self._keeper.hear())
        self.environment: Mapping[str, str] = {**preload, "UMOCKDEV_DIR": str(self.root)}
        self.speaker = Speaker(self.root)
        self._addresses = 0
        self._numbers = {"hidraw": 0, "ttyUSB": 0}
        for port, hub in (("usb1", ROOT_HUB), ("1-1", HUB)):
            self.plug(hub, port)

    def plug(self, model: Model, port: str = "1-1.2", *, announced: bool = True) -> Device:
        """Plug a device into a port, and return it once all is announced, if it is to be."""
        self._addresses += 1
        device = Device(self, port, model, self._addresses, self._entries(model, port, self._addresses))
        device.plug() if announced else device.appear()
        return device

    def replug(self, device: Device) -> Device:
        """Plug an unplugged device into the same port again: it gets a new address."""
        return self.plug(device.model, device.port)

    def chatter(self, count: int) -> None:
        """Announce `count` changes of the root hub that are none."""
        root = self._entries(ROOT_HUB, "usb1", 1)[0]
        for _ in range(count):
            self.say("change", root)

    def say(self, action: str, entry: Entry) -> Sent:
        """Announce what happened to an entry."""
        return self.speaker.say(action, entry.devpath, entry.subsystem, entry.properties)

    def close(self) -> None:
        """Take it all away; umockdev removes the folder."""
        self._keeper.process.communicate(timeout=GIVE_UP)

    # --- the folders

    def lay(self, entry: Entry) -> None:
        """Make an entry's folder, links and node."""
        folder = self.root / f"sys{entry.devpath}"
        folder.mkdir(parents=True)
        for name, value in entry.attributes.items():
            content = value if isinstance(value, bytes) else value.encode(errors="surrogateescape") + b"\n"
            (folder / name).write_bytes(content)
        if entry.number:
            (folder / "dev").write_text("{}:{}\n".format(*entry.number))
        lines = [f"{key}={value}\n" for key, value in entry.properties.items()]
        (folder / "uevent").write_text("".join(lines))
        home = self._home(entry)
        link(folder / "subsystem", home)
        members = home if entry.is_class else home / "devices"
        link(members / folder.name, folder)
        if entry.driver:
            self.bind(entry, entry.driver)
        if entry.number and entry.node:
            number = "{}:{}".format(*entry.number)
            link(self.root / "sys/dev/char" / number, folder)
            node = self.root / "dev" / entry.node
            node.parent.mkdir(parents=True, exist_ok=True)
            # Made without being opened: a daemon that looks in that moment would find the test to hold it.
            os.mknod(node, stat.S_IFREG | 0o644)
            # umockdev's note of the device number.
            told = self.root / "dev/.node" / entry.node.replace("/", "_")
            told.parent.mkdir(exist_ok=True)
            told.symlink_to(number)

    def bind(self, entry: Entry, driver: str) -> None:
        """Link an entry to its driver."""
        drivers = self._home(entry) / "drivers" / driver
        drivers.mkdir(parents=True, exist_ok=True)
        link(self.root / f"sys{entry.devpath}/driver", drivers)

    def clear(self, entry: Entry) -> None:
        """Take an entry's links, node and folder away, in the kernel's order."""
        folder = self.root / f"sys{entry.devpath}"
        if entry.number and entry.node:
            (self.root / "dev" / entry.node).unlink()
            (self.root / "dev/.node" / entry.node.replace("/", "_")).unlink()
            (self.root / "sys/dev/char" / "{}:{}".format(*entry.number)).unlink()
        home = self._home(entry)
        ((home if entry.is_class else home / "devices") / folder.name).unlink()
        shutil.rmtree(folder)

    def _home(self, entry: Entry) -> Path:
        return self.root / "sys" / ("class" if entry.is_class else "bus") / entry.subsystem

    # --- what the kernel makes of a device

    def _entries(self, model: Model, port: str, address: int) -> list[Entry]:
        bus = int(port.removeprefix("usb").partition("-")[0])
        path = f"{CONTROLLER}/usb{bus}" + "".join(f"/{above}" for above in ports_above(port))
        path = path if port.startswith("usb") else f"{path}/{port}"
        number = (189, (bus - 1) * 128 + address - 1)
        identity = f"{model.vendor:x}/{model.product:x}/{model.release:x}"
        texts = {"manufacturer": model.manufacturer, "product": model.name, "serial": model.serial}
        device = Entry(
            path,
            "usb",
            attributes={
                "authorized": "1",
                "bConfigurationValue": "1",
                "bDeviceClass": f"{model.device_class:02x}",
                "bDeviceProtocol": "00",
                "bDeviceSubClass": "00",
                "bMaxPacketSize0": "64",
                "bMaxPower": "100mA",
                "bNumConfigurations": "1",
                "bNumInterfaces": " 1",
                "bcdDevice": f"{model.release:04x}",
                "bmAttributes": "80",
                "busnum": str(bus),
                "descriptors": descriptors(model),
                "devnum": str(address),
                "devpath": port.partition("-")[2] or "0",
                "idProduct": f"{model.product:04x}",
                "idVendor": f"{model.vendor:04x}",
                "maxchild": "4" if model.device_class == 9 else "0",
                "speed": "12",
                "urbnum": "11",
                "version": " 2.00",
                **{name: text for name, text in texts.items() if text is not None},
            },
            properties={
                "MAJOR": str(number[0]),
                "MINOR": str(number[1]),
                "DEVNAME": f"bus/usb/{bus:03}/{address:03}",
                "DEVTYPE": "usb_device",
                "DRIVER": "usb",
                "PRODUCT": identity,
                "TYPE": f"{model.device_class:d}/0/0",
                "BUSNUM": f"{bus:03}",
                "DEVNUM": f"{address:03}",
            },
            driver="usb",
            number=number,
            node=f"bus/usb/{bus:03}/{address:03}",
        )
        name = f"{bus}-0:1.0" if port.startswith("usb") else f"{port}:1.0"
        driver = {
            "hid": "usbhid",
            "serial": "usb_serial_simple",
            "other": "hub" if model.device_class == 9 else None,
        }
        interface = Entry(
            f"{path}/{name}",
            "usb",
            attributes={
                "authorized": "1",
                "bAlternateSetting": " 0",
                "bInterfaceClass": f"{model.interface_class:02x}",
                "bInterfaceNumber": "00",
                "bInterfaceProtocol": "00",
                "bInterfaceSubClass": "00",
                "bNumEndpoints": "02",
                "supports_autosuspend": "1",
            },
            properties={
                "DEVTYPE": "usb_interface",
                "PRODUCT": identity,
                "TYPE": f"{model.device_class:d}/0/0",
                "INTERFACE": f"{model.interface_class:d}/0/0",
            },
            driver=driver[model.kind],
        )
        return [device, interface, *self._below(model, interface.devpath)]

    def _below(self, model: Model, interface: str) -> Sequence[Entry]:
        if model.kind == "hid":
            number = self._next("hidraw")
            hid = f"0003:{model.vendor:04X}:{model.product:04X}.{number + 1:04X}"
            properties = {
                "HID_ID": f"0003:{model.vendor:08X}:{model.product:08X}",
                "HID_UNIQ": model.serial or "",
            }
            return (
                Entry(f"{interface}/{hid}", "hid", properties=properties, driver="hid-generic"),
                node(f"{interface}/{hid}/hidraw/hidraw{number}", "hidraw", (245, number)),
            )
        if model.kind == "serial":
            number = self._next("ttyUSB")
            return (
                Entry(f"{interface}/ttyUSB{number}", "usb-serial", driver="carelink"),
                node(f"{interface}/ttyUSB{number}/tty/ttyUSB{number}", "tty", (188, number)),
            )
        return ()

    def _next(self, kind: str) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind] - 1


def node(devpath: str, subsystem: str, number: tuple[int, int]) -> Entry:
    """Return the entry of a class that has a node of its own name."""
    name = devpath.rpartition("/")[2]
    properties = {"MAJOR": str(number[0]), "MINOR": str(number[1]), "DEVNAME": name}
    return Entry(devpath, subsystem, is_class=True, properties=properties, number=number, node=name)


def ports_above(port: str) -> list[str]:
    """Return the hubs between the root hub and a port: 1-1.2.3 is below 1-1 and 1-1.2."""
    steps = port.split(".")
    return [".".join(steps[:count]) for count in range(1, len(steps))]


def descriptors(model: Model) -> bytes:
    """Return what the device answered when it was asked what it is."""
    strings = [
        index if text is not None else 0
        for index, text in enumerate((model.manufacturer, model.name, model.serial), 1)
    ]
    ids = (model.vendor, model.product, model.release)
    device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, model.device_class, 0, 0, 64, *ids, *strings, 1)
    interface = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 0, model.interface_class, 0, 0, 0)
    configuration = struct.pack("<BBHBBBBB", 9, 2, 9 + len(interface), 1, 1, 0, 0x80, 50)
    return device + configuration + interface


def link(path: Path, target: Path) -> None:
    """Make `path` a relative link to `target`, in the place of what it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def apart(arguments: Sequence[str]) -> list[str]:
    """Return the command that runs `arguments` with descriptors 3 to 40 taken: see the traps."""
    script = 'for number in {3..40}; do eval "exec $number<&0"; done; exec "$@"'
    return ["bash", "-c", script, "apart", *arguments]
