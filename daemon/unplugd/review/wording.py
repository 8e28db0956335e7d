"""Sentences and short texts used in both the text report and the HTML page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd import durations
from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from unplugd.review.figures import Figures, Report
    from unplugd.review.model import Period

UNKNOWN: Final = "There is no data for this time: unplugd was not running."
"""Shown instead of a report if there is no data at all."""
MIN_NOT_WATCHED_SECONDS: Final = 60.0
"""Shortest time without unplugd that is mentioned, in seconds; each restart takes less."""
OUTCOME_TEXTS: Final = {
    "unplugged": "you unplugged it",
    "in_use": "an upload began",
    "snoozed": "you snoozed it",
    "dismissed": "you closed it",
    "expired": "the desktop closed it",
    "away": "you were away part of the time",
    "": "no response before the next one, or unknown",
}
"""Labels for the outcomes of a reminder in the text report."""
OUTCOME_LABELS: Final = {
    "unplugged": "unplugged",
    "in_use": "an upload began",
    "snoozed": "snoozed",
    "dismissed": "closed by hand",
    "expired": "closed by the desktop",
    "away": "away part of the time",
    "": "no response before the next reminder, or unknown",
}
"""The same for the HTML page, next to a mark."""
ABSENCE_TEXTS: Final = {
    "locked": "with the screen locked",
    "inactive": "with another session in front",
    "": "for an unknown reason",
}
"""Texts for the reasons why nobody is in front, after a duration."""


def describe_covered(report: Report, zone: tzinfo) -> str:
    """Return the days that the report covers, with the times if it begins or ends within a day."""
    # A report that ends at midnight, or a second after the last event, covers the day before.
    last_moment = max(report.since, report.until - 1)
    (first,) = days.list_days(report.since, report.since, zone)
    (last,) = days.list_days(last_moment, last_moment, zone)
    parts = []
    if report.since > first.began:
        parts.append(f"from {days.format_clock(days.to_local(report.since, zone))}")
    if report.until < last.ended:
        parts.append(f"until {days.format_clock(days.to_local(report.until, zone))}")
    shown = days.format_days(first.date, last.date)
    return f"{shown}, {' '.join(parts)}" if parts else shown


def count_times(count: int) -> str:
    """Return how often something happened."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def describe_held_back(report: Report) -> list[str]:
    """Return a text for each program that held reminders back: its name, how many times, and how long."""
    return [
        f"{program or 'unknown'}: {count_times(times)}, {describe_duration(seconds, 'less than a second')}"
        for program, times, seconds in report.held_back
    ]


def describe_away(away_for: Mapping[str, float]) -> list[str]:
    """Return a text for each reason why nobody was in front, with how long; none below a second."""
    return [
        f"{describe_duration(seconds)} {text}"
        for why, text in ABSENCE_TEXTS.items()
        if (seconds := away_for.get(why, 0.0)) >= 1
    ]


def describe_late(total: Figures) -> list[str]:
    """Return how often a device was not unplugged for long after a reminder, which the median hides; none if never."""
    late = [
        ("not within half an hour", total.over_half_an_hour),
        ("not within three hours", total.over_three_hours),
    ]
    return [f"{text}: {count_times(count)}" for text, count in late if count]


def is_still_plugged_in(period: Period, until: float) -> bool:
    """Return whether a device is plugged in at the end of the report; the last event of an open period may be older."""
    # A report may end at the next full second.
    return period.end == "open" and until - period.ended <= 1


def count_people(report: Report) -> int:
    """Return how many people were reminded, as far as the journal tells."""
    return len({reminder.session for period in report.periods for reminder in period.reminders} - {""})


def format_moment(seconds: float, report: Report, zone: tzinfo) -> str:
    """Return "Mon 2 Nov 10:06", with the year unless the report ends in it."""
    time = days.to_local(seconds, zone)
    year = f" {time.year}" if time.year != days.to_local(report.until, zone).year else ""
    return f"{days.format_short(time.date())}{year} {days.format_clock(time)}"


def format_share(total: Figures) -> str:
    """Return how much of the time plugged in was unused: "91 %", "over 99 %", "under 1 %"; "" if none."""
    if total.unused_for < 1:
        return ""
    percent = total.unused_for / total.plugged_for * 100
    return f"{'over 99' if 99 < percent < 100 else 'under 1' if percent < 1 else round(percent)} %"


def compare_with_before(report: Report) -> str:
    """Return how the unused time differs from that of the time before, "" if there is no data for it."""
    before = report.before
    if before is None:
        return ""
    change = report.total.unused_for - before.unused_for
    then = f"in the {_describe_length(report.until - report.since)} before ({describe_duration(before.unused_for)})"
    if abs(change) < max(60.0, before.unused_for / 100):
        return f"about as long as {then}"
    return f"{describe_duration(abs(change))} {'more' if change > 0 else 'less'} than {then}"


def describe_not_watched(report: Report, duration: str) -> str:
    """Return a sentence about how long unplugd was not running, which is `duration` in words."""
    computers = len(report.computers)
    where = f", on {computers} computers combined" if computers > 1 else ""
    return f"unplugd was not running for {duration}{where}; there is no data for that time."


def _describe_length(seconds: float) -> str:
    count = round(seconds / 86400)
    if count >= 2:
        return f"{count} days"
    return "day" if abs(seconds - 86400) <= 3600 else durations.describe(seconds)


def describe_duration(seconds: float, nothing: str = "none") -> str:
    """Return a duration in words; less than a second is `nothing`."""
    return durations.describe(seconds) if seconds >= 1 else nothing
