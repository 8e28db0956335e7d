"""Which programs use a device, from the I/O Registry: owners of the device or an interface, and open HID clients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unplugd.platforms import processes
from unplugd.platforms.macos import registry
from unplugd.rules.model import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.platforms.macos.registry import Node
    from unplugd.rules.devices import Device
    from unplugd.rules.uploaders import Uploader

_PROCESS = re.compile(r"pid ([0-9]{1,9}), ?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Hold:
    """A program's hold on a device; `pid` is None if the registry does not name the program."""

    pid: int | None
    name: str
    evidence: str


def find_holds(node: Node) -> Iterator[Hold]:
    """Yield the holds of programs on a device.

    A driver that owns an interface does not count, nor does a mere connection, which programs that list devices have,
    too.
    """
    # A program is written as `pid 36792, name`, a driver only as its class.
    if owner := _PROCESS.fullmatch(node.text(registry.OWNER)):
        yield Hold(int(owner[1]), owner[2], "owns it")
    if node.kind == registry.HID_CLIENT and node.properties.get(registry.OPENED):
        creator = _PROCESS.fullmatch(node.text(registry.CREATOR))
        yield Hold(int(creator[1]) if creator else None, creator[2] if creator else "", "has opened it (HID)")
    for child in node.children:
        yield from find_holds(child)


def make_device_use(device: Device, node: Node, software: Sequence[Uploader]) -> DeviceUse:
    """Return the use of the device: by upload software first, then unknown programs, then holds without a name."""
    holds = list(find_holds(node))
    holding = [
        (holder, hold)
        for hold in holds
        if hold.pid is not None and (holder := processes.identify(hold.pid, software, hold.name))
    ]
    for holder, hold in sorted(
        holding, key=lambda found: found[0].uploader is None or found[0].uploader.doubtful
    ):
        if holder.uploader:
            name = holder.uploader.name or holder.name
            return DeviceUse(device, "in use", name, hold.evidence, doubtful=holder.uploader.doubtful)
    if holding:
        names = dict.fromkeys(holder.name for holder, _ in holding if not holder.service)
        return DeviceUse(device, unknown_programs=tuple(names))
    for hold in holds:
        if hold.pid is None:
            return DeviceUse(device, "in use", "", hold.evidence, doubtful=True)
    return DeviceUse(device)
