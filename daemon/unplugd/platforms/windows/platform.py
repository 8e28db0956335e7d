"""Windows behind the platform protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.notify.factory import make_channel
from unplugd.platforms import processes
from unplugd.platforms.machine_id import read_machine_id
from unplugd.platforms.poll import make_poll
from unplugd.platforms.unseen import UnseenUse
from unplugd.platforms.windows import clock, presence
from unplugd.platforms.windows.announcements import Announcements
from unplugd.platforms.windows.devices import list_devices, make_devices
from unplugd.platforms.windows.notification import Notification
from unplugd.platforms.windows.preferred_languages import read_locale
from unplugd.platforms.windows.running import list_candidates
from unplugd.rules import devices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, NotificationListener
    from unplugd.rules.devices import Device
    from unplugd.rules.events import Absence
    from unplugd.rules.model import Running
    from unplugd.rules.uploaders import Uploader

RESCAN_SECONDS: Final = 60.0
"""Seconds between polls while changes are announced, in case an announcement fails to come; a poll takes 2 ms."""
POLL_SECONDS: Final = 4.0
"""Seconds between polls if changes are not announced."""
UNSEEN: Final = "running upload software only: Windows does not tell which program has a device open"


class Windows(UnseenUse):
    """The platform protocol on Windows.

    Windows tells nobody which program has a device open, short of trying to open it.
    """

    def __init__(self) -> None:
        self._announcements: Announcements | None = None
        self._announced = ""
        self._told = ""
        self._starts: dict[tuple[int, float], float] = {}

    def now(self) -> float:
        """Return the time."""
        return clock.now()

    def sleep_seconds(self) -> float:
        """Return how many seconds the machine has been asleep since it booted."""
        return clock.sleep_seconds()

    def boot_id(self) -> str:
        """Return the id of this boot."""
        return clock.boot_id()

    def machine_id(self) -> str:
        """Return the id of this computer, "" if it has none."""
        return read_machine_id()

    def read_locale(self) -> Mapping[str, str]:
        """Return the languages and the region of the settings as locale variables: Windows sets none."""
        try:
            return read_locale()
        except OSError:
            return {}

    def list_all_devices(self) -> list[Device]:
        """Return all USB devices that are plugged in, hubs included."""
        return make_devices(list_devices())

    def scan(self, watches: Sequence[devices.Watch]) -> list[Device]:
        """Return the watched devices that are plugged in, named as in the watch list."""
        return devices.select_watched(self.list_all_devices(), watches)

    def find_running(self, software: Sequence[Uploader]) -> Running | None:
        """Return, of the upload software that is running, the one that started first; None if none is running."""
        return processes.find_running(software, self.now, self._starts, list_candidates=list_candidates)

    def find_absence(self) -> Absence | None:
        """Return why the person is not in front of this session, None if the person is, or if nothing tells."""
        try:
            return self._ask_session()
        except OSError:
            # What was announced since unplugd started is better than nothing.
            return self._announcements.absence if self._announcements else None

    def sources(
        self, on_change: Callable[[], None], _on_use: Callable[[], None] | None = None
    ) -> list[Source]:
        """Return the sources for announcements and the poll; OSError if the devices cannot be listed."""
        self.list_all_devices()
        try:
            self._announcements = Announcements(on_change)
        except OSError as error:
            self._announced = f"polled every {POLL_SECONDS:.0f} s, as {error.strerror}"
            return [make_poll(self.now, POLL_SECONDS, self.list_all_devices, on_change)]
        self._announced = "messages to a hidden window"
        return [
            self._announcements,
            make_poll(self.now, RESCAN_SECONDS, self.list_all_devices, on_change),
        ]

    def channel(self, name: str, events: NotificationListener) -> Channel | None:
        """Return the channel of this name; none for plyer, which would show the same balloon for a few seconds."""
        if name == "desktop":
            return Notification(self.now, events)
        return None if name == "plyer" else make_channel(name, self.now)

    def product_names(self) -> Callable[[str], str]:
        """Return a lookup from port to product name."""
        listed = list_devices()
        names = {
            device.port: sanitize.one_line(entry.name)
            for device, entry in zip(make_devices(listed), listed, strict=True)
        }
        return lambda port: names.get(port, "")

    def check_events(self) -> tuple[str, str] | None:
        """Return None: without announcements, the devices are polled every few seconds."""
        return None

    def check_presence(self) -> str:
        """Return why it is not known whether the person is in front, "" if it is."""
        try:
            self._ask_session()
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def mechanisms(self) -> Mapping[str, str]:
        """Return the mechanism behind each layer."""
        return {
            "USB devices": "SetupAPI, which opens none",
            "plug-in events": self._announced,
            "in front": self._told,
            "use detection": UNSEEN,
        }

    def hints(self) -> Mapping[str, str]:
        """Return a hint for each layer that may not work."""
        return {
            "USB devices": "check whether the Device Manager lists them",
            "notification by desktop": "settings of Windows, System, Notifications: turn them on, and those of unplugd or Python",
        }

    def _ask_session(self) -> Absence | None:
        """Return why the person is not in front, None if the person is; OSError if nothing tells."""
        absence = presence.find_absence()
        self._told = "Remote Desktop Services"
        return absence
