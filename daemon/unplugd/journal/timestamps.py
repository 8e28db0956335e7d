"""Timestamps as the journal writes them: RFC 3339, UTC, milliseconds. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

TIMESTAMP_LENGTH: Final = len("2026-11-22T14:00:00.000Z")


def parse_timestamp(written: str) -> float:
    """Return a journal's time as Unix seconds; NaN for what is no time."""
    try:
        moment = datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return math.nan


def is_fixed_form(written: str) -> bool:
    """Return whether this has the journal's own form, in which earlier is also less as a text."""
    return (
        len(written) == TIMESTAMP_LENGTH and written[-1] == "Z" and written[10] == "T" and written[19] == "."
    )


def format_timestamp(stamp: float) -> str:
    """Return a wall-clock time as the journal writes it: RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
