"""The portable platform: the real libusb in a test bed, the real daemon on it, and what it can know without more."""

from __future__ import annotations

import ctypes.util
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import usb.backend.libusb1

from tests import TESTS
from tests.rig.child import Process
from tests.rig.daemon import Daemon
from tests.rig.turning import Clock, turn_once
from tests.rig.usb import HUB, METER, MOUSE, STICK, Testbed
from tests.rig.wait import GIVE_UP, wait_until
from unplugd.notify.plyer import Plyer
from unplugd.notify.terminal import Terminal
from unplugd.platforms.linux.clock import sleep_seconds
from unplugd.platforms.portable import CLOCK, Portable, find_packaged_libusb
from unplugd.rules.devices import BUILT_IN, Device
from unplugd.rules.model import DeviceUse, Running
from unplugd.rules.uploaders import Uploader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.rig.programs import Programs

PROGRAM = TESTS / "rig" / "portable.py"
ROOT = ["usb1", 0x1D6B, 2, 1, 1, 9, ""]
INNER = ["1-1", 0x05E3, 0x0608, 1, 2, 9, ""]


def command(libusb: str, what: str) -> list[str | Path]:
    return [sys.executable, "-P", PROGRAM, libusb, what]


@pytest.fixture
def libusb() -> str:
    """Return the system's libusb: the packaged one hears no announcements of the test bed."""
    if not ctypes.util.find_library("usb-1.0"):
        pytest.skip("needs the Debian package libusb-1.0-0")
    return "system"


class Lister(Process):
    """A program that lists the devices of a test bed."""

    def __init__(self, testbed: Testbed, libusb: str) -> None:
        super().__init__(command(libusb, "list"), {**os.environ, **testbed.environment})

    def devices(self) -> list[list[Any]]:
        return sorted(json.loads(self.ask("1"))[0])

    def cost(self, lists: int) -> tuple[int, int]:
        """Return how many descriptors and kB it has after `lists` more lists."""
        self.tell(str(lists))
        _, descriptors, memory = json.loads(self.hear(60))
        return descriptors, memory

    def until(self, *devices: list[Any]) -> None:
        """Wait until it lists the hubs and these devices."""
        there = sorted([ROOT, INNER, *devices])
        wait_until(lambda: self.devices() == there, f"libusb to list {there}")


@pytest.fixture
def lister(usb: Testbed, libusb: str) -> Iterator[Lister]:
    lister = Lister(usb, libusb)
    yield lister
    lister.close()


class PortableDaemon(Daemon):
    """The daemon on the portable platform."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder, environment)
        self.libusb = "system"
        self.terminal: int | None = None

    def launch(self) -> None:
        self._manager_lines.clear()
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                command(self.libusb, "run"),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr if self.terminal is None else self.terminal,
                start_new_session=True,
            )


class NotifySend:
    """A notify-send that writes down what it is to show."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._shown = folder / "shown"
        program = folder / "notify-send"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n%s\\n\\n" "$1" "$2" >> {self._shown}\n')
        program.chmod(0o755)

    def shown(self) -> list[str]:
        """Return what it showed."""
        return self._shown.read_text().split("\n\n")[:-1] if self._shown.exists() else []


@pytest.fixture
def notify_send(tmp_path: Path) -> NotifySend:
    return NotifySend(tmp_path / "bin")


@pytest.fixture
def portable(usb: Testbed, libusb: str, notify_send: NotifySend, tmp_path: Path) -> Iterator[PortableDaemon]:
    """Yield unplugd on a system that is neither Linux nor macOS; not yet running."""
    daemon = PortableDaemon(tmp_path, usb.environment)
    daemon.libusb = libusb
    daemon.environment["PATH"] = f"{notify_send.folder}:{daemon.environment['PATH']}"
    yield daemon
    daemon.close()
    print(daemon.stderr)
    assert "Traceback" not in daemon.stderr


