"""Moments: as the journal writes them, as people type them, and the local days they fall on. Pure."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from unplugd import duration

if TYPE_CHECKING:
    from datetime import tzinfo

LENGTH: Final = len("2026-11-22T14:00:00.000Z")
FORMS: Final = "2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h"
"""How a person may write a time."""
HINT: Final = f"write it like {FORMS}"
_AGO: Final = re.compile(r"([0-9]{1,5})d(?:([0-9]{1,3}h)?)")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def seconds(written: str) -> float:
    """Return a journal's time as Unix seconds; NaN for what is no time."""
    try:
        moment = datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return math.nan


def is_fixed(written: str) -> bool:
    """Return whether this has the journal's own form, in which earlier is also less as a text."""
    return len(written) == LENGTH and written[-1] == "Z" and written[10] == "T" and written[19] == "."


def since(typed: str, now: float | None = None, zone: tzinfo | None = None) -> float:
    """Return where `--since` begins: the beginning of what was typed. ValueError where it is no time."""
    return _span(typed, now, zone)[0]


def until(typed: str, now: float | None = None, zone: tzinfo | None = None) -> float:
    """Return where `--until` ends, exclusive: after the whole of what was typed (a day, a minute, a second)."""
    return _span(typed, now, zone)[1]


def _span(typed: str, now: float | None, zone: tzinfo | None) -> tuple[float, float]:
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
            return midnight(day, zone), midnight(day + timedelta(days=1), zone)
        if exact := _TIME.fullmatch(text):
            return _of_time(exact, zone)
        if days := _AGO.fullmatch(text):
            # Days of the calendar: the same time of day, even if the clocks were changed in between.
            then = datetime.fromtimestamp(moment, zone).replace(tzinfo=None) - timedelta(days=int(days[1]))
            ago = _first(then, zone) - (duration.parse(days[2]) if days[2] else 0)
        else:
            ago = moment - duration.parse(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f'"{typed}" is not a time') from None
    return ago, ago


def _of_time(typed: re.Match[str], zone: tzinfo | None) -> tuple[float, float]:
    written = datetime.fromisoformat(typed[0])
    unit = timedelta(minutes=1) if not typed[1] else timedelta(seconds=1) if not typed[2] else timedelta()
    if written.tzinfo:
        return written.timestamp(), (written + unit).timestamp()
    begin = _first(written, zone)
    if _skipped(written, zone):
        return begin, begin
    return begin, _stamp(written.replace(fold=1), zone) + unit.total_seconds()


def midnight(day: date, zone: tzinfo | None) -> float:
    """Return when a local day begins, in Unix seconds; where the clocks skip midnight, when they jump over it."""
    return _first(datetime.combine(day, datetime.min.time()), zone)


def _first(local: datetime, zone: tzinfo | None) -> float:
    """Return the first moment at which local clocks show this or, where they skip it, at which they jump over it."""
    local = local.replace(fold=0)
    if not _skipped(local, zone):
        return _stamp(local, zone)
    # In a gap the two readings lie on both sides of the jump, an equal way from the hour's two ends.
    low, high = sorted((_stamp(local, zone), _stamp(local.replace(fold=1), zone)))
    while high - low > 1e-3:
        middle = (low + high) / 2
        shown = datetime.fromtimestamp(middle, zone).replace(tzinfo=None, fold=0)
        low, high = (middle, high) if shown < local else (low, middle)
    return float(round(high))


def _skipped(local: datetime, zone: tzinfo | None) -> bool:
    shown = datetime.fromtimestamp(_stamp(local, zone), zone)
    return shown.replace(tzinfo=None, fold=0) != local.replace(fold=0)


def _stamp(local: datetime, zone: tzinfo | None) -> float:
    return (local.replace(tzinfo=zone) if zone else local).timestamp()
