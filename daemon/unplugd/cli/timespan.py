"""Moments: as the journal writes them, as people type them, and the local days they fall on. Pure."""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from unplugd import durations
from unplugd.local_time import find_first_moment, find_midnight, is_skipped, to_seconds

if TYPE_CHECKING:
    from datetime import tzinfo

FORMS: Final = "2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h"
"""How a person may write a time."""
HINT: Final = f"write it like {FORMS}"
_AGO: Final = re.compile(r"([0-9]{1,5})d(?:([0-9]{1,3}h)?)")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_since(typed: str, now: float | None = None, zone: tzinfo | None = None) -> float:
    """Return where `--since` begins: the beginning of what was typed. ValueError where it is no time."""
    return _parse(typed, now, zone)[0]


def parse_until(typed: str, now: float | None = None, zone: tzinfo | None = None) -> float:
    """Return where `--until` ends, exclusive: after the whole of what was typed (a day, a minute, a second)."""
    return _parse(typed, now, zone)[1]


def _parse(typed: str, now: float | None, zone: tzinfo | None) -> tuple[float, float]:
    """Return where what was typed begins and ends, in Unix seconds.

    Local time. An hour that comes twice, when clocks go back, is meant from its first beginning to its second end; one
    that is skipped, when they go forward, is taken for the moment of the jump. A day is as long as it is there.
    """
    moment = time.time() if now is None else now
    text = typed.strip()
    try:
        today = datetime.fromtimestamp(moment, zone).date()
        if text in ("today", "yesterday") or _DATE.fullmatch(text):
            day = (
                date.fromisoformat(text) if text[0].isdigit() else today - timedelta(days=text == "yesterday")
            )
            return find_midnight(day, zone), find_midnight(day + timedelta(days=1), zone)
        if exact := _TIME.fullmatch(text):
            return _parse_time(exact, zone)
        if days := _AGO.fullmatch(text):
            # Days of the calendar: the same time of day, even if the clocks were changed in between.
            then = datetime.fromtimestamp(moment, zone).replace(tzinfo=None) - timedelta(days=int(days[1]))
            ago = find_first_moment(then, zone) - (durations.parse(days[2]) if days[2] else 0)
        else:
            ago = moment - durations.parse(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f'"{typed}" is not a time') from None
    return ago, ago


def _parse_time(typed: re.Match[str], zone: tzinfo | None) -> tuple[float, float]:
    written = datetime.fromisoformat(typed[0])
    unit = timedelta(minutes=1) if not typed[1] else timedelta(seconds=1) if not typed[2] else timedelta()
    if written.tzinfo:
        return written.timestamp(), (written + unit).timestamp()
    begin = find_first_moment(written, zone)
    if is_skipped(written, zone):
        return begin, begin
    return begin, to_seconds(written.replace(fold=1), zone) + unit.total_seconds()