def configure(daemon: Daemon, *channels: str, running_counts_for: str = "0s", **more: object) -> None:
    """Make it quick; programs of other tests that run on this machine hold nothing back."""
    text = f"[notify]\nchannels = {json.dumps(channels)}\n"
    daemon.config(text, after_plug_in="100ms", running_counts_for=running_counts_for, **more)


# --- the list of devices


def test_what_is_plugged_in_is_listed(usb: Testbed, lister: Lister) -> None:
    """With its port as Linux writes it, hubs too; gone once unplugged; another stick in another port is another."""
    lister.until()
    stick = usb.plug(STICK)
    meter = usb.plug(METER, "1-1.3")
    lister.until(["1-1.2", 0x0A21, 0x8001, 1, 3, 0, ""], ["1-1.3", 0x1A79, 0x6210, 1, 4, 0, ""])
    meter.unplug()
    lister.until(["1-1.2", 0x0A21, 0x8001, 1, 3, 0, ""])
    stick.unplug()
    usb.replug(stick)
    lister.until(["1-1.2", 0x0A21, 0x8001, 1, 5, 0, ""])


def test_a_device_behind_more_hubs_has_its_whole_path(usb: Testbed, lister: Lister) -> None:
    usb.plug(HUB, "1-1.4")
    usb.plug(STICK, "1-1.4.1")
    lister.until(["1-1.4", 0x05E3, 0x0608, 1, 3, 9, ""], ["1-1.4.1", 0x0A21, 0x8001, 1, 4, 0, ""])


def test_the_packaged_libusb_does_it_too(usb: Testbed) -> None:
    """Where the system has none, the one of libusb-package lists the same."""
    usb.plug(STICK)
    lister = Lister(usb, "packaged")
    try:
        lister.until(["1-1.2", 0x0A21, 0x8001, 1, 3, 0, ""])
        mapped = Path(f"/proc/{lister.pid}/maps").read_text()
    finally:
        lister.close()
    assert "libusb_package/libusb-1.0.so" in mapped


def test_months_of_listing_cost_nothing(usb: Testbed, lister: Lister) -> None:
    """Thousands of lists on, with plugging in between: not a descriptor more, and no memory to speak of."""
    stick = usb.plug(STICK)
    lister.until(["1-1.2", 0x0A21, 0x8001, 1, 3, 0, ""])
    descriptors, memory = lister.cost(500)
    for _ in range(3):
        stick.unplug()
        stick = usb.replug(stick)
        lister.until(["1-1.2", 0x0A21, 0x8001, 1, stick.address, 0, ""])
        after = lister.cost(3000)
    assert after[0] == descriptors
    # Lists that were not given back would be 300 kB by now.
    assert after[1] - memory < 100


def test_no_device_stays_open(usb: Testbed, lister: Lister) -> None:
    """Neither is its node held, nor are its words asked for, the serial number least of all."""
    usb.plug(METER)
    lister.until(["1-1.2", 0x1A79, 0x6210, 1, 3, 0, ""])
    held = {os.readlink(f"/proc/{lister.pid}/fd/{name}") for name in os.listdir(f"/proc/{lister.pid}/fd")}  # noqa: PTH115, PTH208
    assert not any("bus/usb" in path for path in held)
    assert Portable().product_names()("1-1.2") == ""


@pytest.mark.parametrize(
    ("bus", "address", "numbers", "port"),
    [
        (1, 7, (1, 2), "1-1.2"),
        (0, 2, (4,), "0-4"),
        (12, 9, (3, 1, 4, 1, 5), "12-3.1.4.1.5"),
        (2, 1, None, "usb2"),
        (2, 7, None, "2:7"),
        (2, 8, (), "2:8"),
    ],
)
def test_ports(bus: int, address: int, numbers: tuple[int, ...] | None, port: str) -> None:
    """Where libusb knows no ports (NetBSD) two devices still have two names."""
    backend = Backend(descriptor(bus, address, numbers))
    assert with_backend(backend).list_all_devices() == [Device(port, 0x0A21, 0x8001, bus, address, 255)]


