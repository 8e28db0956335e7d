"""Parses and formats durations, for the configuration and for people; everywhere else they are in seconds. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from unplugd.languages.language import ENGLISH

if TYPE_CHECKING:
    from unplugd.languages.language import Language

DAY_SECONDS: Final = 86400.0
MILLISECONDS_PER_UNIT: Final = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_WRITTEN = re.compile("".join(f"(?:([0-9]{{1,6}}){unit})?" for unit in MILLISECONDS_PER_UNIT))


def parse(text: str) -> float:
    """Return the seconds in `text`, such as "90s", "5m", "1h30m" or "200ms"; ValueError for anything else."""
    written = _WRITTEN.fullmatch(text.strip())
    if not written or not any(written.groups()):
        raise ValueError(f'"{text}" is not a duration')
    # Use whole milliseconds, so that formatting and parsing returns exactly the same value.
    parts = zip(written.groups(), MILLISECONDS_PER_UNIT.values(), strict=True)
    return sum(int(number) * unit for number, unit in parts if number) / 1000


def format_exact(seconds: float) -> str:
    """Return `seconds` as the configuration writes them ("1h30m", "0s"); the inverse of `parse`, to the millisecond."""
    rest = round(seconds * 1000)
    parts = []
    for name, unit in MILLISECONDS_PER_UNIT.items():
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0s"


def describe(seconds: float, language: Language = ENGLISH) -> str:
    """Return `seconds` in words, with at most two units: "45 seconds", "12 minutes", "3 h 20 min", "2 d 4 h"."""
    whole = int(seconds)
    if whole < 60:
        return language.count(whole, "{count} second", "{count} seconds")
    minutes = whole // 60
    if minutes < 60:
        return language.count(minutes, "{count} minute", "{count} minutes")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        if minutes:
            # Translators: The units are abbreviated: "3 h 20 min". Use those of your language, with a no-break space between number and unit only.
            return language.translate("{hours} h {minutes} min", hours=str(hours), minutes=str(minutes))
        return language.translate("{hours} h", hours=str(hours))
    days, hours = divmod(hours, 24)
    if hours:
        return language.translate("{days} d {hours} h", days=str(days), hours=str(hours))
    return language.translate("{days} d", days=str(days))
