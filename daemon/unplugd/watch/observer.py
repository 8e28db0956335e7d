"""Decides when to poll the platform, and remembers what was seen.

A poll lists the devices and finds out which programs use them; it is repeated every `look_every` while a watched device
is plugged in. A rescan follows an announcement. There may be hundreds, so it is quick: it only lists the devices and
keeps the uses found by the last poll. A second poll 0.2 s later sees what it missed.

Some platforms also announce that a device's use may have begun or ended, which brings a poll at once. If they do so for
all nodes of all devices, the regular polls are rarer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from unplugd import local_time
from unplugd.rules.model import DeviceUse, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from unplugd.platforms.protocol import Platform
    from unplugd.rules.devices import Device
    from unplugd.rules.model import Running
    from unplugd.watch.configuration import Configuration

SECOND_POLL_SECONDS: Final = 0.2
"""Seconds from an announcement to the second poll; an announcement can come before the list of devices is updated."""
RARER: Final = 4
"""How many times longer than `look_every` the pause between two polls is if every use is announced."""
RAREST_SECONDS: Final = 60.0
"""Longest pause between two polls, in seconds, unless `look_every` is longer."""
SLEPT_SECONDS: Final = 1.0
"""Shortest sleep that is recorded, in seconds."""


class Observer:
    """Polls and rescans the platform, and remembers the latest result. Times are on the platform's clock."""

    def __init__(
        self, platform: Platform, configuration: Configuration, report: Callable[[str], None]
    ) -> None:
        self._platform = platform
        self._configuration = configuration
        self._report = report
        self._devices: dict[str, Device] = {}
        self._uses: dict[str, DeviceUse] = {}
        self._running: Running | None = None
        self._poll_at: float | None = None
        self._second_poll_at: float | None = None
        self._use_poll_at: float | None = None
        self._slept = platform.sleep_seconds()
        self._errors: dict[str, str | None] = {}
        """Why something could not be done when it was last tried, None if it could."""
        self.rescan_due = False
        """Whether a change was announced since the last poll or rescan."""

    @property
    def sees_devices(self) -> bool:
        """Whether a watched device was plugged in at the last poll or rescan."""
        return bool(self._devices)

    def on_change(self) -> None:
        """Handle the announcement that devices may have come or gone, or that sleep has ended."""
        self.rescan_due = True
        self._second_poll_at = self._platform.now() + SECOND_POLL_SECONDS

    def on_use(self) -> None:
        """Handle the announcement that the use of a device may have begun or ended."""
        self._use_poll_at = self._platform.now()

    def poll_now(self) -> None:
        """Make the next poll due now."""
        self._poll_at = self._platform.now()

    def deadline(self) -> float | None:
        """Return when the next poll is due, None until the next announcement."""
        return min(
            (at for at in (self._poll_at, self._second_poll_at, self._use_poll_at) if at is not None),
            default=None,
        )

    # --- sleep

    def has_slept(self) -> bool:
        """Return whether the system has slept since `take_sleep` was called."""
        return self._platform.sleep_seconds() - self._slept >= SLEPT_SECONDS

    def take_sleep(self) -> float:
        """Return how many seconds the system has slept since the last call, 0 if too short to record."""
        before, self._slept = self._slept, self._platform.sleep_seconds()
        return self._slept - before if self._slept - before >= SLEPT_SECONDS else 0.0

    # --- polls and rescans

    def expect(self, devices: Iterable[Device]) -> None:
        """Count devices as seen last: they were plugged in when an earlier run ended."""
        self._devices = {device.port: device for device in devices}

    def scan(self) -> list[Device]:
        """Return the watched devices that are plugged in; if they cannot be listed, those seen last."""
        try:
            devices = self._platform.scan(self._configuration.settings.watches)
        except OSError as error:
            self._note("list the USB devices", error)
            return list(self._devices.values())
        self._note("list the USB devices", None)
        return devices

    def poll(self, now: float, *, is_first: bool = False) -> Observation | None:
        """Poll the devices and their uses; None if the system slept meanwhile and the poll must be repeated.

        The first poll checks the uses of all devices, later polls only those of devices that were there before.
        """
        devices = self.scan()
        new = [] if is_first else self._find_new(devices)
        running, uses = self._find_uses(devices, new, now)
        if self.has_slept():
            # Times from before and after the sleep do not fit together.
            return None
        due = [at for at in (self._poll_at, self._second_poll_at) if at is not None and now >= at]
        poll_at = now + self._find_pause(uses, running)
        if self._use_poll_at is not None and not due:
            uses = tuple(map(self._without_new_programs, uses))
            # The regular poll is not put off.
            poll_at = min(poll_at, self._poll_at or poll_at)
        # What cannot be seen has to be looked at again, since an unplug or a plug-in may have been missed.
        look_again = bool(devices) or any(self._errors.values())
        self._poll_at, self._use_poll_at = poll_at if look_again else None, None
        if self._second_poll_at in due:
            self._second_poll_at = None
        return self._observe(devices, (*uses, *map(DeviceUse, new)), running, now)

    def rescan(self, now: float) -> Observation | None:
        """List the devices again; None if nothing has changed."""
        self.rescan_due = False
        devices = self.scan()
        new = self._find_new(devices)
        if not new and len(devices) == len(self._devices):
            return None
        running = self._find_running() if new else self._running
        uses = tuple(DeviceUse(device) if device in new else self._uses[device.port] for device in devices)
        return replace(self._observe(devices, uses, running, now), is_rescan=True)

    def _find_pause(self, uses: Sequence[DeviceUse], running: Running | None) -> float:
        """Return how many seconds after this poll the next regular one is due."""
        look_every = self._configuration.settings.look_every
        # The end of a use by somebody unknown may not be announced; only regular polls report unknown programs; and
        # nothing announces the end of a program that held reminders back by running.
        is_certain = all(
            (use.verdict == "in use" and not use.doubtful)
            or (use.verdict == "idle" and not use.unknown_programs and not running)
            for use in uses
        )
        is_certain = is_certain and not any(self._errors.values())
        if is_certain and self._platform.list_unwatched_nodes() == {}:
            return max(look_every, min(RARER * look_every, RAREST_SECONDS))
        return look_every

    def _without_new_programs(self, use: DeviceUse) -> DeviceUse:
        """Return the use without the unknown programs that the last poll did not find.

        Many programs open every device for a moment. Those that hold on to it are found by the next regular poll.
        """
        known = self._uses[use.device.port].unknown_programs
        return replace(use, unknown_programs=tuple(name for name in use.unknown_programs if name in known))

    def _find_uses(
        self, devices: Sequence[Device], new: Sequence[Device], now: float
    ) -> tuple[Running | None, tuple[DeviceUse, ...]]:
        """Return the running upload software, and how the devices that are not new are used."""
        software = self._configuration.settings.uploaders
        running = self._find_running() if devices else None
        known = [device for device in devices if device not in new]
        try:
            uses = self._platform.find_usage(known, software, running, now)
        except (OSError, ImportError) as error:
            self._note("find out what uses the devices", error)
            return running, tuple(DeviceUse(device, "unknown") for device in known)
        self._note("find out what uses the devices", None)
        return running, uses

    def _find_running(self) -> Running | None:
        """Return the running upload software; if that cannot be found out, what ran last: it counts for a while."""
        try:
            running = self._platform.find_running(self._configuration.settings.uploaders)
        except (OSError, ImportError) as error:
            self._note("find out which programs run", error)
            return self._running
        self._note("find out which programs run", None)
        return running

    def _note(self, what: str, error: Exception | None) -> None:
        """Remember whether something could be done, and report it if that has changed."""
        # A module that is loaded only now fails with ImportError, for example in a shortage of descriptors.
        reason = None if error is None else getattr(error, "strerror", None) or type(error).__name__
        if reason != self._errors.get(what):
            self._report(f"cannot {what}: {reason}" if reason else f"can {what} again")
        self._errors[what] = reason

    def _find_new(self, devices: Sequence[Device]) -> list[Device]:
        """Return the devices that were not there at the last poll or rescan.

        A device cannot be in use the moment it appears; the second poll finds programs that open it.
        """
        known = {(device.port, device.id, device.address) for device in self._devices.values()}
        return [device for device in devices if (device.port, device.id, device.address) not in known]

    def _observe(
        self,
        devices: Sequence[Device],
        uses: tuple[DeviceUse, ...],
        running: Running | None,
        now: float,
    ) -> Observation:
        if self._find_new(devices) and self._second_poll_at is None:
            self._second_poll_at = now + SECOND_POLL_SECONDS
        self.rescan_due = False
        self._devices = {device.port: device for device in devices}
        self._uses = {use.device.port: use for use in uses}
        self._running = running
        away = self._platform.find_absence() if devices else None
        return Observation(uses, running, self._find_quiet_end(now), away)

    def _find_quiet_end(self, now: float) -> float | None:
        """Return when the current quiet hours end, None outside them."""
        quiet_hours = self._configuration.settings.quiet_hours
        if not quiet_hours:
            return None
        wall = local_time.read_now()
        ends = [end for quiet in quiet_hours if (end := quiet.until(wall))]
        return now + (max(ends) - wall).total_seconds() if ends else None
