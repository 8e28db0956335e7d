"""Local times: the current one, formatting, and conversion around clock changes (skipped midnights, repeated hours)."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from unplugd import sanitize

if TYPE_CHECKING:
    from datetime import tzinfo


EPOCH: Final = datetime.fromtimestamp(0, UTC)

if sys.platform == "win32":
    from unplugd.win32 import ucrtbase

    _read_zone = ucrtbase.read_zone

    def forget_foreign_zone() -> None:
        """Use the zone of the system where a shell from elsewhere names one: Windows would misread that."""
        if "/" in os.environ.get("TZ", ""):
            del os.environ["TZ"]
            _read_zone()

    def to_datetime(seconds: float, zone: tzinfo | None) -> datetime:
        """Return the time at `seconds` (Unix time) in a zone, without one if it is this computer's (None)."""
        # Windows has no local times before 1970, nor after 3000: those are in UTC.
        if zone is None and 0 <= seconds < 30_000_000_000:
            return datetime.fromtimestamp(seconds, zone)
        moment = EPOCH + timedelta(seconds=seconds)
        return moment.astimezone(zone) if zone else moment.replace(tzinfo=None)

    def to_seconds(local: datetime, zone: tzinfo | None) -> float:
        """Return a local time in `zone` (None: this computer's) as Unix seconds."""
        try:
            return (local.replace(tzinfo=zone) if zone else local).timestamp()
        except OSError:
            return local.replace(tzinfo=UTC).timestamp()

else:
    _read_zone = time.tzset

    def forget_foreign_zone() -> None:
        """Do nothing: TZ means the same to every program."""

    def to_datetime(seconds: float, zone: tzinfo | None) -> datetime:
        """Return the time at `seconds` (Unix time) in a zone, without one if it is this computer's (None)."""
        return datetime.fromtimestamp(seconds, zone)

    def to_seconds(local: datetime, zone: tzinfo | None) -> float:
        """Return a local time in `zone` (None: this computer's) as Unix seconds."""
        return (local.replace(tzinfo=zone) if zone else local).timestamp()


def read_now() -> datetime:
    """Return the current local time, in the time zone that the system has now."""
    # Python reads the zone only once. This call notices that it was changed; it costs a few microseconds.
    _read_zone()
    return datetime.now().astimezone()


def format_local_time(written: str) -> str:
    """Return a timestamp of the journal in local time, to the second; unchanged if it is invalid."""
    try:
        return datetime.fromisoformat(written).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return sanitize.one_line(written, 24)


def find_midnight(day: date, zone: tzinfo | None) -> float:
    """Return when a local day begins, in Unix seconds; if the clocks skip midnight, when they jump."""
    return find_first_moment(datetime.combine(day, datetime.min.time()), zone)


def find_first_moment(local: datetime, zone: tzinfo | None) -> float:
    """Return when local clocks first show this time, in Unix seconds; if they skip it, when they jump."""
    local = local.replace(fold=0)
    if not is_skipped(local, zone):
        return to_seconds(local, zone)
    # With the offset from after the jump, a skipped time is a moment before the jump, and vice versa.
    low, high = sorted((to_seconds(local, zone), to_seconds(local.replace(fold=1), zone)))
    while high - low > 1e-3:
        middle = (low + high) / 2
        shown = to_datetime(middle, zone).replace(tzinfo=None, fold=0)
        low, high = (middle, high) if shown < local else (low, middle)
    return float(round(high))


def is_skipped(local: datetime, zone: tzinfo | None) -> bool:
    """Return whether local clocks skip this time."""
    shown = to_datetime(to_seconds(local, zone), zone)
    return shown.replace(tzinfo=None, fold=0) != local.replace(fold=0)
