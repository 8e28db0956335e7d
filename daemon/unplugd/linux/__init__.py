"""Linux: what is plugged in, who uses it, and what to listen to for changes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd import processes
from unplugd.linux import holders
from unplugd.linux.desktop import Desktop, has_display
from unplugd.linux.sleep import Sleep
from unplugd.linux.sysfs import SYSFS, Tree
from unplugd.linux.uevents import Uevents
from unplugd.notify.registry import make_channel
from unplugd.rules import devices
from unplugd.rules.model import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, Events
    from unplugd.rules.devices import Device
    from unplugd.rules.uploaders import Uploader

CLOCK_BOOTTIME: Final[int] = getattr(time, "CLOCK_BOOTTIME", 7)
SETTLING: Final = 60.0
"""Seconds after plug-in in which transfers say nothing: the kernel and ModemManager introduce themselves."""
AWAKE: Final = 0.5
"""Seconds by which the clocks must part to have been asleep."""
UNKNOWN: Final = -1
"""In place of an address: nothing was seen of the device before."""
HARMLESS_NODE: Final = "/dev/zero"
THOROUGH: Final = 4
"""Every how many looks all descriptors of all processes are looked at: once a minute. So they are when data moved."""


def now() -> float:
    """Return seconds on the clock that counts sleep and that nobody sets."""
    return time.clock_gettime(CLOCK_BOOTTIME)


def slept() -> float:
    """Return how many seconds this boot has slept in all."""
    return now() - time.clock_gettime(time.CLOCK_MONOTONIC)


def boot() -> str:
    """Return what tells this boot of the machine from others."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class Usage:
    """Who uses the watched devices. It remembers the last look, to see transfers between two."""

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self.tree = Tree(sysfs)
        self._transfers: dict[str, tuple[int, int | None]] = {}
        self._settled_at: dict[str, float] = {}
        self._held: set[str] = set()
        self._nodes: list[str] = []
        self._passed: dict[str, tuple[int, int]] = {}
        self._looks = 0
        self._slept = slept()

    def look(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: tuple[str, float] | None,
        at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return what each of the devices is used for; `running` is the upload software that runs."""
        if not watched:
            self._forget(set())
            return ()
        self._forget_transfers_of_sleep()
        nodes = {device.port: self.tree.nodes(device) for device in watched}
        moved = {device.port for device in watched if self._moved(device, at)}
        every = [node for some in nodes.values() for node in some]
        opened = holders.holding(every, passed=self._to_pass(every, thorough=bool(moved)))
        sightings = tuple(
            self._sighting(device, nodes[device.port], opened, running, software, device.port in moved)
            for device in watched
        )
        self._forget({device.port for device in watched})
        return sightings

    def _sighting(
        self,
        device: Device,
        nodes: list[str],
        opened: holders.Open,
        running: tuple[str, float] | None,
        software: Sequence[Uploader],
        moved: bool,
    ) -> DeviceUse:
        held_before = device.port in self._held
        holding = [
            (holder, node)
            for node in nodes
            for pid in opened.pids.get(node, ())
            if (holder := processes.known(pid, software))
        ]
        (self._held.add if holding else self._held.discard)(device.port)

        for holder, node in sorted(
            holding, key=lambda held: held[0].uploader is None or held[0].uploader.doubtful
        ):
            if holder.uploader:
                return DeviceUse(
                    device,
                    "in use",
                    holder.uploader.name or holder.name,
                    f"holds {node}",
                    doubtful=holder.uploader.doubtful,
                )
        if holding:
            names = dict.fromkeys(holder.name for holder, _ in holding if not holder.service)
            return DeviceUse(device, strangers=tuple(names))
        if moved and not held_before:
            # Upload software opens and closes the device in turns, and another user's is not ours to look into. Even
            # so it may be anybody: a forgotten window must not vouch for traffic for ever.
            return DeviceUse(device, "in use", running[0] if running else "", "transfers", doubtful=True)
        if self.tree.claimed(device.port):
            return DeviceUse(device, "in use", "", "claimed through usbfs", doubtful=True)
        if opened.blind and self._transfers[device.port][1] is None:
            return DeviceUse(device, "unknown", evidence="processes cannot be looked into")
        return DeviceUse(device)

    def _forget_transfers_of_sleep(self) -> None:
        """Count anew after sleep: the kernel resets the devices before any program runs, which is nobody's use."""
        total = slept()
        if total - self._slept >= AWAKE:
            self._transfers.clear()
        self._slept = total

    def _to_pass(self, nodes: list[str], *, thorough: bool) -> dict[str, tuple[int, int]]:
        """Return the processes that need no second look, none now and then: one descriptor may replace another."""
        self._looks += 1
        if thorough or nodes != self._nodes or self._looks % THOROUGH == 0:
            self._passed.clear()
        self._nodes = nodes
        return self._passed

    def _moved(self, device: Device, at: float) -> bool:
        """Whether data went to or from the device since the last look."""
        address, before = self._transfers.get(device.port, (UNKNOWN, None))
        count = self.tree.transfers(device.port)
        if address not in (device.address, UNKNOWN):
            self._settled_at[device.port] = at + SETTLING
        self._settled_at.setdefault(device.port, at + SETTLING)
        self._transfers[device.port] = (device.address, count)
        return before is not None and count not in (None, before) and at >= self._settled_at[device.port]

    def _forget(self, ports: set[str]) -> None:
        for port in self._settled_at.keys() - ports:
            self._transfers.pop(port, None)
            del self._settled_at[port]
            self._held.discard(port)


class Linux:
    """The platform as the loop wants it."""

    def __init__(self, remembered: Path | None = None, sysfs: Path = SYSFS) -> None:
        self._usage = Usage(sysfs)
        self._remembered = remembered
        self._desktop: Desktop | None = None

    def now(self) -> float:
        """Return the time."""
        return now()

    def slept(self) -> float:
        """Return how many seconds this boot has slept in all."""
        return slept()

    def boot(self) -> str:
        """Return the boot's id."""
        return boot()

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in, each with the name of its entry in the watch list."""
        return devices.select_watched(self.everything(), watches)

    def running(self, software: Sequence[Uploader]) -> tuple[str, float] | None:
        """Return the upload software started last, and when."""
        return holders.running(software)

    def look(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: tuple[str, float] | None,
        at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return who uses the devices."""
        return self._usage.look(watched, software, running, at)

    def sources(self, changed: Callable[[], None]) -> list[Source]:
        """Return the kernel's announcements and the end of sleep."""
        return [Uevents(changed), Sleep(now, changed)]

    def blindness(self) -> tuple[str, str] | None:
        """Hold a device node open in a real child process and see whether it is found."""
        import subprocess

        program = "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", program, HARMLESS_NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            if child.stdout:
                child.stdout.readline()
            found = child.pid in holders.holding([HARMLESS_NODE]).pids.get(HARMLESS_NODE, ())
            child.kill()
        if found:
            return None
        return (
            "programs' open files cannot be seen",
            "run unplugd as the same user, and without PrivateUsers=, ProtectSystem= and the like in its service",
        )

    def products(self) -> Callable[[str], str]:
        """Return what gives a device's own words by its port."""
        return self._usage.tree.product

    def everything(self) -> list[Device]:
        """Return every USB device that is plugged in, hubs too."""
        return self._usage.tree.devices()

    def layers(self) -> Mapping[str, str]:
        """Return by what each thing is seen."""
        return {
            "USB devices": "sysfs",
            "plug-in events": "kernel uevents",
            "use detection": "/proc, transfers, claims",
        }

    def advice(self) -> Mapping[str, str]:
        """Return what helps where something does not work."""
        return {
            "USB devices": "unplugd has to run outside a container that hides /sys",
            "plug-in events": "allow AF_NETLINK sockets (RestrictAddressFamilies= of the service)",
            "notification by desktop": "start a notification server (your desktop's, or dunst or mako), in this session",
            "notification by plyer": "install notify-send (Debian: libnotify-bin)",
        }

    def channel(self, name: str, events: Events) -> tuple[Channel, Source | None] | None:
        """Return the notification channel of this name."""
        if name == "desktop":
            self._desktop = Desktop(now, events, self._remembered)
            self._desktop.connect()
            return self._desktop, self._desktop
        return make_channel(name, now, self._no_session)

    def _no_session(self) -> str | None:
        """Say why plyer must not be used: it would have the bus start the desktop's server too early."""
        there = self._desktop.session_is_up if self._desktop else has_display()
        return None if there else "no desktop session is up"
