"""The events are defined once: whoever writes, reads, shows or counts them means the same events and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args, get_type_hints

import pytest

from unplugd.cli import log_csv, log_text
from unplugd.html_report import svg
from unplugd.journal import event as journal_event
from unplugd.journal import kinds, sentences
from unplugd.review import figures
from unplugd.review.model import AWAY
from unplugd.review.wording import ABSENCE_TEXTS, OUTCOME_LABELS, OUTCOME_TEXTS
from unplugd.rules.events import (
    ABSENCES,
    HELD_BACK_ENDS,
    NAMES,
    OUTCOMES,
    Event,
    Gap,
    PluggedIn,
    ReminderEnded,
    get_field_names,
    get_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = {"time", "event", "host", "boot", "schema", "uptime", "station", "session", "device", "id", "name"}
FIELDS = {name for kind in NAMES for name in get_field_names(kind)}
# As what a reader takes a field, by the type that is written; every other type is a text.
READ_AS: dict[object, object] = {
    int: float,
    float: float,
    float | None: float,
    Literal[True] | None: bool,
    tuple[str, ...]: tuple[str, ...],
}


def test_every_kind_has_a_name() -> None:
    """Every event that can be written has a name, each its own."""
    assert set(NAMES) == set(get_args(Event))
    assert len(set(NAMES.values())) == len(NAMES)


def test_fields_that_are_none_are_left_out() -> None:
    """What an event does not have does not stand in the journal; what it has stands in the order of its definition."""
    assert get_fields(PluggedIn(4)) == {"address": 4}
    assert list(get_fields(Gap(2, "a", "b")).items()) == [
        ("lost", 2),
        ("from", "a"),
        ("until", "b"),
    ]
    assert get_fields(ReminderEnded("in_use", 0.0, unseen=True)) == {
        "outcome": "in_use",
        "held_for": 0.0,
        "unseen": True,
    }


def test_every_kind_is_read_and_has_a_sentence() -> None:
    """The reader's order and the sentences know every event, and no other."""
    names = sorted(NAMES.values())
    assert sorted(kinds.KINDS) == names
    assert sorted(sentences._SENTENCES) == names
    assert set(log_text.STYLES) <= set(names)


def test_every_field_that_is_read_is_written() -> None:
    """The review asks for no field that nothing writes, and takes each for what it is."""
    written = {
        name: READ_AS.get(kind, str)
        for event in NAMES
        for name, kind in zip(get_field_names(event), get_type_hints(event).values(), strict=True)
    }
    read = {
        name: kind for name, kind in get_type_hints(journal_event.JournalEvent).items() if name not in HEAD
    }
    # Journals of old versions have no `due`.
    assert read.pop("due") == tuple[str, ...] | None
    assert read == {name: written[name] for name in read}


def test_the_table_has_a_column_for_every_field() -> None:
    """Each field once, and nothing else."""
    assert sorted(log_csv.COLUMNS) == sorted(HEAD | FIELDS)


def test_every_outcome_has_a_sentence() -> None:
    """The log has words for each way in which a reminder ends."""
    assert set(sentences.OUTCOME_SENTENCES) == set(OUTCOMES)


@pytest.mark.parametrize("known", [figures.OUTCOMES, OUTCOME_LABELS, OUTCOME_TEXTS, svg.MARKS])
def test_every_outcome_is_known(known: Iterable[str]) -> None:
    """The review knows two more: the person was away, and none."""
    assert set(known) == {*OUTCOMES, AWAY, ""}


def test_every_absence_is_known() -> None:
    """The log and the review have words for each reason why nobody is in front; the review for an unknown one, too."""
    assert set(sentences.ABSENCE_SENTENCES) == set(ABSENCES)
    assert set(ABSENCE_TEXTS) == set(figures.ABSENCES) == {*ABSENCES, ""}


def test_every_end_of_holding_back_is_known() -> None:
    """The log has words for each."""
    assert set(sentences.HELD_BACK_END_SENTENCES) == set(HELD_BACK_ENDS)
