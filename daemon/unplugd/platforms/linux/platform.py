"""The Linux platform: which devices are plugged in, which programs use them, and what announces changes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from unplugd.notify.factory import make_channel
from unplugd.platforms.linux import holders, uevents
from unplugd.platforms.linux.clock import boot_id, now, sleep_seconds
from unplugd.platforms.linux.freedesktop import Desktop
from unplugd.platforms.linux.locale_files import read_locale
from unplugd.platforms.linux.logind import Logind
from unplugd.platforms.linux.notification_server import NO_SESSION, has_display
from unplugd.platforms.linux.opens import Opens
from unplugd.platforms.linux.screensaver import ScreenSaver
from unplugd.platforms.linux.seats import find_seat
from unplugd.platforms.linux.sysfs import SYSFS
from unplugd.platforms.linux.usage import UsageTracker
from unplugd.platforms.machine_id import read_machine_id
from unplugd.platforms.poll import make_poll
from unplugd.rules import devices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, NotificationListener
    from unplugd.rules.devices import Device
    from unplugd.rules.events import Absence
    from unplugd.rules.model import DeviceUse, Running
    from unplugd.rules.uploaders import Uploader

POLL_SECONDS: Final = 30.0
"""Seconds between polls where the kernel announces nothing; the first reminder is due minutes after the plug-in."""
FIRST_ANSWER_SECONDS: Final = 0.25
"""Seconds for which the start waits for logind, then for a screen saver; a few milliseconds are usual."""
PRESENCE_TIMEOUT_SECONDS: Final = 7.0
"""Seconds for which `doctor` waits for each; must exceed the timeouts of two calls."""
HARMLESS_NODE: Final = "/dev/zero"
"""A device node that anyone may open, used to test use detection."""


class Linux:
    """The platform; `remembered` is the file in which the desktop channel remembers what is on the screen."""

    def __init__(self, remembered: Path | None = None, sysfs: Path = SYSFS) -> None:
        self._opens = Opens(now)
        self._usage = UsageTracker(sysfs, self._opens)
        self._remembered = remembered
        self._is_announced = uevents.arrive_here()
        self._desktop: Desktop | None = None
        self._logind: Logind | None = None
        self._screen_saver = ScreenSaver(now, lambda: None)
        self._told = ""
        """What told at the last check whether the person is in front."""

    def now(self) -> float:
        """Return the time."""
        return now()

    def sleep_seconds(self) -> float:
        """Return how many seconds the machine has been asleep since it booted."""
        return sleep_seconds()

    def boot_id(self) -> str:
        """Return the id of this boot."""
        return boot_id()

    def machine_id(self) -> str:
        """Return the id of this computer, "" if it has none."""
        return read_machine_id()

    def read_locale(self) -> Mapping[str, str]:
        """Return the locale variables of the system."""
        return read_locale()

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in at the person's seats, named as in the watch list."""
        watched = devices.select_watched(self.list_all_devices(), watches)
        seats = self._logind.seats if self._logind else None
        return watched if seats is None else [device for device in watched if find_seat(device) in seats]

    def find_running(self, software: Sequence[Uploader]) -> Running | None:
        """Return, of the upload software that is running, the one that started first; None if none is running."""
        return holders.find_running(software)

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: Running | None,
        at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return how each device is being used."""
        return self._usage.find_usage(watched, software, running, at)

    def sources(
        self, on_change: Callable[[], None], on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        """Return the sources for kernel uevents, or a poll, for logind, the screen saver and inotify.

        OSError without netlink sockets.
        """
        self._opens.on_use = on_use
        sources: list[Source] = [uevents.Uevents(on_change), self._opens]
        self._logind = Logind(now, on_change)
        # What was left plugged in is not to be taken for another seat's, nor the person for being in front.
        self._logind.wait(now, FIRST_ANSWER_SECONDS)
        self._screen_saver = ScreenSaver(now, on_change)
        self._screen_saver.check()
        self._screen_saver.wait(now, FIRST_ANSWER_SECONDS)
        sources += [self._logind, self._screen_saver]
        if not self._is_announced:
            sources.append(make_poll(now, POLL_SECONDS, self.list_all_devices, on_change))
        return sources

    def check_events(self) -> tuple[str, str] | None:
        """Return what is lacking if uevents do not arrive here, and how they would."""
        if self._is_announced:
            return None
        return (
            f"the kernel announces nothing in this container, so unplugd looks every {POLL_SECONDS:g} s",
            "run unplugd outside the container, or let the container use the host's network (--network=host)",
        )

    def list_unwatched_nodes(self) -> dict[str, str] | None:
        """Return the nodes that inotify cannot watch, with the reason; None if it is not used."""
        return self._opens.unwatched if self._opens.on_use else None

    def find_absence(self) -> Absence | None:
        """Return why the person is not in front of this computer, None if the person is, or if nothing tells."""
        if self._logind is None:
            return None
        self._logind.check_away()
        self._screen_saver.check()
        return self._logind.away or self._screen_saver.away

    def check_presence(self) -> str:
        """Ask who tells whether the person is in front, and return why nobody does, "" if somebody does."""
        logind, screen_saver = Logind(now, lambda: None), ScreenSaver(now, lambda: None)
        try:
            screen_saver.check()
            logind.wait(now, PRESENCE_TIMEOUT_SECONDS)
            screen_saver.wait(now, PRESENCE_TIMEOUT_SECONDS)
            why = (
                "logind does not answer, or knows no session of yours with a screen"
                if logind.is_connected
                else "there is no system bus"
            )
            told = {"logind": logind.is_known, "the screen saver": screen_saver.is_known}
        finally:
            logind.close()
            screen_saver.close()
        self._told = " and ".join(name for name, is_known in told.items() if is_known)
        return "" if self._told else f"{why}, and no screen saver tells"

    def check_use_detection(self) -> tuple[str, str] | None:
        """Let a child process open a device node, and check whether that is detected."""
        import subprocess

        program = "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-P", "-c", program, HARMLESS_NODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
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
        """Return a lookup from port to product string."""
        return self._usage.tree.read_product

    def list_all_devices(self) -> list[Device]:
        """Return all USB devices that are plugged in, hubs included."""
        return self._usage.tree.list_devices()

    def mechanisms(self) -> Mapping[str, str]:
        """Return the mechanism behind each layer."""
        return {
            "USB devices": "sysfs",
            "plug-in events": "kernel uevents" if self._is_announced else f"polled every {POLL_SECONDS:g} s",
            "use detection": "the programs that have a device open, and the data that it transfers",
            "open events": "inotify",
            "in front": self._told,
        }

    def hints(self) -> Mapping[str, str]:
        """Return hints for the layers that do not work."""
        return {
            "USB devices": "unplugd has to run outside a container that hides /sys",
            "plug-in events": "allow AF_NETLINK sockets (RestrictAddressFamilies= of the service)",
            "open events": "let this user read the node (by a udev rule), or raise the limit (sysctl fs.inotify)",
            "notification by plyer": "install notify-send (Debian: libnotify-bin)",
        }

    def channel(self, name: str, events: NotificationListener) -> Channel | None:
        """Return the notification channel of this name."""
        if name == "desktop":
            self._desktop = Desktop(now, events, self._remembered)
            self._desktop.connect()
            return self._desktop
        return make_channel(name, now, self._check_session)

    def _check_session(self) -> str | None:
        """Return why plyer must not be used now, or None: it uses the desktop's server, and has the bus start it."""
        if self._desktop:
            return self._desktop.check_other_program()
        return None if has_display() else NO_SESSION
