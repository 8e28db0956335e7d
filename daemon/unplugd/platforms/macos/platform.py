"""macOS: what is plugged in, who uses it, and what to listen to for changes. Nothing here ever opens a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.eventloop.timer import Timer
from unplugd.notify.registry import make_channel
from unplugd.platforms import processes
from unplugd.platforms.macos import backend, clock, iokit, owners, registry
from unplugd.platforms.macos.announcements import Announcements
from unplugd.platforms.macos.frameworks import LIBRARIES, Frameworks
from unplugd.platforms.macos.ioreg import Ioreg
from unplugd.platforms.macos.notification import Notification
from unplugd.rules import devices
from unplugd.rules.model import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, Events
    from unplugd.platforms.macos.frameworks import Libraries
    from unplugd.platforms.macos.registry import Node
    from unplugd.rules.devices import Device
    from unplugd.rules.uploaders import Uploader

RESCAN_SECONDS: Final = 45.0
"""Seconds between two looks at what is plugged in, besides those after announcements."""
POLL_SECONDS: Final = 4.0
"""The same, where nothing is announced."""


class MacOS:
    """The platform as the loop and the commands want it."""

    def __init__(self, libraries: Libraries = LIBRARIES, system: str | None = None) -> None:
        self._system = system
        self._frameworks: Frameworks | None = None
        self._without = ""
        try:
            self._frameworks = Frameworks(libraries)
        except OSError as error:
            self._without = _why(error)
        self._ioreg = Ioreg(clock.now)
        self._by = ""
        self._announcements: Announcements | None = None
        self._announced = ""
        self._scanned = False
        self._seen: dict[int, Node] | None = None
        self._starts: dict[tuple[int, float], float] = {}

    def now(self) -> float:
        """Return the time."""
        return clock.now()

    def sleep_seconds(self) -> float:
        """Return how many seconds this boot has slept in all."""
        return clock.sleep_seconds()

    def boot_id(self) -> str:
        """Return the boot's id."""
        return clock.boot_id(self._system)

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in, each with the name of its entry in the watch list."""
        self._seen = None

        def watched(node: Node) -> bool:
            vendor, product = node.number("idVendor"), node.number("idProduct")
            watch = devices.find_watch(vendor or 0, product or 0, watches)
            return watch is not None and watch.on

        # Before the first scan there is no loop that must not wait.
        nodes = self._nodes(watched, self._ioreg.latest if self._scanned else self._ioreg.wait)
        self._scanned = True
        self._seen = {node.id: node for node in nodes}
        return devices.select_watched(backend.make_devices(nodes), watches)

    def find_running(self, software: Sequence[Uploader]) -> tuple[str, float] | None:
        """Return the upload software started last, and when."""
        return processes.find_running(software, clock.now, self._starts)

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        _running: tuple[str, float] | None,
        _at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return who uses the devices, as the scan just before saw it."""
        return tuple(self._sighting(device, software) for device in watched)

    def sources(self, changed: Callable[[], None]) -> list[Source]:
        """Return what is announced, the looks without an announcement, and the child that lists the devices if needed."""
        self._ioreg.listen(changed)
        self._announcements = self._listen(changed)
        sources: list[Source] = [
            Timer(clock.now, self._interval, lambda: self._poll(changed)),
            self._ioreg,
        ]
        return [*sources, self._announcements] if self._announcements else sources

    def check_use_detection(self) -> tuple[str, str] | None:
        """Try whether the I/O Registry, which tells who uses a device, can be read."""
        try:
            self._nodes(lambda _node: True)
        except OSError as error:
            return (
                f"the I/O Registry cannot be read: {_why(error)}",
                "see whether `ioreg` works in a terminal",
            )
        return None

    def product_names(self) -> Callable[[str], str]:
        """Return what gives a device's own words by its port."""
        nodes = self._nodes()
        by_id = {node.id: node for node in nodes}
        words = {device.port: _words(by_id[device.address]) for device in backend.make_devices(nodes)}
        return lambda port: words.get(port, "")

    def list_all_devices(self) -> list[Device]:
        """Return every USB device that is plugged in, hubs too."""
        return backend.make_devices(self._nodes())

    def mechanisms(self) -> Mapping[str, str]:
        """Return by what each thing is seen, and why not by something better."""
        return {
            "USB devices": self._by,
            "plug-in events": self._announced,
            "use detection": f"owners and open HID clients, {self._by}" if self._by else "",
        }

    def hints(self) -> Mapping[str, str]:
        """Return what helps where something does not work."""
        return {"notification by desktop": "System Settings, Notifications: allow unplugd (or Script Editor)"}

    def channel(self, name: str, events: Events) -> tuple[Channel, Source | None] | None:
        """Return the notification channel of this name; plyer shows nothing outside an application bundle."""
        if name == "desktop":
            notification = Notification(clock.now, events)
            return notification, notification
        return None if name == "plyer" else make_channel(name, clock.now)

    def _nodes(
        self,
        inside: Callable[[Node], bool] = lambda _node: False,
        otherwise: Callable[[], tuple[Node, ...]] | None = None,
    ) -> tuple[Node, ...]:
        """Return what IOKit lists, with what is below the devices that `inside` says, or all that ioreg does."""
        trouble = self._without
        if self._frameworks:
            try:
                nodes = iokit.list_entries(self._frameworks, inside)
            except OSError as error:
                trouble = _why(error)
            else:
                self._by = "IOKit"
                self._ioreg.forget()
                return nodes
        self._by = f"ioreg, as {trouble}"
        return (otherwise or self._ioreg.wait)()

    def _sighting(self, device: Device, software: Sequence[Uploader]) -> DeviceUse:
        if self._seen is None:
            return DeviceUse(device, "unknown", evidence="the I/O Registry cannot be read")
        node = self._seen.get(device.address)
        return owners.make_device_use(device, node, software) if node else DeviceUse(device)

    def _listen(self, changed: Callable[[], None]) -> Announcements | None:
        def announced() -> None:
            self._ioreg.outdate()
            changed()

        trouble = self._without
        if self._frameworks:
            try:
                announcements = Announcements(announced, self._frameworks)
            except OSError as error:
                trouble = _why(error)
            else:
                power = ", power notifications" if announcements.power else ""
                self._announced = f"I/O Registry notifications{power}"
                return announcements
        self._announced = f"polled every {POLL_SECONDS:.0f} s, as {trouble}"
        return None

    def _interval(self) -> float:
        return RESCAN_SECONDS if self._announcements and self._announcements.alive else POLL_SECONDS

    def _poll(self, changed: Callable[[], None]) -> None:
        if self._by.startswith("ioreg"):
            # It tells by itself when its answer is another one.
            self._ioreg.ask()
        else:
            changed()


def _words(node: Node) -> str:
    return next((text for key in registry.WORDS if (text := sanitize.one_line(node.text(key)))), "")


def _why(error: OSError) -> str:
    return error.strerror or str(error)
