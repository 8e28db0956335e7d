"""What the loop and the commands ask of the system that they run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel, Events
    from unplugd.rules.devices import Device, Watch
    from unplugd.rules.model import DeviceUse
    from unplugd.rules.uploaders import Uploader


class Platform(Protocol):
    """What the loop asks of a system. Times are seconds on a clock that counts sleep and is never set."""

    def now(self) -> float:
        """Return the time."""

    def sleep_seconds(self) -> float:
        """Return how many seconds this boot has slept in all."""

    def boot_id(self) -> str:
        """Return what tells this boot from others."""

    def scan(self, watches: Sequence[Watch], /) -> list[Device]:
        """Return the watched devices that are plugged in."""

    def find_running(self, software: Sequence[Uploader], /) -> tuple[str, float] | None:
        """Return the upload software started last, and when, None if none runs."""

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: tuple[str, float] | None,
        at: float,
        /,
    ) -> tuple[DeviceUse, ...]:
        """Return who uses the devices; `running` is the upload software that runs."""

    def sources(self, changed: Callable[[], None]) -> list[Source]:
        """Return what to wait for; `changed` is called when devices may have come or gone, or after sleep."""

    def channel(self, name: str, events: Events, /) -> tuple[Channel, Source | None] | None:
        """Return a notification channel by its name, None where this system has none of that name.

        ValueError for a name that is no channel's on any system.
        """


class InspectablePlatform(Platform, Protocol):
    """What the commands ask besides."""

    def list_all_devices(self) -> list[Device]:
        """Return every USB device that is plugged in, hubs too; OSError where they cannot be listed."""

    def product_names(self) -> Callable[[str], str]:
        """Return what gives a device's own words by its port, "" where it has none."""

    def check_use_detection(self) -> tuple[str, str] | None:
        """Try whether the use of a device can be seen; return why it cannot and what helps, None if it can."""

    def mechanisms(self) -> Mapping[str, str]:
        """Return by what each of "USB devices", "plug-in events", "use detection" is seen here, as far as it is known."""

    def hints(self) -> Mapping[str, str]:
        """Return what helps here where one of those does not work, or "notification by" one of the channels."""
