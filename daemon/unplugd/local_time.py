"""Local times around changes of the clock: midnights that are skipped, hours that come twice. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


def find_midnight(day: date, zone: tzinfo | None) -> float:
    """Return when a local day begins, in Unix seconds; where the clocks skip midnight, when they jump over it."""
    return find_first_moment(datetime.combine(day, datetime.min.time()), zone)


def find_first_moment(local: datetime, zone: tzinfo | None) -> float:
    """Return the first moment at which local clocks show this or, where they skip it, at which they jump over it."""
    local = local.replace(fold=0)
    if not is_skipped(local, zone):
        return to_seconds(local, zone)
    # In a gap the two readings lie on both sides of the jump, an equal way from the hour's two ends.
    low, high = sorted((to_seconds(local, zone), to_seconds(local.replace(fold=1), zone)))
    while high - low > 1e-3:
        middle = (low + high) / 2
        shown = datetime.fromtimestamp(middle, zone).replace(tzinfo=None, fold=0)
        low, high = (middle, high) if shown < local else (low, middle)
    return float(round(high))


def is_skipped(local: datetime, zone: tzinfo | None) -> bool:
    """Whether local clocks never show this, since they jump over it."""
    shown = datetime.fromtimestamp(to_seconds(local, zone), zone)
    return shown.replace(tzinfo=None, fold=0) != local.replace(fold=0)


def to_seconds(local: datetime, zone: tzinfo | None) -> float:
    """Return a local time as Unix seconds."""
    return (local.replace(tzinfo=zone) if zone else local).timestamp()
