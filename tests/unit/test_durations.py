"""Durations are parsed, written so that they parse to the same value, and described in words."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unplugd import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("90m", 5400),
        ("200ms", 0.2),
        ("1h1m1s1ms", 3661.001),
        (" 15m ", 900),
        ("999999s", 999999),
    ],
)
def test_reads_what_people_write(text: str, seconds: float) -> None:
    """Hours, minutes, seconds and milliseconds, alone or in this order."""
    assert durations.parse(text) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    ["", " ", "5", "m", "-5m", "+5m", "1.5h", "5 m", "5m1h", "5m5m", "5M", "1d", "5m\n6s", "1000000s", "٣m"],
)
def test_refuses_everything_else(text: str) -> None:
    """The error names the text that is no duration."""
    with pytest.raises(ValueError, match="is not a duration"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.2, "200ms"), (90, "1m30s"), (5400, "1h30m"), (86400, "24h")]
)
def test_writes_the_shortest_form(seconds: float, text: str) -> None:
    """The largest units first, none that is zero."""
    assert durations.format_exact(seconds) == text


@given(st.integers(min_value=0, max_value=999_999 * 3600 * 1000))
def test_what_is_written_reads_back(milliseconds: int) -> None:
    """`parse` undoes `format_exact` to the millisecond."""
    assert round(durations.parse(durations.format_exact(milliseconds / 1000)) * 1000) == milliseconds


@given(st.integers(0, 999_999), st.sampled_from(["h", "m", "s", "ms"]))
@example(1001, "ms")
def test_what_was_read_is_written_exactly(number: int, unit: str) -> None:
    """A configuration that is shown and read again is the same configuration, to the last bit."""
    seconds = durations.parse(f"{number}{unit}")
    assert durations.parse(durations.format_exact(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (187200, "2 d 4 h"),
        (187259, "2 d 4 h"),
    ],
)
def test_speaks_in_two_units(seconds: float, text: str) -> None:
    """Two units at most, and never more time than has passed."""
    assert durations.describe(seconds) == text