def test_no_two_devices_share_a_port() -> None:
    """OpenBSD tells the port of the last hub only: where that is not enough, the address has to do."""
    computer = with_backend(
        Backend(
            descriptor(1, 4, (2,)), descriptor(1, 5, (2,)), descriptor(1, 6, (3,)), descriptor(2, 4, (2,))
        )
    )
    assert [device.port for device in computer.list_all_devices()] == ["1:4", "1:5", "1-3", "2-2"]


def test_not_even_a_hub_is_an_error() -> None:
    """So it looks to a user without the rights; it must not look as if nothing were plugged in."""
    for ask in (
        with_backend(Backend()).list_all_devices,
        lambda: with_backend(Backend()).sources(lambda: None),
    ):
        with pytest.raises(PermissionError, match="not even a hub"):
            ask()


def test_only_watched_devices_are_scanned() -> None:
    """With the name of the watch list."""
    mouse = descriptor(1, 3, (1,), MOUSE.vendor, MOUSE.product)
    older = descriptor(1, 4, (2,), 0x1A79, 0x6200)
    computer = with_backend(Backend(descriptor(1, 2, (3,)), mouse, older))
    assert computer.scan(BUILT_IN) == [Device("1-3", 0x0A21, 0x8001, 1, 2, 255, "CareLink USB")]


# --- no libusb


def test_without_libusb_nothing_can_be_listed() -> None:
    """It is an error with words, at once and whatever is asked; never an empty list."""
    computer = Portable(finders=(lambda _name: None,))
    for ask in (
        computer.list_all_devices,
        lambda: computer.scan(BUILT_IN),
        lambda: computer.sources(lambda: None),
    ):
        with pytest.raises(OSError, match="no libusb") as raised:
            ask()
        assert raised.value.strerror
        assert "pip install libusb-package" in raised.value.strerror


def test_without_the_package_its_libusb_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libusb_package", None)
    assert find_packaged_libusb("usb-1.0") is None


