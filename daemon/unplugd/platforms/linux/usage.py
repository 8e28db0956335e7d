"""Who uses the watched devices on Linux, from what a user may see without opening a device.

There are three signs, the surest first: a process holds one of the device's nodes open (/proc/*/fd); the kernel has
counted transfers since the last scan (`urbnum`); an interface is claimed through usbfs. Only the first names a program,
and only the user's own processes show it, so the other two are a doubtful use. Transfers do not count where they are
nobody's use: right after plug-in, after sleep, and right after a known holder has closed the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.platforms import processes
from unplugd.platforms.linux import holders
from unplugd.platforms.linux.clock import sleep_seconds
from unplugd.platforms.linux.sysfs import SYSFS, Tree
from unplugd.rules.model import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from unplugd.rules.devices import Device
    from unplugd.rules.uploaders import Uploader

SETTLE_SECONDS: Final = 60.0
"""Seconds after plug-in in which transfers mean nothing: the kernel and ModemManager probe the device."""
MIN_SLEEP_SECONDS: Final = 0.5
"""Seconds by which the clocks must have moved apart to count as sleep."""
FULL_SCAN_EVERY: Final = 4
"""Every how many scans all descriptors of all processes are read: once a minute. So they are after transfers."""


@dataclass(slots=True)
class _LastScan:
    """What the last scan saw of the device in a port."""

    settled_at: float
    """When its transfers begin to count."""
    address: int | None = None
    transfers: int | None = None
    held: bool = False


class UsageTracker:
    """Who uses the watched devices. It remembers the last scan, to notice transfers between two."""

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self.tree = Tree(sysfs)
        self._last: dict[str, _LastScan] = {}
        """By port."""
        self._nodes: list[str] = []
        self._skip: dict[str, tuple[int, int]] = {}
        """Processes that held no node, see `holders.find_holders`."""
        self._scans = 0
        self._slept = sleep_seconds()

    @property
    def ports(self) -> frozenset[str]:
        """The ports of which something is remembered."""
        return frozenset(self._last)

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: tuple[str, float] | None,
        at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return what each of the devices is used for at the time `at`; `running` is the upload software that runs."""
        for port in self._last.keys() - {device.port for device in watched}:
            del self._last[port]
        if not watched:
            return ()
        self._discount_sleep()
        nodes = {device.port: self.tree.find_nodes(device) for device in watched}
        active = {device.port for device in watched if self._has_transferred(device, at)}
        every = [node for some in nodes.values() for node in some]
        self._prepare_skip(every, full=bool(active))
        opened = holders.find_holders(every, skip=self._skip)
        return tuple(
            self._find_device_use(
                device, nodes[device.port], opened, running, software, device.port in active
            )
            for device in watched
        )

    def _find_device_use(
        self,
        device: Device,
        nodes: list[str],
        opened: holders.OpenNodes,
        running: tuple[str, float] | None,
        software: Sequence[Uploader],
        moved: bool,
    ) -> DeviceUse:
        last = self._last[device.port]
        holding = [
            (holder, node)
            for node in nodes
            for pid in opened.pids.get(node, ())
            if (holder := processes.identify(pid, software))
        ]
        held_before, last.held = last.held, bool(holding)

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
            # Upload software opens and closes the device in turns, and another user's processes cannot be inspected.
            # Still it may be anybody's traffic: an uploader left open must not explain it for ever.
            return DeviceUse(device, "in use", running[0] if running else "", "transfers", doubtful=True)
        if self.tree.is_claimed(device.port):
            return DeviceUse(device, "in use", "", "claimed through usbfs", doubtful=True)
        if opened.blind and last.transfers is None:
            return DeviceUse(device, "unknown", evidence="processes cannot be looked into")
        return DeviceUse(device)

    def _discount_sleep(self) -> None:
        """Forget the counts after sleep: the kernel resets the devices before any program runs."""
        total = sleep_seconds()
        if total - self._slept >= MIN_SLEEP_SECONDS:
            for last in self._last.values():
                last.address = last.transfers = None
        self._slept = total

    def _prepare_skip(self, nodes: list[str], *, full: bool) -> None:
        """Skip no process in a full scan: one that has opened a node and closed another file looks unchanged."""
        self._scans += 1
        if full or nodes != self._nodes or self._scans % FULL_SCAN_EVERY == 0:
            self._skip.clear()
        self._nodes = nodes

    def _has_transferred(self, device: Device, at: float) -> bool:
        """Return whether data went to or from the device since the last scan, and remember its count."""
        last = self._last.setdefault(device.port, _LastScan(at + SETTLE_SECONDS))
        if last.address not in (device.address, None):
            last.settled_at = at + SETTLE_SECONDS
        before, last.transfers = last.transfers, self.tree.count_transfers(device.port)
        last.address = device.address
        return before is not None and last.transfers not in (None, before) and at >= last.settled_at
