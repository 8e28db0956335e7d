"""Untrusted strings come out harmless for the place where they are shown."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unplugd import sanitize

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=400)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CareLink USB", "CareLink USB"),
        ("  two\t words\r\n", "two words"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b31mred", "31mred"),
        ("a\x00b\x7fc", "abc"),
        ("left\u202etfel", "lefttfel"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("line\u2028separator", "line separator"),
        ("\ud800lone", "lone"),
        ("Gerät 東芝", "Gerät 東芝"),
        ("x" * 61, "x" * 59 + "…"),
        ("x" * 60, "x" * 60),
        ("", ""),
    ],
)
def test_plain_is_one_harmless_line(text: str, shown: str) -> None:
    """Escape sequences, formatting and line ends go; letters of every script stay."""
    assert sanitize.one_line(text) == shown


@given(ANYTHING, st.integers(min_value=1, max_value=100))
@example("\u00ad" * 300 + "x", 10)
def test_plain_never_yields_what_controls_a_terminal(text: str, limit: int) -> None:
    """No control, format or unassigned character, no line end, no more than the limit."""
    shown = sanitize.one_line(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(character)[0] == "C" for character in shown)
    assert len(shown.splitlines()) <= 1
    assert "  " not in shown
    shown.encode()


@given(ANYTHING)
def test_plain_text_stays_as_it_is(text: str) -> None:
    """Sanitizing twice is the same as sanitizing once."""
    once = sanitize.one_line(text)
    assert sanitize.one_line(once) == once


def test_a_name_of_megabytes_is_cut_before_it_is_looked_at() -> None:
    """The work does not grow with the name."""

    class Counting(str):
        __slots__ = ()
        looked_at = 0

        def __getitem__(self, key: object) -> str:
            assert isinstance(key, slice)
            Counting.looked_at = key.stop
            return str.__getitem__(self, key)

        def __iter__(self) -> object:  # type: ignore[override]
            raise AssertionError("the whole name was looked at")

    assert sanitize.one_line(Counting("x" * 10_000_000)) == "x" * 59 + "…"
    assert Counting.looked_at <= 1000


@given(ANYTHING.map(sanitize.one_line))
@example("<b>&amp;</b>")
@example("]]>")
def test_markup_shows_the_text_itself(text: str) -> None:
    """A server that parses markup shows what was given, tags and entities as they were written."""
    assert "".join(ET.fromstring(f"<body>{sanitize.escape_markup(text)}</body>").itertext()) == text  # noqa: S314
