"""What was met while journals were read and reviewed, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OUT_OF_PLACE: Final = (
    "One event stands where another one belongs; it is told where it stands.",
    "{} events stand where others belong; they are told where they stand.",
)
NOTES: Final = {
    "clock_jumps": (
        "The clock was set by more than a minute once.",
        "The clock was set by more than a minute {} times.",
    ),
    "gaps": (
        "Once the journal could not be written for so long that events were lost.",
        "{} times the journal could not be written for so long that events were lost.",
    ),
    "lost_events": ("One event was lost that way.", "{} events were lost that way."),
    "begun_before": (
        "Of one period the journal has no beginning; what it says of it is taken for true.",
        "Of {} periods the journal has no beginning; what it says of them is taken for true.",
    ),
    "failed_deliveries": (
        "Once a reminder could not be shown by one of its channels.",
        "{} times a reminder could not be shown by one of its channels.",
    ),
    "odd_events": ("One event makes no sense where it stands.", "{} events make no sense where they stand."),
    "out_of_order": (
        "One event is older than the one before it and is left out.",
        "{} events are older than the ones before them and are left out.",
    ),
    "no_time": (
        "One event has no usable time and is left out.",
        "{} events have no usable time and are left out.",
    ),
    "torn": (
        "One line of the journal is torn (by a crash) and is left out.",
        "{} lines of the journal are torn (by crashes) and are left out.",
    ),
    "foreign": (
        "One line of the journal is no event and is left out.",
        "{} lines of the journal are no events and are left out.",
    ),
    "too_long": (
        "One line of the journal is too long and is left out.",
        "{} lines of the journal are too long and are left out.",
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
    "doubled": ("One line stands twice and counts once.", "{} lines stand twice and count once."),
    "same_file": ("One file was given twice and counts once.", "{} files were given twice and count once."),
    "cut_file": (
        "One file became shorter while it was read.",
        "{} files became shorter while they were read.",
    ),
    "unreadable_file": ("One file could not be read.", "{} files could not be read."),
}
"""Each as it is told of one, and of more."""


def told(notes: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each thing that was met; one without words of its own is called by its key."""
    for key, count in notes.items():
        if count > 0:
            name = key.replace("_", " ")
            once, often = NOTES.get(key, (f"{name}: 1", f"{name}: {{}}"))
            # Not by format(): a key can be anything.
            yield once if count == 1 else often.replace("{}", f"{count:,}".replace(",", "\u202f"))
