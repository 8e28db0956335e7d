"""What a report says in the same words as a text and as a page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd import durations
from unplugd.review import days

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.review.figures import Figures, Report
    from unplugd.review.model import Period

UNKNOWN: Final = "There is no data for this time: unplugd was not running."
"""Instead of a report of a time in which nobody watched: that nothing was plugged in cannot be said."""


def describe_covered(report: Report, zone: tzinfo) -> str:
    """Return the days that the report covers, with the times where it begins or ends within one."""
    # A report until midnight, or a second after the last thing there, is one of the day before.
    last_moment = max(report.since, report.until - 1)
    (first,) = days.list_days(report.since, report.since, zone)
    (last,) = days.list_days(last_moment, last_moment, zone)
    parts = []
    if report.since > first.began:
        parts.append(f"from {days.format_clock(days.to_local(report.since, zone))}")
    if report.until < last.ended:
        parts.append(f"until {days.format_clock(days.to_local(report.until, zone))}")
    shown = days.format_span(first.date, last.date)
    return f"{shown}, {' '.join(parts)}" if parts else shown


def is_still_plugged_in(period: Period, until: float) -> bool:
    """Return whether a period goes on at the end of the report; of an open one it may be long that anything was known."""
    # A report ends with the next full second.
    return period.end == "open" and until - period.ended <= 1


def format_moment(seconds: float, report: Report, zone: tzinfo) -> str:
    """Return "Mon 2 Nov 10:06", with the year where it is not that of the report's end."""
    time = days.to_local(seconds, zone)
    year = f" {time.year}" if time.year != days.to_local(report.until, zone).year else ""
    return f"{days.format_short(time.date())}{year} {days.format_clock(time)}"


def format_share(total: Figures) -> str:
    """Return how much of the time plugged in was unused, "" where none was: "91 %", "over 99 %", "under 1 %"."""
    if total.unused_for < 1:
        return ""
    percent = total.unused_for / total.plugged_for * 100
    return f"{'over 99' if 99 < percent < 100 else 'under 1' if percent < 1 else round(percent)} %"


def compare_with_before(report: Report) -> str:
    """Return how the time unused differs from the time before, "" where nothing is known of that."""
    before = report.before
    if before is None:
        return ""
    change = report.total.unused_for - before.unused_for
    then = f"in the {_describe_length(report.until - report.since)} before ({describe_duration(before.unused_for)})"
    if abs(change) < max(60.0, before.unused_for / 100):
        return f"about as long as {then}"
    return f"{describe_duration(abs(change))} {'more' if change > 0 else 'less'} than {then}"


def _describe_length(seconds: float) -> str:
    count = round(seconds / 86400)
    if count >= 2:
        return f"{count} days"
    return "day" if abs(seconds - 86400) <= 3600 else durations.describe(seconds)


def describe_duration(seconds: float, nothing: str = "none") -> str:
    """Return a duration in words; what is shorter than a second is `nothing`."""
    return durations.describe(seconds) if seconds >= 1 else nothing
