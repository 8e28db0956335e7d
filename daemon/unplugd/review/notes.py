"""Sentences about what was unusual in a journal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.languages.language import ENGLISH, mark_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from unplugd.languages.language import Language

_OUT_OF_PLACE: Final = mark_count(
    "One event is out of order and is shown where it was found.",
    "{count} events are out of order and are shown where they were found.",
)
NOTES: Final = {
    "clock_jumps": mark_count(
        "The clock was changed by more than a minute once.",
        "The clock was changed by more than a minute {count} times.",
    ),
    "gaps": mark_count(
        "Once, the journal could not be written for so long that events were lost.",
        "{count} times, the journal could not be written for so long that events were lost.",
    ),
    "lost_events": mark_count("One event was lost this way.", "{count} events were lost this way."),
    "begun_before": mark_count(
        "The start of one period is missing from the journal; the duration recorded later is used.",
        "The start of {count} periods is missing from the journal; the durations recorded later are used.",
    ),
    "failed_deliveries": mark_count(
        "Once, a reminder could not be shown on one of its channels.",
        "{count} times, a reminder could not be shown on one of its channels.",
    ),
    "odd_events": mark_count(
        "One event does not fit the events before it.",
        "{count} events do not fit the events before them.",
    ),
    "out_of_order": mark_count(
        "One event is older than the one before it and was skipped.",
        "{count} events are older than the ones before them and were skipped.",
    ),
    "no_time": mark_count(
        "One event has no usable time and was skipped.",
        "{count} events have no usable time and were skipped.",
    ),
    "torn": mark_count(
        "One line of the journal was cut off (by a crash) and was skipped.",
        "{count} lines of the journal were cut off (by crashes) and were skipped.",
    ),
    "foreign": mark_count(
        "One line of the journal is not an event and was skipped.",
        "{count} lines of the journal are not events and were skipped.",
    ),
    "too_long": mark_count(
        "One line of the journal is too long and was skipped.",
        "{count} lines of the journal are too long and were skipped.",
    ),
    "disordered": _OUT_OF_PLACE,
    "misplaced": _OUT_OF_PLACE,
    "odd_value": mark_count(
        "One event has a value that makes no sense.", "{count} events have values that make no sense."
    ),
    "other_schema": mark_count(
        "One event was written by another version of unplugd.",
        "{count} events were written by another version of unplugd.",
    ),
    "unknown_event": mark_count(
        "One event is of a kind that this version does not know.",
        "{count} events are of kinds that this version does not know.",
    ),
    "doubled": mark_count(
        "One line appears twice and counts once.", "{count} lines appear twice and count once."
    ),
    "same_file": mark_count(
        "One file was given twice and counts once.", "{count} files were given twice and count once."
    ),
    "same_name": mark_count(
        "Two computers have the same name; a number after the name tells them apart.",
        "{count} computers have the name of another one; a number after the name tells them apart.",
    ),
    "cut_file": mark_count(
        "One file got shorter while it was being read.",
        "{count} files got shorter while they were being read.",
    ),
    "unreadable_file": mark_count("One file could not be read.", "{count} files could not be read."),
}
"""The sentences for each kind of note: for one, and for several."""


def describe_notes(notes: Mapping[str, int], language: Language = ENGLISH) -> Iterator[str]:
    """Yield a sentence for each note; an unknown one is shown by its key."""
    for key, count in notes.items():
        if count > 0 and key in NOTES:
            yield language.count(count, *NOTES[key])
        elif count > 0:
            yield f"{key.replace('_', ' ')}: {language.formats.group_digits(count)}"
