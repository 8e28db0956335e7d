"""Finds out which programs use the watched devices on Linux, without privileges and without opening a device.

There are three signs, the most reliable first: a process holds one of the device's nodes open (/proc/*/fd); the kernel
has counted transfers since the last scan (`urbnum`); an interface is claimed through usbfs. Only the first identifies a
program, and only among the user's own processes, so the other two count as doubtful use. Transfers are ignored if they
have other causes: right after plug-in, after sleep, and right after a known holder has closed the device.

Transfers also show whether a holder does anything: the kernel counts each that is requested of the device, by any driver
or program. A program that only waits for the device requests nothing new, except through libusb if it waits with a
timeout and asks again; then it looks busy.

`opens` announces when to look, but is no sign itself: system services open every device for a moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.platforms import processes
from unplugd.platforms.linux import holders
from unplugd.platforms.linux.clock import sleep_seconds
from unplugd.platforms.linux.sysfs import SYSFS, Tree
from unplugd.rules.model import DeviceUse, Running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from unplugd.platforms.linux.opens import Opens
    from unplugd.rules.devices import Device
    from unplugd.rules.uploaders import Uploader

SETTLE_SECONDS: Final = 60.0
"""Seconds after plug-in during which transfers are ignored: the kernel and ModemManager probe the device."""
MIN_SLEEP_SECONDS: Final = 0.5
"""Shortest sleep that counts, in seconds."""
FULL_SCAN_SECONDS: Final = 60.0
"""Seconds after which a scan reads all descriptors of all processes; so does one after transfers or an opening."""
TRUSTED_SECONDS: Final = 600.0
"""Seconds for which nobody is taken to hold the nodes if nobody did, and every opening would have been announced."""
MOVING_SECONDS: Final = 1.0
"""Seconds for which transfers count: an opening can bring several scans at once, with none between two of them."""
CLOSING_SECONDS: Final = 1.0
"""Seconds for which transfers are ignored once a holder has closed the device: the kernel may still have some to make."""


@dataclass(slots=True)
class _LastScan:
    """What the last scan saw of the device on a port."""

    settled_at: float
    """When transfers begin to count."""
    address: int | None = None
    transfers: int | None = None
    held: bool = False
    closed_at: float = -math.inf
    """When a holder was found to have closed the device."""
    moved_at: float = 0.0
    """When a scan last saw that there had been transfers, 0 if none has."""
    counted_at: float = -math.inf
    """When a scan last saw transfers that no known holder explains."""


class UsageTracker:
    """Finds the use of the watched devices; it remembers the last scan to notice transfers since then."""

    def __init__(self, sysfs: Path = SYSFS, opens: Opens | None = None) -> None:
        self.tree = Tree(sysfs)
        self._opens = opens
        self._last: dict[str, _LastScan] = {}
        """By port."""
        self._nodes: list[str] = []
        self._opened = holders.OpenNodes({}, blind=False)
        self._skip: dict[str, tuple[int, int]] = {}
        """Processes that held no node; see `holders.find_holders`."""
        self._full_scan_at = -math.inf
        """When all descriptors were last read; -inf if they must be now, since somebody may have opened or used a node."""
        self._slept = sleep_seconds()

    @property
    def ports(self) -> frozenset[str]:
        """The ports of the devices seen by the last scan."""
        return frozenset(self._last)

    def find_usage(
        self,
        watched: Sequence[Device],
        software: Sequence[Uploader],
        running: Running | None,
        at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return how each device is being used at the time `at`; `running` is the running upload software."""
        for port in self._last.keys() - {device.port for device in watched}:
            del self._last[port]
        nodes = {device.port: self.tree.find_nodes(device) for device in watched}
        every = [node for some in nodes.values() for node in some]
        # Before anything else is read, so that whatever happens meanwhile brings another scan.
        changed = self._opens.watch(every) if self._opens else False
        if changed or every != self._nodes:
            self._full_scan_at = -math.inf
        self._nodes = every
        if not watched:
            return ()
        self._discount_sleep()
        active = {device.port for device in watched if self._has_transferred(device, at)}
        if active:
            self._full_scan_at = -math.inf
        opened = self._find_holders(at)
        return tuple(
            self._find_device_use(
                device, nodes[device.port], opened, running, software, at, moved=device.port in active
            )
            for device in watched
        )

    def _find_device_use(
        self,
        device: Device,
        nodes: list[str],
        opened: holders.OpenNodes,
        running: Running | None,
        software: Sequence[Uploader],
        at: float,
        *,
        moved: bool,
    ) -> DeviceUse:
        last = self._last[device.port]
        holding = [
            (holder, node)
            for node in nodes
            for pid in opened.pids.get(node, ())
            if (holder := processes.identify(pid, software))
        ]
        if last.held and not holding:
            last.closed_at = at
        last.held = bool(holding)
        if holding:
            last.counted_at = -math.inf
        elif moved and at >= last.closed_at + CLOSING_SECONDS:
            last.counted_at = at

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
                    moved_at=None if last.transfers is None else last.moved_at,
                )
        if holding:
            names = dict.fromkeys(holder.name for holder, _ in holding if not holder.service)
            return DeviceUse(device, unknown_programs=tuple(names))
        if at < last.counted_at + MOVING_SECONDS:
            # Upload software may open and close the device repeatedly, and other users' processes cannot be inspected.
            # But the traffic may have any cause: an uploader that was left open must not explain it forever.
            return DeviceUse(device, "in use", running.program if running else "", "transfers", doubtful=True)
        if self.tree.is_claimed(device.port):
            return DeviceUse(device, "in use", "", "claimed through usbfs", doubtful=True)
        if opened.blind and last.transfers is None:
            return DeviceUse(device, "unknown", evidence="processes cannot be inspected")
        return DeviceUse(device)

    def _discount_sleep(self) -> None:
        """Forget the counts after sleep, because the kernel resets the devices on wake-up."""
        total = sleep_seconds()
        if total - self._slept >= MIN_SLEEP_SECONDS:
            for last in self._last.values():
                last.address = last.transfers = None
                last.counted_at = -math.inf
        self._slept = total

    def _find_holders(self, at: float) -> holders.OpenNodes:
        """Return the processes that hold the nodes."""
        age = at - self._full_scan_at
        was_free = not self._opened.pids and not self._opened.blind
        is_announced = self._opens is not None and self._opens.watches_all
        if was_free and is_announced and age < TRUSTED_SECONDS:
            return self._opened
        is_full = age >= FULL_SCAN_SECONDS
        if is_full:
            # A process that opened a node and closed another file looks unchanged.
            self._skip.clear()
        self._opened = holders.find_holders(self._nodes, skip=self._skip)
        if is_full:
            # Not before: in a shortage the scan fails, and what made it due was announced only once.
            self._full_scan_at = at
        return self._opened

    def _has_transferred(self, device: Device, at: float) -> bool:
        """Return whether there were transfers since the last scan that count, and remember how many and when."""
        last = self._last.setdefault(device.port, _LastScan(at + SETTLE_SECONDS))
        if last.address not in (device.address, None):
            last.settled_at = at + SETTLE_SECONDS
            last.counted_at = -math.inf
        before, last.transfers = last.transfers, self.tree.count_transfers(device.port)
        last.address = device.address
        if before is None or last.transfers in (None, before):
            return False
        last.moved_at = at
        return at >= last.settled_at