def test_a_second_libusb_is_tried_where_the_first_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The finders are asked in turn, until one has it; after that never again."""
    asked: list[str] = []

    def get_backend(find_library: Callable[[str], str | None]) -> Backend | None:
        path = find_library("usb-1.0")
        asked.append(path or "")
        return Backend(descriptor(1, 1, None)) if path else None

    monkeypatch.setattr(usb.backend.libusb1, "get_backend", get_backend)
    computer = Portable(finders=(lambda _name: None, lambda _name: "/its/path", lambda _name: "/never"))
    assert computer.list_all_devices() == computer.list_all_devices() != []
    assert asked == ["", "/its/path"]


def test_without_libusb_the_daemon_does_not_start(portable: PortableDaemon) -> None:
    """One clear line, instead of a watch that sees nothing."""
    portable.libusb = "none"
    configure(portable, "terminal")
    portable.launch()
    wait_until(lambda: not portable.running(), "it to end")
    assert portable.stderr.splitlines() == [
        "unplugd: no libusb (install your system's, or: pip install libusb-package)"
    ]


@pytest.mark.parametrize("there", [True, False])
def test_the_doctor_says_by_what_it_sees(usb: Testbed, libusb: str, tmp_path: Path, there: bool) -> None:
    """And whether libusb is there; that use cannot be seen is no failure, since nothing helps."""
    folders = {
        "HOME": tmp_path,
        "XDG_CONFIG_HOME": tmp_path,
        "XDG_STATE_HOME": tmp_path,
        "XDG_RUNTIME_DIR": tmp_path,
    }
    environment = {**os.environ, **usb.environment, **{name: str(path) for name, path in folders.items()}}
    usb.plug(STICK)
    done = subprocess.run(
        command(libusb if there else "none", "doctor"),
        env=environment,
        capture_output=True,
        timeout=GIVE_UP,
        check=True,
    )
    findings = json.loads(done.stdout)
    ok, what, by = findings["USB devices"]
    assert (ok, by) == (there, "libusb")
    assert ("CareLink USB (port 1-1.2)" if there else "no libusb") in what
    assert findings["plug-in events"][::2] == [there, "polled every 0.05 s"]
    assert findings["use detection"] == [True, "works", "running upload software only"]
    assert "notification by desktop" not in findings


# --- the source


class Bench(Portable):
    """A list that the test makes, with a clock that it moves."""

    def __init__(self) -> None:
        super().__init__(every=2.0)
        self.clock = Clock()
        self.devices: list[Device] | None = []
        self.lists = 0
        self.changes = 0
        [self.poll] = self.sources(self.changed)
        self.lists = 0

    def now(self) -> float:
        return self.clock()

    def list_all_devices(self) -> list[Device]:
        self.lists += 1
        if self.devices is None:
            raise OSError(5, "Input/Output Error")
        return list(self.devices)

    def changed(self) -> None:
        self.changes += 1

    def passes(self, seconds: float) -> None:
        self.clock.now += seconds
        turn_once(self.clock, self.poll)


def test_it_lists_when_its_time_has_come() -> None:
    """Every two seconds, and after sleep once, not for each time that was missed."""
    bench = Bench()
    assert (bench.lists, bench.poll.deadline()) == (0, 1002.0)
    bench.passes(1.9)
    assert bench.lists == 0
    bench.passes(0.1)
    assert (bench.lists, bench.poll.deadline()) == (1, 1004.0)
    bench.passes(3600)
    bench.passes(1.9)
    assert bench.lists == 2


def test_only_a_difference_is_a_change() -> None:
    """Plugged in, unplugged, replugged between two lists, another device in the port; not another order."""
    bench = Bench()
    one, two = Device("1-1", 1, 2, 1, 5), Device("1-2", 1, 2, 1, 6)
    again, other = Device("1-1", 1, 2, 1, 7), Device("1-1", 1, 3, 1, 7)
    looks: list[tuple[list[Device], int]] = [
        ([], 0),
        ([one, two], 1),
        ([two, one], 1),
        ([two, again], 2),
        ([two, other], 3),
        ([], 4),
    ]
    for devices, changes in looks:
        bench.devices = devices
        bench.passes(2)
        assert bench.changes == changes


def test_a_list_that_fails_is_told_once() -> None:
    """When it begins and when it ends: the daemon looks itself then, and says what is wrong."""
    bench = Bench()
    looks: list[tuple[list[Device] | None, int]] = [(None, 1), (None, 1), ([], 2), ([], 2)]
    for devices, changes in looks:
        bench.devices = devices
        bench.passes(2)
        assert bench.changes == changes


# --- the upload software that runs


@pytest.fixture
def mine() -> Uploader:
    """Return upload software that only this test knows."""
    return Uploader("Mine", (f"u-{uuid.uuid4().hex[:8]}",))


def test_upload_software_is_seen_running(programs: Programs, mine: Uploader) -> None:
    """The one started first, and when, on the platform's clock; none before it starts and after it has ended."""
    computer = Portable()
    other = Uploader("Other", (f"o-{uuid.uuid4().hex[:8]}",))
    assert computer.find_running((mine, other)) is None
    began = computer.now()
    program = programs.start(mine.process[0])
    running = computer.find_running((mine, other))
    assert running
    # psutil knows the second of the boot.
    assert began - 1.5 <= running[1] <= computer.now()
    # The very same each time: else setting the wall clock would make an old program young.
    again = computer.find_running((mine,))
    assert again
    assert again[0] == "Mine"
    programs.start(other.process[0])
    assert computer.find_running((mine,)) == again
    program.end()
    assert computer.find_running((mine,)) is None


