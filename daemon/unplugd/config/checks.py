"""The checks of configuration values: each converts a TOML value, or raises ValueError saying what is allowed. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from unplugd import durations, sanitize
from unplugd.config.settings import QuietHours
from unplugd.durations import DAY_SECONDS
from unplugd.languages.choice import split_locale
from unplugd.languages.language import LANGUAGES
from unplugd.rules import devices
from unplugd.rules.events import CHANNELS
from unplugd.rules.uploaders import is_path

if TYPE_CHECKING:
    from collections.abc import Callable


def _make_duration_check(least: float, most: float) -> Callable[[Any], float]:
    allowed = f'must be a duration from "{durations.format_exact(least)}" to "{durations.format_exact(most)}", such as "90s" or "1h30m"'

    def check_duration(value: Any) -> float:
        try:
            seconds = durations.parse(value) if isinstance(value, str) else -1.0
        except ValueError:
            seconds = -1.0
        if not least <= seconds <= most:
            raise ValueError(allowed)
        return seconds

    return check_duration


def _check_count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError("must be a whole number from 1 to 1000")
    return value


def _make_list_check(
    check: Callable[[Any], Any], what: str, *, least: int = 0
) -> Callable[[Any], tuple[Any, ...]]:
    def check_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= 100:
            raise ValueError(f"must be a list of {what}" + (", with at least one entry" if least else ""))
        return tuple(check(entry) for entry in value)

    return check_list


def _check_quiet_hours(value: Any) -> QuietHours:
    written = re.fullmatch(
        r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", value if isinstance(value, str) else ""
    )
    if not written or written[0][:5] == written[0][6:]:
        raise ValueError('must be a time range such as "22:00-07:00"')
    begin_hour, begin_minute, end_hour, end_minute = map(int, written.groups())
    return QuietHours(begin_hour * 60 + begin_minute, end_hour * 60 + end_minute)


def _check_channel(value: Any) -> str:
    if value not in CHANNELS:
        raise ValueError(f"must be a list of channels: {', '.join(CHANNELS)}")
    return str(value)


def _check_language(value: Any) -> str:
    if not isinstance(value, str) or (value and split_locale(value)[0] not in LANGUAGES):
        raise ValueError(f'must be one of {", ".join(LANGUAGES)}, or "" for the language of the session')
    return value


def _check_name(value: Any) -> str:
    if not isinstance(value, str) or not sanitize.one_line(value):
        raise ValueError("must be a name in quotes")
    return sanitize.one_line(value)


def _check_id(value: Any) -> tuple[int, int]:
    try:
        return devices.parse_id(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError('must be a USB id such as "0a21:8001"; unplugd devices lists them') from None


def _check_process(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    program = text.partition(":")[0]
    # On other systems, a name may have a backslash in it.
    has_folder = "/" in program or ("\\" in program and program.lower().endswith(".exe"))
    relative = has_folder and not is_path(text)
    if not text.strip("*?") or relative or text.startswith(":") or text.endswith((":", "/", ":\\")):
        raise ValueError(
            'must be program names, full paths, or entries such as "java:uploader.jar", in quotes'
        )
    return str(value)


CHECKS: Final[dict[str, dict[str, Callable[[Any], Any]]]] = {
    "remind": {
        "after_plug_in": _make_duration_check(0, DAY_SECONDS),
        "after_use": _make_duration_check(0, DAY_SECONDS),
        "running_counts_for": _make_duration_check(0, DAY_SECONDS),
        "repeat": _make_list_check(
            _make_duration_check(0.05, DAY_SECONDS), 'durations such as ["5m", "10m"]', least=1
        ),
        "critical_after": _check_count,
        "snooze": _make_duration_check(0.05, DAY_SECONDS),
        "snooze_limit": _make_duration_check(0, DAY_SECONDS),
        "quiet_hours": _make_list_check(_check_quiet_hours, 'time ranges such as ["22:00-07:00"]'),
    },
    "watch": {"look_every": _make_duration_check(0.05, 3600)},
    "notify": {
        "channels": _make_list_check(_check_channel, f"channels: {', '.join(CHANNELS)}", least=1),
        "language": _check_language,
    },
    "device": {"name": _check_name, "id": _check_id},
    "uploader": {"name": _check_name, "process": _make_list_check(_check_process, "program names", least=1)},
}
"""The check of each key, by section."""
TABLES: Final = ("device", "uploader")
"""Sections written `[[name]]`, any number of times."""
