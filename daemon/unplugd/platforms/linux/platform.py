"""Linux: what is plugged in, who uses it, and what to listen to for changes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from unplugd.notify.registry import make_channel
from unplugd.platforms.linux import holders
from unplugd.platforms.linux.clock import boot_id, now, sleep_seconds
from unplugd.platforms.linux.freedesktop import Desktop
from unplugd.platforms.linux.notification_server import has_display
from unplugd.platforms.linux.sleep import Sleep
from unplugd.platforms.linux.sysfs import SYSFS
from unplugd.platforms.linux.uevents import Uevents
from unplugd.platforms.linux.usage import UsageTracker
from unplugd.rules import devices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, Events
    from unplugd.rules.devices import Device
    from unplugd.rules.model import DeviceUse
    from unplugd.rules.uploaders import Uploader

HARMLESS_NODE: Final = "/dev/zero"


class Linux:
    """The platform as the loop wants it."""

    def __init__(self, remembered: Path | None = None, sysfs: Path = SYSFS) -> None:
        self._usage = UsageTracker(sysfs)
        self._remembered = remembered
        self._desktop: Desktop | None = None

    def now(self) -> float:
        """Return the time."""
        return now()

    def sleep_seconds(self) -> float:
        """Return how many seconds this boot has slept in all."""
        return sleep_seconds()

    def boot_id(self) -> str:
        """Return the boot's id."""
        return boot_id()

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in, each with the name of its entry in the watch list."""
        return devices.select_watched(self.list_all_devices(), watches)

    def find_running(self, software: Sequence[Uploader]) -> tuple[str, float] | None:
        """Return the upload software started last, and when."""
        return holders.find_running(software)

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: tuple[str, float] | None,
        at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return who uses the devices."""
        return self._usage.find_usage(watched, software, running, at)

    def sources(self, changed: Callable[[], None]) -> list[Source]:
        """Return the kernel's announcements and the end of sleep."""
        return [Uevents(changed), Sleep(now, changed)]

    def check_use_detection(self) -> tuple[str, str] | None:
        """Hold a device node open in a real child process and see whether it is found."""
        import subprocess

        program = "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", program, HARMLESS_NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            if child.stdout:
                child.stdout.readline()
            found = child.pid in holders.find_holders([HARMLESS_NODE]).pids.get(HARMLESS_NODE, ())
            child.kill()
        if found:
            return None
        return (
            "programs' open files cannot be seen",
            "run unplugd as the same user, and without PrivateUsers=, ProtectSystem= and the like in its service",
        )

    def product_names(self) -> Callable[[str], str]:
        """Return what gives a device's own words by its port."""
        return self._usage.tree.read_product

    def list_all_devices(self) -> list[Device]:
        """Return every USB device that is plugged in, hubs too."""
        return self._usage.tree.list_devices()

    def mechanisms(self) -> Mapping[str, str]:
        """Return by what each thing is seen."""
        return {
            "USB devices": "sysfs",
            "plug-in events": "kernel uevents",
            "use detection": "/proc, transfers, claims",
        }

    def hints(self) -> Mapping[str, str]:
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