def test_a_script_is_known_by_its_arguments(programs: Programs) -> None:
    """As CareLink Uploader is; what else they say is not repeated."""
    jar = f"{uuid.uuid4().hex}.jar"
    programs.start("java", "-jar", f"/opt/CareLink/{jar}", "a-session-token")
    running = Portable().find_running((Uploader("Jar", (f"java:{jar}",)),))
    assert running
    assert running[0] == "Jar"


def test_a_child_of_the_same_program_is_no_start(programs: Programs, mine: Uploader) -> None:
    computer = Portable()
    program = programs.start(mine.process[0])
    before = computer.find_running((mine,))
    program.start(mine.process[0])
    after = computer.find_running((mine,))
    assert before
    assert after
    # Both may have started in the same tick of the kernel's clock.
    assert after.started == pytest.approx(before.started, abs=0.1)
    assert after.program == before.program


def test_software_that_says_nothing_by_running_is_passed_over(programs: Programs, mine: Uploader) -> None:
    """A browser runs all day."""
    programs.start(mine.process[0])
    assert Portable().find_running((Uploader(mine.name, mine.process, alone=False),)) is None


# --- the rest


def test_the_clock_counts_sleep_where_the_system_does() -> None:
    """Without such a clock nothing is known of sleep."""
    computer = Portable()
    assert time.clock_gettime(CLOCK) <= computer.now() <= time.clock_gettime(CLOCK)
    assert computer.sleep_seconds() == pytest.approx(sleep_seconds(), abs=1)
    assert Portable(clock=time.CLOCK_MONOTONIC).sleep_seconds() == 0.0


def test_the_boot_is_known_by_what_was_written_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the wall clock, unless there is nothing else."""
    messages = tmp_path / "dmesg.boot"
    computer = Portable(boot_messages=str(messages))
    assert computer.boot_id() == str(int(psutil.boot_time()))
    messages.write_text("Copyright (c) 1992-2025 The FreeBSD Project.\n")
    first = computer.boot_id()
    monkeypatch.setattr(psutil, "boot_time", lambda: 0.0)
    assert computer.boot_id() == first
    os.utime(messages, (1.0, 1.0))
    assert computer.boot_id() == "1000000000"


def test_the_channels() -> None:
    """No desktop of its own; plyer; the terminal."""
    computer = Portable()
    events: Any = None
    assert computer.channel("desktop", events) is None
    assert isinstance(computer.channel("plyer", events), Plyer)
    assert isinstance(computer.channel("terminal", events), Terminal)


def test_a_device_is_idle_as_far_as_can_be_seen() -> None:
    """Whoever runs: what that is worth is for the rules to say."""
    stick = Device("1-1", 0x0A21, 0x8001)
    assert Portable().find_usage((stick,), (), Running("Mine", 5.0), 10.0) == (DeviceUse(stick),)


# --- the daemon


def test_the_daemon_reminds(usb: Testbed, portable: PortableDaemon, notify_send: NotifySend) -> None:
    """From the plug-in to the unplug, by plyer; what it cannot do itself, the desktop's channel, is passed over."""
    configure(portable, "desktop", "plyer")
    portable.start()
    usb.plug(MOUSE, "1-1.1")
    stick = usb.plug(STICK)
    plugged_in = portable.wait_for("plugged_in")
    assert (plugged_in["device"], plugged_in["id"], plugged_in["name"]) == (
        "1-1.2",
        "0a21:8001",
        "CareLink USB",
    )
    reminded = portable.wait_for("reminded")
    assert (reminded["channel"], reminded["devices"]) == ("plyer", ["1-1.2"])
    (shown,) = notify_send.shown()
    assert shown.startswith("Unplug the CareLink USB\nUnused since ")
    stick.unplug()
    portable.wait_for("unplugged")
    assert portable.wait_for("reminder_ended")["outcome"] == "unplugged"
    assert [event["device"] for event in portable.events("plugged_in")] == ["1-1.2"]
    assert portable.stop() == 0
    assert not portable.stderr


