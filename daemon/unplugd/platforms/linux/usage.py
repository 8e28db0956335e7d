"""Who uses the watched devices on Linux."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.platforms import processes
from unplugd.platforms.linux import holders
from unplugd.platforms.linux.sysfs import SYSFS, Tree
from unplugd.rules.model import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from unplugd.rules.devices import Device
    from unplugd.rules.uploaders import Uploader
from unplugd.platforms.linux.clock import sleep_seconds

SETTLE_SECONDS: Final = 60.0
"""Seconds after plug-in in which transfers say nothing: the kernel and ModemManager introduce themselves."""
SLEPT_SECONDS: Final = 0.5
"""Seconds by which the clocks must part to have been asleep."""
NO_ADDRESS: Final = -1
"""In place of an address: nothing was seen of the device before."""
FULL_LOOK_EVERY: Final = 4
"""Every how many looks all descriptors of all processes are looked at: once a minute. So they are when data moved."""


class UsageTracker:
    """Who uses the watched devices. It remembers the last look, to see transfers between two."""

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self.tree = Tree(sysfs)
        self._transfers: dict[str, tuple[int, int | None]] = {}
        self._settled_at: dict[str, float] = {}
        self._held: set[str] = set()
        self._nodes: list[str] = []
        self._passed: dict[str, tuple[int, int]] = {}
        self._looks = 0
        self._slept = sleep_seconds()

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: tuple[str, float] | None,
        at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return what each of the devices is used for; `running` is the upload software that runs."""
        if not watched:
            self._forget(set())
            return ()
        self._forget_transfers_of_sleep()
        nodes = {device.port: self.tree.nodes(device) for device in watched}
        moved = {device.port for device in watched if self._moved(device, at)}
        every = [node for some in nodes.values() for node in some]
        opened = holders.find_holders(every, passed=self._to_pass(every, thorough=bool(moved)))
        sightings = tuple(
            self._sighting(device, nodes[device.port], opened, running, software, device.port in moved)
            for device in watched
        )
        self._forget({device.port for device in watched})
        return sightings

    def _sighting(
        self,
        device: Device,
        nodes: list[str],
        opened: holders.OpenNodes,
        running: tuple[str, float] | None,
        software: Sequence[Uploader],
        moved: bool,
    ) -> DeviceUse:
        held_before = device.port in self._held
        holding = [
            (holder, node)
            for node in nodes
            for pid in opened.pids.get(node, ())
            if (holder := processes.identify(pid, software))
        ]
        (self._held.add if holding else self._held.discard)(device.port)

        for holder, node in sorted(
            holding, key=lambda held: held[0].uploader is None or held[0].uploader.doubtful
        ):
            if holder.uploader:
                return DeviceUse(
                    device,
                    "in use",
                    holder.uploader.name or holder.name,
                    f"holds {node}",
                    doubtful=holder.uploader.doubtful,
                )
        if holding:
            names = dict.fromkeys(holder.name for holder, _ in holding if not holder.service)
            return DeviceUse(device, unknown_programs=tuple(names))
        if moved and not held_before:
            # Upload software opens and closes the device in turns, and another user's is not ours to look into. Even
            # so it may be anybody: a forgotten window must not vouch for traffic for ever.
            return DeviceUse(device, "in use", running[0] if running else "", "transfers", doubtful=True)
        if self.tree.claimed(device.port):
            return DeviceUse(device, "in use", "", "claimed through usbfs", doubtful=True)
        if opened.blind and self._transfers[device.port][1] is None:
            return DeviceUse(device, "unknown", evidence="processes cannot be looked into")
        return DeviceUse(device)

    def _forget_transfers_of_sleep(self) -> None:
        """Count anew after sleep: the kernel resets the devices before any program runs, which is nobody's use."""
        total = sleep_seconds()
        if total - self._slept >= SLEPT_SECONDS:
            self._transfers.clear()
        self._slept = total

    def _to_pass(self, nodes: list[str], *, thorough: bool) -> dict[str, tuple[int, int]]:
        """Return the processes that need no second look, none now and then: one descriptor may replace another."""
        self._looks += 1
        if thorough or nodes != self._nodes or self._looks % FULL_LOOK_EVERY == 0:
            self._passed.clear()
        self._nodes = nodes
        return self._passed

    def _moved(self, device: Device, at: float) -> bool:
        """Whether data went to or from the device since the last look."""
        address, before = self._transfers.get(device.port, (NO_ADDRESS, None))
        count = self.tree.transfers(device.port)
        if address not in (device.address, NO_ADDRESS):
            self._settled_at[device.port] = at + SETTLE_SECONDS
        self._settled_at.setdefault(device.port, at + SETTLE_SECONDS)
        self._transfers[device.port] = (device.address, count)
        return before is not None and count not in (None, before) and at >= self._settled_at[device.port]

    def _forget(self, ports: set[str]) -> None:
        for port in self._settled_at.keys() - ports:
            self._transfers.pop(port, None)
            del self._settled_at[port]
            self._held.discard(port)
