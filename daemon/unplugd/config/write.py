"""Writes configuration as TOML: the template, a single entry, or all settings. Pure."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from unplugd import durations
from unplugd.languages.language import LANGUAGES
from unplugd.rules import uploaders
from unplugd.rules.events import CHANNELS

if TYPE_CHECKING:
    from unplugd.config.settings import Settings

MAX_SHOWN_INTEGER: Final = 1_000_000
"""Largest integer that is written out in full."""

TEMPLATE: Final = f"""\
# unplugd's configuration. To change a setting, remove the "#" and edit the line. The values shown are the defaults,
# except that there are no quiet hours by default. Durations are written like "90s", "5m" or "1h30m".
# To check this file: unplugd config check

[remind]
# after_plug_in = "5m"         # first reminder if nothing has used the device since it was plugged in
# after_use = "2m"             # first reminder after an upload
# running_counts_for = "20m"   # how long upload software delays reminders while it runs, or has the device open, and moves no data
# repeat = ["5m", "10m", "15m", "30m"]   # pauses between reminders; the last entry repeats
# critical_after = 2           # reminders are shown as urgent from this one on
# snooze = "15m"               # how long the Snooze button pauses reminders
# snooze_limit = "1h"          # total snooze time for each time a device is plugged in
# quiet_hours = ["22:00-07:00"]   # no notifications during these hours; the journal is still written

[watch]
# look_every = "15s"           # how often to check what is using a plugged-in device; rarer if the system tells

[notify]
# channels = {json.dumps(CHANNELS)}   # ways to show a notification, tried in this order
# language = ""                # of notifications and of the page: {", ".join(LANGUAGES)}; "" is that of your session

# A device to watch in addition to the built-in ones; "unplugd devices learn" adds it for you.
# [[device]]
# name = "CareLink USB 2.4"
# id = "0a21:8002"

# Upload software in addition to the built-in list: names, full paths, or "java:uploader.jar".
# [[uploader]]
# name = "My uploader"
# process = ["my-uploader"]
"""


def format_settings(settings: Settings) -> str:
    """Return the settings as a complete file; `parse_settings` turns it back into the same settings."""
    policy = settings.policy
    lines = ["[remind]"]
    for entry in fields(policy):
        value = getattr(policy, entry.name)
        if entry.name == "retry":
            continue
        if entry.name == "critical_after":
            lines.append(f"{entry.name} = {value}")
        else:
            shown = (
                [durations.format_exact(v) for v in value]
                if isinstance(value, tuple)
                else durations.format_exact(value)
            )
            lines.append(f"{entry.name} = {format_value(shown)}")
    lines.append(f"quiet_hours = {format_value([str(quiet) for quiet in settings.quiet_hours])}")
    lines += ["", "[watch]", f"look_every = {format_value(durations.format_exact(settings.look_every))}"]
    lines += ["", "[notify]", f"channels = {format_value(list(settings.channels))}"]
    lines.append(f"language = {format_value(settings.language)}")
    for watch in settings.watches:
        if not watch.built_in and watch.product is not None:
            lines += ["", format_device(watch.name, f"{watch.vendor:04x}:{watch.product:04x}").rstrip()]
    for uploader in settings.uploaders:
        if uploader not in uploaders.BUILT_IN:
            lines += ["", format_uploader(uploader.name, uploader.process).rstrip()]
    return "\n".join(lines) + "\n"


def format_device(name: str, usb_id: str) -> str:
    """Return the configuration entry for a device."""
    return f"[[device]]\nname = {format_value(name)}\nid = {format_value(usb_id)}\n"


def format_uploader(name: str, process: tuple[str, ...]) -> str:
    """Return the configuration entry for upload software."""
    return f"[[uploader]]\nname = {format_value(name)}\nprocess = {format_value(list(process))}\n"


def format_value(value: Any) -> str:
    """Return a value in TOML syntax."""
    if isinstance(value, str):
        escaped = "".join(
            f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else f"\\{c}" if c in '"\\' else c
            for c in value
        )
        return f'"{escaped}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(format_value, value))}]"
    if isinstance(value, int) and abs(value) > MAX_SHOWN_INTEGER:
        # Python refuses to convert numbers with thousands of digits.
        return "a huge number"
    return str(value)
