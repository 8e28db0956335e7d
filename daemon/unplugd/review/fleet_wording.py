"""Sentences and short texts of the report on many computers, as text and as a page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.languages.language import ENGLISH, mark, mark_count, mark_in
from unplugd.review.wording import format_moment

if TYPE_CHECKING:
    from datetime import tzinfo

    from unplugd.languages.language import Language
    from unplugd.review.fleet import Computer, Fleet, Trouble

MAX_AGE_OF_NOW_SECONDS: Final = 3600.0
"""A report that was made at most this long after its end says how things are now."""
MIN_REMINDERS_FOR_SHARE: Final = 5
"""From so many reminders on, the share of those without an answer says whether anybody sees them."""
UNSEEN_FROM_PERCENT: Final = 90
"""From so many percent of reminders without an answer on, perhaps nobody sees them."""
SHARE_LABELS: Final = {
    # Translators: How long devices were left plugged in unused on an average day. The number of computers stands beside it.
    "none": mark_in("unused on an average day", "none"),
    "under_1_hour": mark_in("unused on an average day", "under 1 hour"),
    "1_to_8_hours": mark_in("unused on an average day", "1 to 8 hours"),
    "8_to_24_hours": mark_in("unused on an average day", "8 to 24 hours"),
    # Translators: At least 23.5 hours of the day.
    "always": mark_in("unused on an average day", "always"),
}
"""Labels for the classes of computers in `fleet.SHARES`; `translate_in` takes them."""
TROUBLE: Final = {
    # Translators: The names of the computers follow.
    "failed_reminders": mark_count(
        "On one computer, reminders could not be shown:",
        "On {count} computers, reminders could not be shown:",
    ),
    "lost_events": mark_count(
        "On one computer, the journal could not be written, and events were lost:",
        "On {count} computers, the journal could not be written, and events were lost:",
    ),
    "same_name": mark_count(
        "Two computers have the same name:", "{count} computers have the name of another one:"
    ),
    "clock_ahead": mark_count(
        "On one computer, the clock was ahead, and what it wrote then is left out:",
        "On {count} computers, the clock was ahead, and what they wrote then is left out:",
    ),
    "clock_jumps": mark_count(
        "On one computer, the clock was changed by more than a minute:",
        "On {count} computers, the clock was changed by more than a minute:",
    ),
    "old_version": mark_count(
        "One computer has an older version of unplugd than others:",
        "{count} computers have an older version of unplugd than others:",
    ),
    "damaged": mark_count(
        "The journal of one computer has lines that cannot be read:",
        "The journals of {count} computers have lines that cannot be read:",
    ),
    # Translators: The names of the files follow.
    "empty": mark_count("One file has no events:", "{count} files have no events:"),
    "unreadable": mark_count("One file could not be read:", "{count} files could not be read:"),
    # Translators: The program that reads the journals failed. The names of the computers follow.
    "not_reviewed": mark_count(
        "The journal of one computer could not be reviewed:",
        "The journals of {count} computers could not be reviewed:",
    ),
}
"""The sentences for each kind of trouble, before the names of the computers or files: for one, and for several."""
UNSEEN: Final = mark("Where nearly all reminders get no answer, perhaps nobody sees them.")
"""Said if reminders at one of the worst computers get so few answers."""


def describe_trouble(trouble: Trouble, language: Language = ENGLISH) -> str:
    """Return the sentence about a trouble, before the names; an unknown one is shown by its key."""
    count = len(trouble.hosts)
    if trouble.kind in TROUBLE:
        return language.count(count, *TROUBLE[trouble.kind])
    return f"{trouble.kind.replace('_', ' ')}:"


def is_now(fleet: Fleet, made: float) -> bool:
    """Return whether a report made at `made` (Unix seconds) says how things are now, and not at an earlier time."""
    return made - fleet.until <= MAX_AGE_OF_NOW_SECONDS


def count_plugged_in(fleet: Fleet) -> int:
    """Return on how many computers something is plugged in unused."""
    return len({found.host for found in fleet.plugged_in})


def describe_nothing_plugged_in(fleet: Fleet, language: Language = ENGLISH) -> str:
    """Return the sentence for when nothing is plugged in unused, as far as is known."""
    if not fleet.heard:
        return language.translate(
            "No computer was heard from in the last 24 hours: what is plugged in is unknown."
        )
    return language.translate("Nothing is known to be plugged in unused.")


def count_without_data(fleet: Fleet) -> int:
    """Return how many computers there is no data of."""
    return len(fleet.computers) - sum(fleet.shares)


def find_daily_unused(computer: Computer) -> float:
    """Return how long something was left plugged in unused at a computer, in seconds a day with data."""
    return computer.figures.unused_for / computer.days if computer.days else 0.0


def find_unanswered(computer: Computer) -> int | None:
    """Return how many percent of the reminders of a computer got no answer; None if there were too few to tell."""
    if computer.figures.reminders < MIN_REMINDERS_FOR_SHARE:
        return None
    return round(computer.figures.outcomes.get("", 0) / computer.figures.reminders * 100)


def has_unseen_reminders(fleet: Fleet) -> bool:
    """Return whether there are computers among the worst where perhaps nobody sees the reminders."""
    return any((find_unanswered(computer) or 0) >= UNSEEN_FROM_PERCENT for computer in fleet.worst)


def format_heard(heard: float | None, fleet: Fleet, zone: tzinfo, language: Language = ENGLISH) -> str:
    """Return when a computer was last heard from: "Mon 2 Nov 10:06", with the year unless the report ends in it."""
    if heard is None:
        # Translators: When a computer was last heard from.
        return language.translate_in("last heard from", "never")
    return format_moment(heard, fleet, zone, language)
