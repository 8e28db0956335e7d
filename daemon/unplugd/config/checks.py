"""The checks of the configuration file: each turns a value of TOML into what is used, or says what is allowed. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from unplugd import durations, sanitize
from unplugd.durations import DAY_SECONDS
from unplugd.rules import devices
from unplugd.rules.model import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable
from unplugd.config.settings import QuietHours


def _check_seconds(least: float, most: float) -> Callable[[Any], float]:
    allowed = f'write a duration from "{durations.format_exact(least)}" to "{durations.format_exact(most)}", like "90s" or "1h30m"'

    def check(value: Any) -> float:
        try:
            seconds = durations.parse(value) if isinstance(value, str) else -1.0
        except ValueError:
            seconds = -1.0
        if not least <= seconds <= most:
            raise ValueError(allowed)
        return seconds

    return check


def _check_count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError("write a whole number from 1 to 1000")
    return value


def _check_list(
    check: Callable[[Any], Any], what: str, *, least: int = 0
) -> Callable[[Any], tuple[Any, ...]]:
    def check_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= 100:
            raise ValueError(f"write a list of {what}" + (", at least one" if least else ""))
        return tuple(check(entry) for entry in value)

    return check_all


def _check_quiet_hours(value: Any) -> QuietHours:
    written = re.fullmatch(
        r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", value if isinstance(value, str) else ""
    )
    if not written or written[0][:5] == written[0][6:]:
        raise ValueError('write times of the day like "22:00-07:00"')
    hours = [int(group) for group in written.groups()]
    return QuietHours(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])


def _check_channel(value: Any) -> str:
    if value not in CHANNELS:
        raise ValueError(f"write a list of {', '.join(CHANNELS)}")
    return str(value)


def _check_name(value: Any) -> str:
    if not isinstance(value, str) or not sanitize.one_line(value):
        raise ValueError("write a name in quotes")
    return sanitize.one_line(value)


def _check_id(value: Any) -> tuple[int, int]:
    try:
        return devices.parse_id(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError('write an id like "0a21:8001" (unplugd devices lists them)') from None


def _check_process(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    relative = "/" in text and not text.startswith("/")
    if not text.strip("*?") or relative or text.startswith(":") or text.endswith((":", "/")):
        raise ValueError('write names, full paths or "java:uploader.jar" of programs, in quotes')
    return str(value)


CHECKS: Final[dict[str, dict[str, Callable[[Any], Any]]]] = {
    "remind": {
        "after_plug_in": _check_seconds(0, DAY_SECONDS),
        "after_use": _check_seconds(0, DAY_SECONDS),
        "running_counts_for": _check_seconds(0, DAY_SECONDS),
        "repeat": _check_list(_check_seconds(0.05, DAY_SECONDS), 'durations like ["5m", "10m"]', least=1),
        "critical_after": _check_count,
        "snooze": _check_seconds(0.05, DAY_SECONDS),
        "snooze_limit": _check_seconds(0, DAY_SECONDS),
        "quiet_hours": _check_list(_check_quiet_hours, 'times of the day like ["22:00-07:00"]'),
    },
    "watch": {"look_every": _check_seconds(0.05, 3600)},
    "notify": {"channels": _check_list(_check_channel, ", ".join(CHANNELS), least=1)},
    "device": {"name": _check_name, "id": _check_id},
    "uploader": {"name": _check_name, "process": _check_list(_check_process, "program names", least=1)},
}
TABLES: Final = ("device", "uploader")
"""Sections that stand as `[[name]]`, as often as one likes."""
