"""Every USB device here, each with whether it is watched and why. What `unplugd devices` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd import devices, sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from unplugd.devices import Device, Watch

HUB: Final = 0x09
"""bDeviceClass of a hub (USB 2.0, 11.23.1)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One device as it is listed; `product` is the device's own words, already harmless."""

    device: Device
    product: str
    watched: bool
    why: str


def of(found: Iterable[Device], watches: Sequence[Watch], product: Callable[[str], str]) -> list[Listed]:
    """Return the devices, watched ones first; `product` gives a device's own words by its port."""
    listed = []
    for device in found:
        watched, why = _why(device, watches)
        listed.append(Listed(device, sanitize.one_line(product(device.port)), watched, why))
    return sorted(listed, key=lambda one: (not one.watched, one.device.device_class == HUB, one.device.port))


def _why(device: Device, watches: Sequence[Watch]) -> tuple[bool, str]:
    watch = devices.find(device.vendor, device.product, watches)
    if watch and not watch.built_in:
        return True, f"watched: {watch.name}, in your configuration"
    if watch and watch.on:
        return True, f"watched: {watch.name}"
    if watch:
        return False, f"not watched: {watch.name}, which the notice of 20 September 2022 does not name"
    if device.device_class == HUB:
        return False, "not watched: a hub"
    if device.id in devices.SHARED_IDS:
        return False, "not watched: an id that many different devices have"
    return False, "not watched: not on the list"
