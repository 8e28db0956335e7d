"""The macOS platform: plugged-in devices, the programs that use them, and announcements. It opens no device."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.eventloop.timer import Timer
from unplugd.notify.factory import make_channel
from unplugd.platforms import processes
from unplugd.platforms.macos import backend, clock, console, iokit, owners, registry
from unplugd.platforms.macos.announcements import Announcements
from unplugd.platforms.macos.frameworks import LIBRARIES, Frameworks
from unplugd.platforms.macos.ioreg import Ioreg
from unplugd.platforms.macos.notification import Notification
from unplugd.platforms.macos.preferred_languages import read_preferred_languages
from unplugd.rules import devices
from unplugd.rules.model import DeviceUse, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, NotificationListener
    from unplugd.platforms.macos.frameworks import Libraries
    from unplugd.platforms.macos.registry import Node
    from unplugd.rules.devices import Device
    from unplugd.rules.events import Absence
    from unplugd.rules.uploaders import Uploader

RESCAN_SECONDS: Final = 45.0
"""Seconds between rescans while changes are announced."""
POLL_SECONDS: Final = 4.0
"""Seconds between rescans if changes are not announced."""
ALLOW: Final = (
    "System Settings, Notifications, unplugd: allow notifications. If unplugd is not listed, reminders come from Script "
    'Editor, which is listed only once it has shown one itself: open it, run: display notification "test", and allow it'
)
"""How to have notifications shown; macOS tells no program whether it shows them."""


class MacOS:
    """The platform protocol on macOS."""

    def __init__(self, libraries: Libraries = LIBRARIES, system: str | None = None) -> None:
        self._system = system
        self._frameworks: Frameworks | None = None
        self._without = ""
        self._graphics = libraries.graphics
        self._told = ""
        try:
            self._frameworks = Frameworks(libraries)
        except OSError as error:
            self._without = _describe(error)
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
        """Return how many seconds the machine has been asleep since it booted."""
        return clock.sleep_seconds()

    def boot_id(self) -> str:
        """Return the id of this boot."""
        return clock.boot_id(self._system)

    def machine_id(self) -> str:
        """Return the id of this computer, "" if it has none."""
        return clock.machine_id(self._system)

    def read_locale(self) -> Mapping[str, str]:
        """Return the languages of the system settings as locale variables: launchd sets none."""
        if self._frameworks is None:
            return {}
        try:
            languages = read_preferred_languages(self._frameworks)
        except OSError:
            return {}
        return {"LANG": languages[0], "LANGUAGE": ":".join(languages)} if languages else {}

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in, named as in the watch list."""
        self._seen = None

        def is_watched(node: Node) -> bool:
            vendor, product = node.number("idVendor"), node.number("idProduct")
            watch = devices.find_watch(vendor or 0, product or 0, watches)
            return watch is not None and watch.on

        # The first scan may block: the loop is not running yet.
        nodes = self._nodes(is_watched, self._ioreg.latest if self._scanned else self._ioreg.wait)
        self._scanned = True
        self._seen = {node.id: node for node in nodes}
        return devices.select_watched(backend.make_devices(nodes), watches)

    def find_running(self, software: Sequence[Uploader]) -> Running | None:
        """Return, of the upload software that is running, the one that started first; None if none is running."""
        return processes.find_running(software, clock.now, self._starts)

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        _running: Running | None,
        _at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return how each device is being used, according to the last scan."""
        return tuple(self._find_use(device, software) for device in watched)

    def find_absence(self) -> Absence | None:
        """Return why the person is not in front of this session, None if the person is, or if nothing tells."""
        try:
            return self._ask_console()
        except OSError:
            return None

    def check_presence(self) -> str:
        """Return why it is not known whether the person is in front, "" if it is."""
        try:
            self._ask_console()
        except OSError as error:
            return _describe(error)
        return ""

    def list_unwatched_nodes(self) -> None:
        """Return None: no use is announced."""

    def sources(
        self, on_change: Callable[[], None], _on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        """Return the sources for announcements, the rescan timer, and the ioreg child."""
        self._ioreg.listen(on_change)
        self._announcements = self._listen(on_change)
        sources: list[Source] = [
            Timer(clock.now, self._interval, lambda: self._poll(on_change)),
            self._ioreg,
        ]
        return [*sources, self._announcements] if self._announcements else sources

    def check_events(self) -> tuple[str, str] | None:
        """Return None: without announcements, the registry is polled every few seconds."""
        return None

    def check_use_detection(self) -> tuple[str, str] | None:
        """Check that the I/O Registry can be read, which says which programs use a device."""
        try:
            self._nodes(lambda _node: True)
        except OSError as error:
            return (
                f"the I/O Registry cannot be read: {_describe(error)}",
                "check whether `ioreg` works in a terminal",
            )
        return None

    def product_names(self) -> Callable[[str], str]:
        """Return a lookup from port to product name."""
        nodes = self._nodes()
        by_id = {node.id: node for node in nodes}
        names = {
            device.port: _find_product_name(by_id[device.address]) for device in backend.make_devices(nodes)
        }
        return lambda port: names.get(port, "")

    def list_all_devices(self) -> list[Device]:
        """Return all USB devices that are plugged in, hubs included."""
        return backend.make_devices(self._nodes())

    def mechanisms(self) -> Mapping[str, str]:
        """Return the mechanism behind each layer, and why a better one is not used."""
        return {
            "USB devices": self._by,
            "plug-in events": self._announced,
            "in front": self._told,
            "use detection": f"the programs that have a device open, but not the data that it transfers; {self._by}"
            if self._by
            else "",
        }

    def hints(self) -> Mapping[str, str]:
        """Return a hint for each layer that may not work."""
        return {"notification by desktop": ALLOW}

    def channel(self, name: str, events: NotificationListener) -> Channel | None:
        """Return the channel of this name; none for plyer, which shows nothing outside an application bundle."""
        if name == "desktop":
            return Notification(clock.now, events)
        return None if name == "plyer" else make_channel(name, clock.now)

    def _ask_console(self) -> Absence | None:
        """Return why the person is not in front, None if the person is; OSError if nothing tells."""
        if self._frameworks is None:
            raise OSError(errno.ENOENT, self._without)
        absence = console.find_absence(self._frameworks, self._graphics)
        self._told = "CoreGraphics"
        return absence

    def _nodes(
        self,
        inside: Callable[[Node], bool] = lambda _node: False,
        otherwise: Callable[[], tuple[Node, ...]] | None = None,
    ) -> tuple[Node, ...]:
        """Return IOKit's devices, with the entries below those that `inside` accepts; ioreg's if IOKit fails."""
        error_text = self._without
        if self._frameworks:
            try:
                nodes = iokit.list_entries(self._frameworks, inside)
            except OSError as error:
                error_text = _describe(error)
            else:
                self._by = "IOKit"
                self._ioreg.forget()
                return nodes
        self._by = f"ioreg, as {error_text}"
        return (otherwise or self._ioreg.wait)()

    def _find_use(self, device: Device, software: Sequence[Uploader]) -> DeviceUse:
        if self._seen is None:
            return DeviceUse(device, "unknown", evidence="the I/O Registry cannot be read")
        node = self._seen.get(device.address)
        return owners.make_device_use(device, node, software) if node else DeviceUse(device)

    def _listen(self, on_change: Callable[[], None]) -> Announcements | None:
        def on_announcement() -> None:
            self._ioreg.outdate()
            on_change()

        error_text = self._without
        if self._frameworks:
            try:
                announcements = Announcements(on_announcement, self._frameworks)
            except OSError as error:
                error_text = _describe(error)
            else:
                power = ", power notifications" if announcements.power else ""
                self._announced = f"I/O Registry notifications{power}"
                return announcements
        self._announced = f"polled every {POLL_SECONDS:.0f} s, as {error_text}"
        return None

    def _interval(self) -> float:
        return RESCAN_SECONDS if self._announcements and self._announcements.alive else POLL_SECONDS

    def _poll(self, on_change: Callable[[], None]) -> None:
        if self._by.startswith("ioreg"):
            # It calls `on_change` itself if its answer differs.
            self._ioreg.ask()
        else:
            on_change()


def _find_product_name(node: Node) -> str:
    return next((text for key in registry.PRODUCT_KEYS if (text := sanitize.one_line(node.text(key)))), "")


def _describe(error: OSError) -> str:
    return error.strerror or str(error)
