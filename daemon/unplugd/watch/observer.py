"""When to look, and what was seen.

There are two kinds of looks. A poll lists the devices and finds out who uses them; it is repeated every `look_every`
while a watched device is plugged in. A rescan follows an announcement, which may come in hundreds, and is quick: it only
lists the devices. It takes the uses from the poll before, and a second poll 0.2 s later sees what it has missed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from unplugd.rules.model import DeviceUse, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unplugd.platforms.protocol import Platform
    from unplugd.rules.devices import Device
    from unplugd.watch.configuration import Configuration

SECOND_POLL_SECONDS: Final = 0.2
"""Seconds from an announcement to the second poll: announcements can come before the list of devices is right."""
SLEPT_SECONDS: Final = 1.0
"""Seconds of sleep from which on it is recorded."""


class Observer:
    """Polls and rescans the platform, and remembers what it saw last. Times are of the platform's clock."""

    def __init__(
        self, platform: Platform, configuration: Configuration, report: Callable[[str], None]
    ) -> None:
        self._platform = platform
        self._configuration = configuration
        self._report = report
        self._devices: dict[str, Device] = {}
        self._uses: dict[str, DeviceUse] = {}
        self._running: tuple[str, float] | None = None
        self._poll_at: float | None = None
        self._second_poll_at: float | None = None
        self._slept = platform.sleep_seconds()
        self.rescan_due = False
        """Whether a change was announced since the last look."""

    @property
    def sees_devices(self) -> bool:
        """Whether a watched device was plugged in at the last look."""
        return bool(self._devices)

    def on_change(self) -> None:
        """Handle the announcement that devices may have come or gone, or that sleep has ended."""
        self.rescan_due = True
        self._second_poll_at = self._platform.now() + SECOND_POLL_SECONDS

    def poll_now(self) -> None:
        """Make the next poll due now."""
        self._poll_at = self._platform.now()

    def deadline(self) -> float | None:
        """Return when the next poll is due, None if only an announcement can make one due."""
        return min((at for at in (self._poll_at, self._second_poll_at) if at is not None), default=None)

    # --- sleep

    def has_slept(self) -> bool:
        """Return whether the system has slept since `take_sleep` was called."""
        return self._platform.sleep_seconds() - self._slept >= SLEPT_SECONDS

    def take_sleep(self) -> float:
        """Return how many seconds the system has slept since the last call, 0 if too few to record."""
        before, self._slept = self._slept, self._platform.sleep_seconds()
        return self._slept - before if self._slept - before >= SLEPT_SECONDS else 0.0

    # --- looking

    def scan(self) -> list[Device]:
        """Return the watched devices that are plugged in; those seen last where they cannot be listed."""
        try:
            return self._platform.scan(self._configuration.settings.watches)
        except OSError as error:
            self._report(f"cannot list the USB devices: {error.strerror}")
            return list(self._devices.values())

    def poll(self, now: float, *, is_first: bool = False) -> Observation | None:
        """Look at the devices and their uses; None if the system slept meanwhile, so that it has to be done again.

        The first poll looks at the uses of all devices, later ones only of those that were there before.
        """
        settings = self._configuration.settings
        devices = self.scan()
        new = [] if is_first else self._find_new(devices)
        running = self._platform.find_running(settings.uploaders) if devices else None
        uses = self._platform.find_usage(
            [device for device in devices if device not in new], settings.uploaders, running, now
        )
        if self.has_slept():
            # The times of what was seen before the sleep and after it do not fit together.
            return None
        if self._second_poll_at is not None and now >= self._second_poll_at:
            self._second_poll_at = None
        self._poll_at = now + settings.look_every if devices else None
        return self._observe(devices, (*uses, *map(DeviceUse, new)), running, now)

    def rescan(self, now: float) -> Observation | None:
        """Look at what is plugged in; None if that has not changed."""
        self.rescan_due = False
        devices = self.scan()
        new = self._find_new(devices)
        if not new and len(devices) == len(self._devices):
            return None
        running = (
            self._platform.find_running(self._configuration.settings.uploaders) if new else self._running
        )
        uses = tuple(DeviceUse(device) if device in new else self._uses[device.port] for device in devices)
        return self._observe(devices, uses, running, now)

    def _find_new(self, devices: Sequence[Device]) -> list[Device]:
        """Return the devices that were not there at the last look.

        A device cannot be in use at the moment it appears: the second poll sees who takes it.
        """
        known = {(device.port, device.id, device.address) for device in self._devices.values()}
        return [device for device in devices if (device.port, device.id, device.address) not in known]

    def _observe(
        self,
        devices: Sequence[Device],
        uses: tuple[DeviceUse, ...],
        running: tuple[str, float] | None,
        now: float,
    ) -> Observation:
        if self._find_new(devices) and self._second_poll_at is None:
            self._second_poll_at = now + SECOND_POLL_SECONDS
        self.rescan_due = False
        self._devices = {device.port: device for device in devices}
        self._uses = {use.device.port: use for use in uses}
        self._running = running
        return Observation(uses, running[1] if running else None, self._find_quiet_end(now))

    def _find_quiet_end(self, now: float) -> float | None:
        """Return when the present quiet hours end, None outside them."""
        quiet_hours = self._configuration.settings.quiet_hours
        if not quiet_hours:
            return None
        wall = datetime.now().astimezone()
        ends = [end for quiet in quiet_hours if (end := quiet.until(wall))]
        return now + (max(ends) - wall).total_seconds() if ends else None
