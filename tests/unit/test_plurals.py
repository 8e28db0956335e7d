"""Counts in words."""

from __future__ import annotations

import pytest

from unplugd.plurals import choose_sentence, pluralize


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (1234, "1\u202f234 days")]
)
def test_a_count_has_its_noun(count: int, shown: str) -> None:
    """Only one thing is singular."""
    assert pluralize(count, "day", "days") == shown


@pytest.mark.parametrize(("count", "shown"), [(1, "One line."), (3, "3 lines."), (2000, "2\u202f000 lines.")])
def test_a_sentence_has_its_count(count: int, shown: str) -> None:
    """The sentence for several shows how many, the one for a single thing stands as it is."""
    assert choose_sentence(count, "One line.", "{} lines.") == shown


def test_a_sentence_can_hold_braces() -> None:
    """Braces that are not "{}" are text, since a sentence may hold a word from a journal."""
    assert choose_sentence(2, "{x", "{x} {0} {}") == "{x} {0} 2"
