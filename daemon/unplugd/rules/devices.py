"""Which USB devices are watched, and why. Pure. Ids and names are from public descriptor dumps and vendor documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from unplugd import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SHARED_IDS: Final = frozenset({"10c4:ea60"})
"""Default ids of serial chips found in countless devices, so they identify nothing."""
HUB: Final = 0x09
"""bDeviceClass of a hub (USB 2.0, 11.23.1)."""


@dataclass(frozen=True, slots=True)
class Device:
    """One plugged-in USB device.

    `port` is the path of its port (`1-1.2`), the only way to tell two sticks of the same model apart.
    """

    port: str
    vendor: int
    product: int
    bus: int = 0
    address: int = 0
    device_class: int = 0
    name: str = ""

    @property
    def id(self) -> str:
        """The id as `lsusb` writes it, `0a21:8001`."""
        return f"{self.vendor:04x}:{self.product:04x}"


@dataclass(frozen=True, slots=True)
class Watch:
    """An entry of the watch list. `product` None: every product of the vendor; `on` False: known, but not watched."""

    name: str
    vendor: int
    product: int | None
    on: bool = True
    built_in: bool = True
    chargeable: bool = False

    def matches(self, vendor: int, product: int) -> bool:
        """Whether this entry covers a device with this id."""
        return vendor == self.vendor and self.product in (None, product)


# Sources: usb.ids and the kernel's usb-serial-simple for 0a21:8001, Tidepool Uploader's driver manifest for 1a79. The
# id of the 2.4 GHz CareLink stick (MMT-7306) is not public, so every product of its likely vendor is watched; if it
# differs, `unplugd devices learn` adds it. Other 1a79 meters have no pump radio: never match that whole vendor.
BUILT_IN: Final = (
    Watch("CareLink USB", 0x0A21, None),
    Watch("Contour Next Link 2.4", 0x1A79, 0x6210, chargeable=True),
    Watch("Contour Next Link (mg/dL)", 0x1A79, 0x6200, on=False, chargeable=True),
    Watch("Contour Next Link (mmol/L)", 0x1A79, 0x6300, on=False, chargeable=True),
)


def parse_id(text: str) -> tuple[int, int]:
    """Return the vendor and product of an id such as `0a21:8001`; ValueError for anything else."""
    vendor, colon, product = text.partition(":")
    digits = "0123456789abcdefABCDEF"
    if not colon or len(vendor) != 4 or len(product) != 4 or any(c not in digits for c in vendor + product):
        raise ValueError(f'"{text}" is not a USB id')
    return int(vendor, 16), int(product, 16)


def select_watched(found: Iterable[Device], watches: Sequence[Watch]) -> list[Device]:
    """Return the watched devices, named as in the watch list."""
    entries = ((device, find_watch(device.vendor, device.product, watches)) for device in found)
    return [replace(device, name=watch.name) for device, watch in entries if watch and watch.on]


def find_watch(vendor: int, product: int, watches: Iterable[Watch]) -> Watch | None:
    """Return the watch list entry for an id, or None; configured entries take precedence over built-in ones."""
    matching = [watch for watch in watches if watch.matches(vendor, product)]
    return min(matching, key=lambda watch: watch.built_in, default=None)


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """One row of `unplugd devices`. `product` is the device's own product string, sanitized."""

    device: Device
    product: str
    watched: bool
    why: str


def explain(
    found: Iterable[Device], watches: Sequence[Watch], product: Callable[[str], str]
) -> list[ListedDevice]:
    """Return the devices, watched ones first, with the reason for each; `product` looks up a port's product string."""
    listed = []
    for device in found:
        watched, why = _explain_device(device, watches)
        listed.append(ListedDevice(device, sanitize.one_line(product(device.port)), watched, why))
    return sorted(listed, key=lambda row: (not row.watched, row.device.device_class == HUB, row.device.port))


def _explain_device(device: Device, watches: Sequence[Watch]) -> tuple[bool, str]:
    watch = find_watch(device.vendor, device.product, watches)
    if watch and not watch.built_in:
        return True, f"watched: {watch.name}, in your configuration"
    if watch and watch.on:
        return True, f"watched: {watch.name}"
    if watch:
        return False, f"not watched: {watch.name}, which the notice of 20 September 2022 does not name"
    if device.device_class == HUB:
        return False, "not watched: a hub"
    if device.id in SHARED_IDS:
        return False, "not watched: an id that many different devices have"
    return False, "not watched: not on the list"
