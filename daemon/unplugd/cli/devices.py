"""`unplugd devices` and `unplugd devices learn`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from unplugd import paths, sanitize
from unplugd.cli.config import append_entry
from unplugd.cli.daemon_client import reload_daemon
from unplugd.cli.terminal import ask, print_table, say
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
    """Print every USB device, and why it is watched or not."""
    platform = current_platform(where)
    try:
        found = platform.list_all_devices()
    except OSError as error:
        raise Failure(f"cannot list the USB devices: {error.strerror}", "unplugd doctor") from None
    listed = devices.explain(found, load_settings(where.config).watches, platform.product_names())
    if arguments.json:
        rows = [
            {
                "device": row.device.port,
                "id": row.device.id,
                "product": row.product,
                "watched": row.watched,
                "why": row.why,
            }
            for row in listed
        ]
        print(json.dumps(rows, indent=2))
        return 0
    if not listed:
        say("No USB devices found.")
        return 0
    print_table(
        ("PORT", "ID", "DEVICE", ""),
        [(row.device.port, row.device.id, row.product or "-", row.why) for row in listed],
    )
    if not any(row.watched for row in listed):
        say("hint: is yours plugged in but not watched? Run: unplugd devices learn")
    return 0


def learn_device(arguments: argparse.Namespace, where: Paths) -> int:
    """Add a device to the configuration: the device with the given id, or the next one to be plugged in."""
    paths.refuse_others(where.configuration)
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
        device = _wait_for_new_device(platform)
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
    append_entry(where, format_device(name, device.id))
    say(f"{name} ({device.id}) is now watched.")
    reload_daemon(where, device.id)
    return 0


def _wait_for_new_device(platform: InspectablePlatform) -> Device:
    """Wait until a device is plugged in, and return it."""
    sources = platform.sources(lambda: None)
    before = {(device.port, device.address) for device in platform.list_all_devices()}
    say("Plug the device in now (if it is already in, unplug it and plug it back in). Ctrl-C to stop.")
    try:
        while True:
            # Announcements can be lost, so also rescan once a second.
            turn(sources, platform.now, platform.now() + 1)
            present = platform.list_all_devices()
            new = [device for device in present if (device.port, device.address) not in before]
            # The device may be behind a new hub; do not take the hub.
            if new:
                return min(new, key=lambda device: device.device_class == devices.HUB)
            before &= {(device.port, device.address) for device in present}
    finally:
        for source in sources:
            source.close()
