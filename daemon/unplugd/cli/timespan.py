"""Parses the values of `--since` and `--until`: local times as people type them."""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from unplugd import durations, sanitize
from unplugd.errors import Failure
from unplugd.local_time import find_first_moment, find_midnight, is_skipped, to_datetime, to_seconds

if TYPE_CHECKING:
    import argparse
    from datetime import tzinfo

FORMS: Final = "2026-11-22, 2026-11-22T14:00, today, yesterday, 7d or 12h"
"""Examples of what people can type."""
HINT: Final = f"write it like {FORMS}"
_AGO: Final = re.compile(r"([0-9]{1,5})d(?:([0-9]{1,3}h)?)")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse_range(
    arguments: argparse.Namespace, now: float | None = None, zone: tzinfo | None = None
) -> tuple[float | None, float | None]:
    """Return `--since` and `--until` in Unix seconds, None if not given; Failure if invalid or out of order."""
    try:
        since = None if arguments.since is None else parse_since(arguments.since, now, zone)
        until = None if arguments.until is None else parse_until(arguments.until, now, zone)
    except ValueError as error:
        raise Failure(sanitize.one_line(str(error), 200), HINT) from None
    if since is not None and until is not None and since >= until:
        raise Failure(
            "--since is not before --until", f"unplugd {arguments.command.split('.')[0]} --since 7d"
        )
    return since, until


def parse_since(typed: str, now: float | None = None, zone: tzinfo | None = None) -> float:
    """Return the start of what was typed (a day, a minute, a second) in Unix seconds; ValueError if not a time."""
    return _parse(typed, now, zone)[0]


def parse_until(typed: str, now: float | None = None, zone: tzinfo | None = None) -> float:
    """Return the end (exclusive) of what was typed in Unix seconds; ValueError if not a time."""
    return _parse(typed, now, zone)[1]


def _parse(typed: str, now: float | None, zone: tzinfo | None) -> tuple[float, float]:
    """Return the start and end of what was typed, in Unix seconds.

    When clocks go back, an hour that occurs twice lasts from its first start to its second end. When they go forward, a
    skipped time means the moment of the jump.
    """
    now = time.time() if now is None else now
    text = typed.strip()
    try:
        today = to_datetime(now, zone).date()
        if text in ("today", "yesterday") or _DATE.fullmatch(text):
            day = (
                date.fromisoformat(text) if text[0].isdigit() else today - timedelta(days=text == "yesterday")
            )
            return find_midnight(day, zone), find_midnight(day + timedelta(days=1), zone)
        if exact := _TIME.fullmatch(text):
            return _parse_time(exact, zone)
        if days := _AGO.fullmatch(text):
            # Count calendar days: the same time of day, even if the clocks have changed in between.
            then = to_datetime(now, zone).replace(tzinfo=None) - timedelta(days=int(days[1]))
            ago = find_first_moment(then, zone) - (durations.parse(days[2]) if days[2] else 0)
        else:
            ago = now - durations.parse(text)
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
