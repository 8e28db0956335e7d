"""Sentences about what was unusual in a journal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from unplugd.plurals import choose_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OUT_OF_PLACE: Final = (
    "One event is out of order and is shown where it was found.",
    "{} events are out of order and are shown where they were found.",
)
NOTES: Final = {
    "clock_jumps": (
        "The clock was changed by more than a minute once.",
        "The clock was changed by more than a minute {} times.",
    ),
    "gaps": (
        "Once, the journal could not be written for so long that events were lost.",
        "{} times, the journal could not be written for so long that events were lost.",
    ),
    "lost_events": ("One event was lost this way.", "{} events were lost this way."),
    "begun_before": (
        "The start of one period is missing from the journal; the duration recorded later is used.",
        "The start of {} periods is missing from the journal; the durations recorded later are used.",
    ),
    "failed_deliveries": (
        "Once, a reminder could not be shown on one of its channels.",
        "{} times, a reminder could not be shown on one of its channels.",
    ),
    "odd_events": (
        "One event does not fit the events before it.",
        "{} events do not fit the events before them.",
    ),
    "out_of_order": (
        "One event is older than the one before it and was skipped.",
        "{} events are older than the ones before them and were skipped.",
    ),
    "no_time": (
        "One event has no usable time and was skipped.",
        "{} events have no usable time and were skipped.",
    ),
    "torn": (
        "One line of the journal was cut off (by a crash) and was skipped.",
        "{} lines of the journal were cut off (by crashes) and were skipped.",
    ),
    "foreign": (
        "One line of the journal is not an event and was skipped.",
        "{} lines of the journal are not events and were skipped.",
    ),
    "too_long": (
        "One line of the journal is too long and was skipped.",
        "{} lines of the journal are too long and were skipped.",
    ),
    "disordered": _OUT_OF_PLACE,
    "misplaced": _OUT_OF_PLACE,
    "odd_value": ("One event has a value that makes no sense.", "{} events have values that make no sense."),
    "other_schema": (
        "One event was written by another version of unplugd.",
        "{} events were written by another version of unplugd.",
    ),
    "unknown_event": (
        "One event is of a kind that this version does not know.",
        "{} events are of kinds that this version does not know.",
    ),
    "doubled": ("One line appears twice and counts once.", "{} lines appear twice and count once."),
    "same_file": ("One file was given twice and counts once.", "{} files were given twice and count once."),
    "same_name": (
        "Two computers have the same name; a number after the name tells them apart.",
        "{} computers have the name of another one; a number after the name tells them apart.",
    ),
    "cut_file": (
        "One file got shorter while it was being read.",
        "{} files got shorter while they were being read.",
    ),
    "unreadable_file": ("One file could not be read.", "{} files could not be read."),
}
"""The sentences for each kind of note: for one, and for several."""


def describe_notes(notes: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each note; an unknown one is shown by its key."""
    for key, count in notes.items():
        if count > 0:
            name = key.replace("_", " ")
            yield choose_sentence(count, *NOTES.get(key, (f"{name}: 1", f"{name}: {{}}")))
