"""Durations: as people write them in the configuration and as they are shown, always seconds in between."""

from __future__ import annotations

import re
from typing import Final

SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_WRITTEN = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?(?:(\d{1,6})ms)?")


def parse(text: str) -> float:
    """Return the seconds in `text`, such as "90s", "5m", "1h30m" or "200ms"; ValueError for anything else."""
    written = _WRITTEN.fullmatch(text.strip())
    if not written or not any(written.groups()):
        raise ValueError(f'"{text}" is not a duration')
    return sum(
        int(number) * unit for number, unit in zip(written.groups(), SECONDS.values(), strict=True) if number
    )


def written(seconds: float) -> str:
    """Return `seconds` as the configuration writes it: "1h30m", "0s"; the exact inverse of `parse`."""
    rest = round(seconds * 1000)
    parts = []
    for name, unit in SECONDS.items():
        count, rest = divmod(rest, round(unit * 1000))
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0s"


def spoken(seconds: float) -> str:
    """Return `seconds` as a person says it, to two units: "45 seconds", "12 minutes", "3 h 20 min", "2 d 4 h"."""
    whole = int(seconds)
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes = whole // 60
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
