"""The platform for systems other than Linux and macOS: polls libusb every two seconds and finds upload software.

libusb cannot tell which program holds a device, so uses are never seen; but running upload software delays reminders.
To list devices, libusb may briefly open them (FreeBSD's does), even while other programs have them open.
"""

from __future__ import annotations

import ctypes.util
import errno
import os
import time
from typing import TYPE_CHECKING, Final

import usb.backend.libusb1
import usb.core

from unplugd.clock_offset import read_offset
from unplugd.notify.factory import make_channel
from unplugd.platforms import processes
from unplugd.platforms.machine_id import read_machine_id
from unplugd.platforms.poll import make_poll
from unplugd.platforms.unseen import UnseenUse
from unplugd.rules import devices
from unplugd.rules.devices import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, NotificationListener
    from unplugd.rules.model import Running
    from unplugd.rules.uploaders import Uploader

POLL_SECONDS: Final = 2.0
"""Seconds between polls; libusb announces nothing on these systems."""
CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
BOOT_MESSAGES: Final = "/var/run/dmesg.boot"
"""A file that FreeBSD, OpenBSD, NetBSD and DragonFly write at each boot."""
ROOT_HUB: Final = 1
"""The address of every root hub."""


def find_packaged_libusb(candidate: str) -> str | None:
    """Return the path of the libusb in the package libusb-package, None if it is not installed."""
    try:
        from libusb_package import find_library
    except ImportError:
        return None
    return find_library(candidate)


class Portable(UnseenUse):
    """The platform protocol through libusb; `finders` find the library, the system's own first."""

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
        """Return the time, on a clock that counts sleep if the system has one."""
        return time.clock_gettime(self._clock)

    def sleep_seconds(self) -> float:
        """Return how many seconds the machine has been asleep since it booted, 0 if the clocks do not tell."""
        return max(0.0, read_offset(self.now, time.monotonic))

    def boot_id(self) -> str:
        """Return the id of this boot.

        Setting the wall clock changes the kernel's boot time, but not the time of a file written at boot.
        """
        try:
            return str(os.stat(self._boot_messages).st_mtime_ns)  # noqa: PTH116 - one attribute of one file
        except OSError:
            import psutil

            return str(int(psutil.boot_time()))

    def machine_id(self) -> str:
        """Return the id of this computer, "" if it has none."""
        return read_machine_id()

    def read_locale(self) -> Mapping[str, str]:
        """Return nothing: such systems tell it in the environment."""
        return {}

    def list_all_devices(self) -> list[Device]:
        """Return all USB devices that are plugged in, hubs included, without product names."""
        found = list(usb.core.find(find_all=True, backend=self._backend()))
        if not found:
            # FreeBSD, OpenBSD and NetBSD only list devices that the user may open. An empty list means no permission.
            raise OSError(
                errno.EACCES, "libusb lists not even a hub (may this user open /dev/ugen* or /dev/usb*?)"
            )
        ports = [_find_port(device) for device in found]
        return [
            Device(
                # OpenBSD only reports the port on the last hub, so two devices can seem to share one.
                port if ports.count(port) == 1 else f"{device.bus}:{device.address}",
                device.idVendor,
                device.idProduct,
                device.bus,
                device.address,
                device.bDeviceClass,
            )
            for device, port in zip(found, ports, strict=True)
        ]

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in, named as in the watch list."""
        return devices.select_watched(self.list_all_devices(), watches)

    def find_running(self, software: Sequence[Uploader]) -> Running | None:
        """Return, of the upload software that is running, the one that started first; None if none is running."""
        return processes.find_running(software, self.now, self._starts)

    def find_absence(self) -> None:
        """Return None: nothing tells whether somebody is in front."""

    def sources(
        self, on_change: Callable[[], None], _on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        """Return the timer that polls the list of devices; OSError if libusb cannot list them."""
        self.list_all_devices()
        return [make_poll(self.now, self._every, self.list_all_devices, on_change)]

    def channel(self, name: str, _events: NotificationListener) -> Channel | None:
        """Return the channel of this name; there is no desktop channel on these systems."""
        return None if name == "desktop" else make_channel(name, self.now)

    def product_names(self) -> Callable[[str], str]:
        """Return a lookup without product names: libusb would have to open the device to read them."""
        return lambda _port: ""

    def check_events(self) -> tuple[str, str] | None:
        """Return None: the poll misses nothing."""
        return None

    def check_presence(self) -> str:
        """Return why nothing tells."""
        return "unplugd cannot ask this system"

    def mechanisms(self) -> Mapping[str, str]:
        """Return the mechanism behind each layer."""
        return {
            "USB devices": "libusb",
            "plug-in events": f"polled every {self._every:g} s",
            "use detection": "running upload software only",
        }

    def hints(self) -> Mapping[str, str]:
        """Return a hint for each layer that may not work."""
        devices = (
            "install libusb (or: pip install libusb-package), and let this user open /dev/ugen* or /dev/usb*"
        )
        return {
            "USB devices": devices,
            "plug-in events": devices,
            "notification by plyer": "install notify-send, which comes with libnotify",
        }

    def _backend(self) -> usb.backend.IBackend:
        """Return the back end, made only once: each has its own libusb context with threads and descriptors."""
        for finder in self._finders if self._libusb is None else ():
            self._libusb = self._libusb or usb.backend.libusb1.get_backend(find_library=finder)
        if self._libusb is None:
            raise OSError(errno.ENOENT, "no libusb (install your system's, or: pip install libusb-package)")
        return self._libusb


def _find_port(found: usb.core.Device) -> str:
    """Return the port path as Linux writes it, or bus and address if libusb knows no port (NetBSD)."""
    if found.port_numbers:
        return f"{found.bus}-{'.'.join(map(str, found.port_numbers))}"
    return f"usb{found.bus}" if found.address == ROOT_HUB else f"{found.bus}:{found.address}"