def test_what_is_there_at_the_start_is_seen(usb: Testbed, portable: PortableDaemon) -> None:
    configure(portable, "plyer")
    usb.plug(METER)
    portable.start()
    assert portable.events("plugged_in", device="1-1.2", id="1a79:6210")


def test_the_terminal_reminds(usb: Testbed, portable: PortableDaemon) -> None:
    configure(portable, "desktop", "terminal")
    master, slave = os.openpty()
    os.set_blocking(master, False)
    try:
        portable.terminal = slave
        portable.start()
        usb.plug(STICK)
        assert portable.wait_for("reminded")["channel"] == "terminal"
        assert os.read(master, 65536).startswith(b"\aUnplug the CareLink USB\r\nUnused since ")
    finally:
        os.close(master)
        os.close(slave)


def test_a_restart_goes_on_with_the_same_period(usb: Testbed, portable: PortableDaemon) -> None:
    """The boot is the same, and so is the device."""
    configure(portable, "plyer", repeat=["1h"])
    portable.start()
    usb.plug(STICK)
    portable.wait_for("reminded")
    portable.stop()
    portable.start()
    portable.wait_for("checkpoint")
    assert len(portable.events("plugged_in")) == 1
    assert not portable.events("unplugged")


def test_running_upload_software_holds_back(
    usb: Testbed, portable: PortableDaemon, programs: Programs, mine: Uploader
) -> None:
    """For `running_counts_for` after the plug-in, not for ever; who uses the device is never claimed."""
    text = f'[[uploader]]\nname = "Mine"\nprocess = ["{mine.process[0]}"]\n[notify]\nchannels = ["plyer"]\n'
    portable.config(text, after_plug_in="0s", running_counts_for="800ms")
    portable.start()
    programs.start(mine.process[0])
    usb.plug(STICK)
    plugged_in, reminded = portable.wait_for("plugged_in"), portable.wait_for("reminded")
    assert reminded["uptime"] - plugged_in["uptime"] >= 0.8
    assert not portable.events("use_began")


def test_a_daemon_that_polls_opens_nothing_more(usb: Testbed, portable: PortableDaemon) -> None:
    """Its descriptors are the same after many plug-ins."""
    configure(portable, "plyer")
    portable.start()
    before = 0
    for count in range(1, 6):
        stick = usb.plug(STICK)
        portable.wait_for("plugged_in", count)
        stick.unplug()
        portable.wait_for("unplugged", count)
        if count == 2:
            before = portable.descriptors()
    # A look that takes its time has more open meanwhile.
    wait_until(lambda: portable.descriptors() <= before, f"it to have {before} descriptors open again")


# --- libusb as pyusb shows it, where the real one cannot be had


def descriptor(
    bus: int, address: int, numbers: tuple[int, ...] | None, vendor: int = 0x0A21, product: int = 0x8001
) -> SimpleNamespace:
    fields = "bLength bDescriptorType bcdUSB bDeviceSubClass bDeviceProtocol bMaxPacketSize0 bcdDevice iManufacturer iProduct iSerialNumber bNumConfigurations speed port_number"
    return SimpleNamespace(
        **dict.fromkeys(fields.split(), 0),
        bDeviceClass=255,
        idVendor=vendor,
        idProduct=product,
        bus=bus,
        address=address,
        port_numbers=numbers,
    )


class Backend(usb.backend.IBackend):  # type: ignore[misc]
    """A back end with these devices; it refuses everything but to list them."""

    def __init__(self, *descriptors: SimpleNamespace) -> None:
        self._descriptors = descriptors

    def enumerate_devices(self) -> Iterator[SimpleNamespace]:
        return iter(self._descriptors)

    def get_device_descriptor(self, dev: SimpleNamespace) -> SimpleNamespace:
        return dev


def with_backend(backend: Backend) -> Portable:
    computer = Portable(finders=())
    computer._libusb = backend
    return computer
