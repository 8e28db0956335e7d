"""`unplugd devices` and `unplugd devices learn`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from unplugd import sanitize
from unplugd.cli.config import append
from unplugd.cli.terminal import ask, say, table
from unplugd.config.file import load_settings
from unplugd.config.write import format_device
from unplugd.errors import Failure
from unplugd.eventloop.loop import turn
from unplugd.platforms.current import current_platform
from unplugd.rules import devices
from unplugd.rules.devices import SHARED_IDS, find_watch, parse_id

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths
    from unplugd.platforms.protocol import InspectablePlatform
    from unplugd.rules.devices import Device


def list_devices(arguments: argparse.Namespace, where: Paths) -> int:
    """Print every USB device here, which are watched and why."""
    platform = current_platform(where)
    try:
        found = platform.list_all_devices()
    except OSError as error:
        raise Failure(f"cannot list the USB devices: {error.strerror}", "unplugd doctor") from None
    listed = devices.explain(found, load_settings(where.config).watches, platform.product_names())
    if arguments.json:
        rows = [
            {
                "device": one.device.port,
                "id": one.device.id,
                "product": one.product,
                "watched": one.watched,
                "why": one.why,
            }
            for one in listed
        ]
        print(json.dumps(rows, indent=2))
        return 0
    if not listed:
        say("No USB devices found.")
        return 0
    table(
        ("PORT", "ID", "DEVICE", ""), [(o.device.port, o.device.id, o.product or "-", o.why) for o in listed]
    )
    if not any(one.watched for one in listed):
        say("hint: is yours plugged in but not watched? Run: unplugd devices learn")
    return 0


def learn_device(arguments: argparse.Namespace, where: Paths) -> int:
    """Add a device to the configuration: the one with this id, or the one that you plug in now."""
    platform = current_platform(where)
    settings = load_settings(where.config)
    if arguments.id:
        try:
            wanted = "{:04x}:{:04x}".format(*parse_id(arguments.id))
        except ValueError as error:
            raise Failure(str(error), "ids look like 0a21:8001; unplugd devices lists them") from None
        found = [device for device in platform.list_all_devices() if device.id == wanted]
        if not found:
            raise Failure(
                f"no device {wanted} is plugged in", "plug it in; to see what is plugged in: unplugd devices"
            )
        device = found[0]
    else:
        device = _newly_plugged_in(platform)
    product = devices.explain([device], settings.watches, platform.product_names())[0].product
    say(f"{device.id} on port {device.port}: {product or 'it reports no product name'}")
    if device.device_class == devices.HUB:
        raise Failure("that is a USB hub", "plug in the device itself")
    known = find_watch(device.vendor, device.product, settings.watches)
    if known and known.on:
        say(f"Already watched, as {known.name}.")
        return 0
    if device.id in SHARED_IDS:
        raise Failure(
            f"{device.id} is the id of a chip used in many different devices; all of them would be watched",
            "unplugd cannot tell this one from the others",
        )
    if not arguments.id and sys.stdin.isatty() and not ask("Watch this device from now on?"):
        say("Nothing was changed.")
        return 0
    name = (
        sanitize.one_line(arguments.name or product or (known.name if known else ""))
        or f"USB device {device.id}"
    )
    append(where, format_device(name, device.id))
    say(f"{name} ({device.id}) is now watched.")
    return 0


def _newly_plugged_in(platform: InspectablePlatform) -> Device:
    """Wait for a device that was not there before, and return it."""
    changed: list[bool] = []
    sources = platform.sources(lambda: changed.append(True))
    before = {(device.port, device.address) for device in platform.list_all_devices()}
    say("Plug the device in now (if it is already in, unplug it and plug it back in). Ctrl-C to stop.")
    try:
        while True:
            # Once a second as well: an announcement can be lost.
            turn(sources, platform.now, platform.now() + 1)
            there = platform.list_all_devices()
            new = [device for device in there if (device.port, device.address) not in before]
            # A hub that comes with its devices is not what is meant.
            if new:
                return min(new, key=lambda device: device.device_class == devices.HUB)
            before &= {(device.port, device.address) for device in there}
    finally:
        for source in sources:
            source.close()
