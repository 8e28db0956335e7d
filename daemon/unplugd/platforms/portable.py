"""Systems that are neither Linux nor macOS: USB through libusb, asked every two seconds, and the upload software that runs.

libusb cannot say who holds a device, so its use is never seen; software that runs holds reminders back for a while.
To list the devices libusb may open them for a moment (FreeBSD's does), shared with whoever else has them open.
"""

from __future__ import annotations

import ctypes.util
import errno
import os
import time
from typing import TYPE_CHECKING, Final

import usb.backend.libusb1
import usb.core

from unplugd.eventloop.timer import Timer
from unplugd.notify.registry import make_channel
from unplugd.platforms import processes
from unplugd.rules import devices
from unplugd.rules.devices import Device
from unplugd.rules.model import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, Events
    from unplugd.rules.uploaders import Uploader

POLL_SECONDS: Final = 2.0
"""Seconds between two looks at what is plugged in: libusb announces nothing on these systems."""
CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
BOOT_MESSAGES: Final = "/var/run/dmesg.boot"
"""Written anew at each boot by FreeBSD, OpenBSD, NetBSD and DragonFly."""
ROOT_HUB: Final = 1
"""The address that every root hub has."""


def find_packaged_libusb(candidate: str) -> str | None:
    """Return the path of the libusb that comes with the package libusb-package, None where that is not installed."""
    try:
        from libusb_package import find_library
    except ImportError:
        return None
    return find_library(candidate)


class Portable:
    """The platform as the loop and the commands want it; `finders` find libusb, the system's own before others."""

    def __init__(
        self,
        every: float = POLL_SECONDS,
        finders: Sequence[Callable[[str], str | None]] = (ctypes.util.find_library, find_packaged_libusb),
        clock: int = CLOCK,
        boot_messages: str = BOOT_MESSAGES,
    ) -> None:
        self._every = every
        self._finders = finders
        self._clock = clock
        self._boot_messages = boot_messages
        self._libusb: usb.backend.IBackend | None = None
        self._starts: dict[tuple[int, float], float] = {}

    def now(self) -> float:
        """Return the time, on a clock that counts sleep where the system has one."""
        return time.clock_gettime(self._clock)

    def sleep_seconds(self) -> float:
        """Return how many seconds this boot has slept in all, 0 where the clocks do not tell."""
        return max(0.0, self.now() - time.clock_gettime(time.CLOCK_MONOTONIC))

    def boot_id(self) -> str:
        """Return what tells this boot from others.

        Setting the wall clock moves the kernel's time of boot, but not that of a file which was written then.
        """
        try:
            return str(os.stat(self._boot_messages).st_mtime_ns)  # noqa: PTH116 - one attribute of one file
        except OSError:
            import psutil

            return str(int(psutil.boot_time()))

    def list_all_devices(self) -> list[Device]:
        """Return every USB device that is plugged in, hubs too, asking none for its words."""
        found = list(usb.core.find(find_all=True, backend=self._backend()))
        if not found:
            # FreeBSD, OpenBSD and NetBSD show a user only what he may open: nothing at all would look like peace.
            raise OSError(
                errno.EACCES, "libusb shows not even a hub (may this user open /dev/ugen* or /dev/usb*?)"
            )
        ports = [_port(one) for one in found]
        return [
            Device(
                # OpenBSD tells the port of the last hub only, so that two devices can seem to be in one.
                port if ports.count(port) == 1 else f"{one.bus}:{one.address}",
                one.idVendor,
                one.idProduct,
                one.bus,
                one.address,
                one.bDeviceClass,
            )
            for one, port in zip(found, ports, strict=True)
        ]

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in, each with the name of its entry in the watch list."""
        return devices.select_watched(self.list_all_devices(), watches)

    def find_running(self, software: Sequence[Uploader]) -> tuple[str, float] | None:
        """Return the upload software started last, and when."""
        return processes.find_running(software, self.now, self._starts)

    def find_usage(
        self,
        watched: Sequence[Device],
        _software: Sequence[Uploader],
        _running: tuple[str, float] | None,
        _at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return the devices as idle: software that runs holds reminders back by the rules, and not for ever."""
        return tuple(map(DeviceUse, watched))

    def sources(self, changed: Callable[[], None]) -> list[Source]:
        """Return the list of devices as something to wait for; OSError where libusb cannot list them."""
        self.list_all_devices()
        present = self._present()

        def look() -> None:
            nonlocal present
            before, present = present, self._present()
            if present != before:
                changed()

        return [Timer(self.now, lambda: self._every, look)]

    def channel(self, name: str, _events: Events) -> tuple[Channel, Source | None] | None:
        """Return the notification channel of this name; there is none of the desktop's own."""
        return None if name == "desktop" else make_channel(name, self.now)

    def product_names(self) -> Callable[[str], str]:
        """Return what gives no device's words: libusb would have to open it."""
        return lambda _port: ""

    def check_use_detection(self) -> tuple[str, str] | None:
        """Return None: nothing helps to see more than `mechanisms` says."""
        return None

    def mechanisms(self) -> Mapping[str, str]:
        """Return by what each thing is seen."""
        return {
            "USB devices": "libusb",
            "plug-in events": f"a look every {self._every:g} s",
            "use detection": "running upload software only",
        }

    def hints(self) -> Mapping[str, str]:
        """Return what helps where something does not work."""
        devices = (
            "install libusb (or: pip install libusb-package), and let this user open /dev/ugen* or /dev/usb*"
        )
        return {
            "USB devices": devices,
            "plug-in events": devices,
            "notification by plyer": "install notify-send, which comes with libnotify",
        }

    def _present(self) -> frozenset[tuple[int, int, str, str]] | None:
        # None where it fails: whoever is told lists again, and says what is wrong; once, not at each look.
        try:
            return frozenset((one.bus, one.address, one.id, one.port) for one in self.list_all_devices())
        except OSError:
            return None

    def _backend(self) -> usb.backend.IBackend:
        """Return the one back end that there ever is: each has a libusb context, with threads and descriptors."""
        for finder in self._finders if self._libusb is None else ():
            self._libusb = self._libusb or usb.backend.libusb1.get_backend(find_library=finder)
        if self._libusb is None:
            raise OSError(errno.ENOENT, "no libusb (install your system's, or: pip install libusb-package)")
        return self._libusb


def _port(found: usb.core.Device) -> str:
    """Return the port's path as Linux writes it; the bus and address where libusb knows no port (NetBSD)."""
    if found.port_numbers:
        return f"{found.bus}-{'.'.join(map(str, found.port_numbers))}"
    return f"usb{found.bus}" if found.address == ROOT_HUB else f"{found.bus}:{found.address}"
