"""The interface to the operating system that the daemon and the commands need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, NotificationListener
    from unplugd.rules.devices import Device, Watch
    from unplugd.rules.events import Absence
    from unplugd.rules.model import DeviceUse, Running
    from unplugd.rules.uploaders import Uploader


class Platform(Protocol):
    """The part that the daemon needs. Times are seconds on a clock that counts sleep and is never set."""

    def now(self) -> float:
        """Return the time."""

    def sleep_seconds(self) -> float:
        """Return how many seconds the machine has been asleep since it booted."""

    def boot_id(self) -> str:
        """Return a text that stays the same throughout a boot and differs from that of any other boot."""

    def machine_id(self) -> str:
        """Return a text that stays the same for this computer and differs from that of any other, "" if there is none."""

    def read_locale(self) -> Mapping[str, str]:
        """Return the locale variables (LANG, LC_TIME …) that the system has for people, as far as it tells."""

    def scan(self, watches: Sequence[Watch], /) -> list[Device]:
        """Return the watched devices that are plugged in."""

    def find_running(self, software: Sequence[Uploader], /) -> Running | None:
        """Return, of the upload software that is running, the one that started first; None if none is running."""

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: Running | None,
        at: float,
        /,
    ) -> tuple[DeviceUse, ...]:
        """Return how each device is being used at the time `at`; `running` is the result of `find_running`."""

    def find_absence(self) -> Absence | None:
        """Return why the person is not in front of this session, None if the person is, or if nothing tells.

        Asked only while a watched device is plugged in.
        """

    def sources(
        self, on_change: Callable[[], None], on_use: Callable[[], None] | None = None, /
    ) -> list[Source]:
        """Return sources that call `on_change` when devices or the person may have come or gone, and after sleep.

        They call `on_use` when a program may have begun or ended to use a device that `find_usage` was asked about.
        OSError if they cannot be made.
        """

    def list_unwatched_nodes(self) -> dict[str, str] | None:
        """Return the device nodes whose use is not announced by `on_use`, with the reason; None if no use is."""

    def channel(self, name: str, events: NotificationListener, /) -> Channel | None:
        """Return the notification channel of this name, None if this system does not have it.

        ValueError for a name that no system has.
        """


class InspectablePlatform(Platform, Protocol):
    """The part that only the commands need."""

    def list_all_devices(self) -> list[Device]:
        """Return all USB devices that are plugged in, hubs included; OSError if they cannot be listed."""

    def product_names(self) -> Callable[[str], str]:
        """Return a lookup from port to product string (untrusted), "" if the device has none."""

    def check_events(self) -> tuple[str, str] | None:
        """Return None if plug-ins are noticed soon, else the problem and a hint."""

    def check_use_detection(self) -> tuple[str, str] | None:
        """Test use detection; return None if it works, else the problem and a hint."""

    def check_presence(self) -> str:
        """Return why it is not known whether the person is in front, "" if it is."""

    def mechanisms(self) -> Mapping[str, str]:
        """Return the mechanism behind each layer that `doctor` checks, "" if not known yet."""

    def hints(self) -> Mapping[str, str]:
        """Return hints for the mechanisms, in case they do not work, and for the channels as "notification by NAME"."""
