"""Sentences and short texts used in both the text report and the HTML page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd import durations
from unplugd.languages.language import ENGLISH, mark, mark_count, mark_in
from unplugd.review import days

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.figures import Figures, Report
    from unplugd.review.fleet import Fleet
    from unplugd.review.model import Period

UNKNOWN: Final = mark("There is no data for this time: unplugd was not running.")
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
"""Labels for the outcomes of a reminder in the text report, in English."""
OUTCOME_LABELS: Final = {
    # Translators: What became of a reminder: the device was unplugged.
    "unplugged": mark_in("outcome of a reminder", "unplugged"),
    "in_use": mark_in("outcome of a reminder", "an upload began"),
    # Translators: The person pressed the button "Snooze", and was left alone for some minutes.
    "snoozed": mark_in("outcome of a reminder", "snoozed"),
    # Translators: The person closed the notification.
    "dismissed": mark_in("outcome of a reminder", "closed by hand"),
    # Translators: The computer's desktop (GNOME, KDE, …) closed the notification.
    "expired": mark_in("outcome of a reminder", "closed by the desktop"),
    # Translators: The person was not in front of the computer.
    "away": mark_in("outcome of a reminder", "away part of the time"),
    "": mark_in("outcome of a reminder", "no response before the next reminder, or unknown"),
}
"""The same for the HTML page, next to a mark; `translate_in` takes them."""
ABSENCE_TEXTS: Final = {
    # Translators: How long nobody was in front of the computer, and why.
    "locked": mark("{duration} with the screen locked"),
    # Translators: Another person was logged in and had the screen.
    "inactive": mark("{duration} with another session in front"),
    "": mark("{duration} for an unknown reason"),
}
"""Texts for the reasons why nobody is in front."""
AWAY_TEXTS: Final = {
    # Translators: In a list of what happened while a device was plugged in: nobody was in front of the computer.
    "locked": mark("away {duration} with the screen locked"),
    "inactive": mark("away {duration} with another session in front"),
    "": mark("away {duration} for an unknown reason"),
}
"""The same in a list of what happened."""

_SAME: Final = (
    # Translators: Compares the time that a device was left plugged in unused with that of the time before.
    mark_count(
        "About as long as in the day before ({before}).",
        "About as long as in the {count} days before ({before}).",
    ),
    mark("About as long as in the {length} before ({before})."),
)
_MORE: Final = (
    mark_count(
        "{change} more than in the day before ({before}).",
        "{change} more than in the {count} days before ({before}).",
    ),
    # Translators: {length} is a duration, such as "3 h 20 min".
    mark("{change} more than in the {length} before ({before})."),
)
_LESS: Final = (
    mark_count(
        "{change} less than in the day before ({before}).",
        "{change} less than in the {count} days before ({before}).",
    ),
    mark("{change} less than in the {length} before ({before})."),
)


def describe_covered(report: Report | Fleet, zone: tzinfo, language: Language = ENGLISH) -> str:
    """Return the days that the report covers, with the times if it begins or ends within a day."""
    # A report that ends at midnight, or a second after the last event, covers the day before.
    last_moment = max(report.since, report.until - 1)
    (first,) = days.list_days(report.since, report.since, zone)
    (last,) = days.list_days(last_moment, last_moment, zone)
    formats = language.formats
    shown = formats.format_days(first.date, last.date)
    began = formats.format_clock(days.to_local(report.since, zone)) if report.since > first.began else ""
    ended = formats.format_clock(days.to_local(report.until, zone)) if report.until < last.ended else ""
    if began and ended:
        # Translators: The days that the report covers, and the times of day at which it begins and ends.
        return language.translate("{days}, from {began} until {ended}", days=shown, began=began, ended=ended)
    if began:
        return language.translate("{days}, from {began}", days=shown, began=began)
    if ended:
        return language.translate("{days}, until {ended}", days=shown, ended=ended)
    return shown


def count_times(count: int) -> str:
    """Return how often something happened, in English."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def describe_held_back(report: Report | Fleet) -> list[str]:
    """Return a text for each program that held reminders back: its name, how many times, and how long; in English."""
    return [
        f"{program or 'unknown'}: {count_times(times)}, {describe_duration(seconds, 'less than a second')}"
        for program, times, seconds in report.held_back
    ]


def describe_away(
    away_for: Mapping[str, float], texts: Mapping[str, str] = ABSENCE_TEXTS, language: Language = ENGLISH
) -> list[str]:
    """Return a text for each reason why nobody was in front, with how long; none below a second."""
    return [
        language.translate(text, duration=durations.describe(seconds, language))
        for why, text in texts.items()
        if (seconds := away_for.get(why, 0.0)) >= 1
    ]


def describe_late(total: Figures) -> list[str]:
    """Return how often a device stayed in for long after a reminder, which the median hides, in English."""
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


def format_moment(seconds: float, report: Report | Fleet, zone: tzinfo, language: Language = ENGLISH) -> str:
    """Return "Mon 2 Nov 10:06", with the year unless the report ends in it."""
    time = days.to_local(seconds, zone)
    is_earlier = time.year != days.to_local(report.until, zone).year
    return language.formats.format_moment(time, with_year=is_earlier)


def format_share(total: Figures, language: Language = ENGLISH) -> str:
    """Return how much of the time plugged in was unused: "91 %", "over 99 %", "under 1 %"; "" if none."""
    if total.unused_for < 1:
        return ""
    percent = total.unused_for / total.plugged_for * 100
    if 99 < percent < 100:
        return language.translate("over {percent}", percent=language.formats.format_percent(99))
    if percent < 1:
        return language.translate("under {percent}", percent=language.formats.format_percent(1))
    return language.formats.format_percent(round(percent))


def compare_with_before(report: Report | Fleet, language: Language = ENGLISH) -> str:
    """Return a sentence: how the unused time differs from that of the time before, "" if there is no data for it."""
    before = report.before
    if before is None:
        return ""
    change = report.total.unused_for - before.unused_for
    values = {
        "change": describe_duration(abs(change), language=language),
        "before": describe_duration(before.unused_for, language=language),
    }
    seconds = report.until - report.since
    count = round(seconds / 86400)
    if abs(change) < max(60.0, before.unused_for / 100):
        by_days, by_time = _SAME
    else:
        by_days, by_time = _MORE if change > 0 else _LESS
    if count >= 2 or abs(seconds - 86400) <= 3600:
        return language.count(count, *by_days, **values)
    return language.translate(by_time, length=durations.describe(seconds, language), **values)


def describe_not_watched(report: Report | Fleet, duration: str, language: Language = ENGLISH) -> str:
    """Return a sentence about how long unplugd was not running, which is `duration` in words.

    The last event of another computer does not say whether unplugd went on running there.
    """
    computers = len(report.computers)
    if computers > 1:
        return language.count(
            computers,
            "There is no data for {duration} on {count} computer: unplugd was not running, or was not heard from.",
            "There is no data for {duration}, on {count} computers combined: unplugd was not running, or was not heard "
            "from.",
            duration=duration,
        )
    return language.translate(
        "unplugd was not running for {duration}; there is no data for that time.", duration=duration
    )


def describe_duration(seconds: float, nothing: str | None = None, language: Language = ENGLISH) -> str:
    """Return a duration in words; less than a second is `nothing`, "none" if that is not given."""
    if seconds >= 1:
        return durations.describe(seconds, language)
    # Translators: A duration of less than a second.
    return language.translate_in("duration", "none") if nothing is None else nothing
