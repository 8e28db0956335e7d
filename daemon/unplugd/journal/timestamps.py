"""The journal's timestamps: RFC 3339, UTC, milliseconds. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

from unplugd.local_time import to_datetime

TIMESTAMP_LENGTH: Final = len("2026-11-22T14:00:00.000Z")
MAX_WALL_SECONDS: Final = 1e10
"""Latest plausible wall-clock time, in Unix seconds (the year 2286); the earliest is 1970."""


def parse_timestamp(written: str) -> float:
    """Return a timestamp as Unix seconds, NaN if it is invalid."""
    try:
        moment = datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return math.nan


def is_fixed_form(written: str) -> bool:
    """Return whether a timestamp has the journal's own form, so that it can be compared as text."""
    return (
        len(written) == TIMESTAMP_LENGTH and written[-1] == "Z" and written[10] == "T" and written[19] == "."
    )


def format_timestamp(stamp: float) -> str:
    """Return Unix seconds as a timestamp."""
    return to_datetime(stamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
