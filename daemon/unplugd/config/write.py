"""The configuration file as text: the template, one entry, all settings. Pure."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from unplugd import durations
from unplugd.rules import uploaders

if TYPE_CHECKING:
    from unplugd.config.settings import Settings

MAX_SHOWN_INTEGER: Final = 1_000_000

TEMPLATE: Final = """\
# unplugd's configuration. Every line is a default: change what you need and remove the "#" before it.
# Durations are written like "90s", "5m" or "1h30m". Check with: unplugd config check

[remind]
# after_plug_in = "5m"         # the first reminder, when nothing has used the device
# after_use = "2m"             # the first reminder after an upload
# running_counts_for = "20m"   # how long a running uploader holds the reminder back without using the device
# repeat = ["5m", "10m", "15m", "30m"]   # then again after these; the last one goes on
# critical_after = 3           # from this reminder on it is shown as urgent
# snooze = "15m"
# snooze_limit = "1h"          # for one plug-in, in all
# quiet_hours = ["22:00-07:00"]   # no notification then; the journal goes on

[watch]
# look_every = "15s"           # how often to look who uses a device; only while one is plugged in

[notify]
# channels = ["desktop", "plyer", "terminal"]   # tried in this order

# A device to watch besides the built-in ones; "unplugd devices learn" writes this for you.
# [[device]]
# name = "CareLink USB 2.4"
# id = "0a21:8002"

# Upload software besides the built-in list: names, full paths, or "java:uploader.jar".
# [[uploader]]
# name = "My uploader"
# process = ["my-uploader"]
"""


def format_settings(settings: Settings) -> str:
    """Return the settings as a complete file that `parse` reads back to the same settings."""
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
    for watch in settings.watches:
        if not watch.built_in and watch.product is not None:
            lines += ["", format_device(watch.name, f"{watch.vendor:04x}:{watch.product:04x}").rstrip()]
    for uploader in settings.uploaders:
        if uploader not in uploaders.BUILT_IN:
            lines += ["", format_uploader(uploader.name, uploader.process).rstrip()]
    return "\n".join(lines) + "\n"


def format_device(name: str, usb_id: str) -> str:
    """Return the lines that add a device to a configuration file."""
    return f"[[device]]\nname = {format_value(name)}\nid = {format_value(usb_id)}\n"


def format_uploader(name: str, process: tuple[str, ...]) -> str:
    """Return the lines that add upload software to a configuration file."""
    return f"[[uploader]]\nname = {format_value(name)}\nprocess = {format_value(list(process))}\n"


def format_value(value: Any) -> str:
    """Return a value as TOML writes it."""
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
        # Python refuses to write out numbers of thousands of digits.
        return "a huge number"
    return str(value)
