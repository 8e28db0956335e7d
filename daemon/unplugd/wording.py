"""What a report says in the same words as a text and as a page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd import days

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.report import Report


def covered(report: Report, zone: tzinfo) -> str:
    """Return the days that the report covers, with the times where it begins or ends within one."""
    # A report until midnight, or a second after the last thing there, is one of the day before.
    last_moment = max(report.since, report.until - 1)
    (first,) = days.between(report.since, report.since, zone)
    (last,) = days.between(last_moment, last_moment, zone)
    parts = []
    if report.since > first.began:
        parts.append(f"from {days.clock(days.local(report.since, zone))}")
    if report.until < last.ended:
        parts.append(f"until {days.clock(days.local(report.until, zone))}")
    shown = days.span(first.date, last.date)
    return f"{shown}, {' '.join(parts)}" if parts else shown
