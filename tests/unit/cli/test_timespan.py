"""Times as people type them: local, whole, and defined where clocks are changed."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unplugd.cli import timespan
from unplugd.journal.timestamps import format_timestamp, is_fixed_form, parse_timestamp

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NOW = datetime(2026, 11, 22, 14, 30, 15, tzinfo=UTC).timestamp()


def utc(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("typed", "zone", "since", "until"),
    [
        ("2026-11-22", BERLIN, "2026-11-21 23:00:00", "2026-11-22 23:00:00"),
        ("today", BERLIN, "2026-11-21 23:00:00", "2026-11-22 23:00:00"),
        ("yesterday", NEW_YORK, "2026-11-21 05:00:00", "2026-11-22 05:00:00"),
        (" 2026-11-22T14:00 ", BERLIN, "2026-11-22 13:00:00", "2026-11-22 13:01:00"),
        ("2026-11-22 14:00:07", BERLIN, "2026-11-22 13:00:07", "2026-11-22 13:00:08"),
        ("2026-11-22T14:00Z", BERLIN, "2026-11-22 14:00:00", "2026-11-22 14:01:00"),
        ("2026-11-22T14:00+05:30", BERLIN, "2026-11-22 08:30:00", "2026-11-22 08:31:00"),
        ("12h", BERLIN, "2026-11-22 02:30:15", "2026-11-22 02:30:15"),
        ("7d", BERLIN, "2026-11-15 14:30:15", "2026-11-15 14:30:15"),
        ("1d12h", BERLIN, "2026-11-21 02:30:15", "2026-11-21 02:30:15"),
        # The days on which clocks are changed are as long as they are.
        ("2026-03-29", BERLIN, "2026-03-28 23:00:00", "2026-03-29 22:00:00"),
        ("2026-10-25", BERLIN, "2026-10-24 22:00:00", "2026-10-25 23:00:00"),
        ("2026-11-01", NEW_YORK, "2026-11-01 04:00:00", "2026-11-02 05:00:00"),
        ("2026-04-05", LORD_HOWE, "2026-04-04 13:00:00", "2026-04-05 13:30:00"),
        # A day that begins at one o'clock, because midnight was skipped.
        ("2018-11-04", SAO_PAULO, "2018-11-04 03:00:00", "2018-11-05 02:00:00"),
        # An hour that comes twice: from the first time to the end of the second.
        ("2026-10-25T02:30", BERLIN, "2026-10-25 00:30:00", "2026-10-25 01:31:00"),
        ("2026-11-01T01:30", NEW_YORK, "2026-11-01 05:30:00", "2026-11-01 06:31:00"),
        ("2026-04-05T01:45", LORD_HOWE, "2026-04-04 14:45:00", "2026-04-04 15:16:00"),
        # An hour that is skipped: the moment of the jump.
        ("2026-03-29T02:30", BERLIN, "2026-03-29 01:00:00", "2026-03-29 01:00:00"),
        ("2026-03-08T02:01", NEW_YORK, "2026-03-08 07:00:00", "2026-03-08 07:00:00"),
        ("2026-10-04T02:10", LORD_HOWE, "2026-10-03 15:30:00", "2026-10-03 15:30:00"),
        # Days ago by the calendar: the same time of day although a day had 25 hours.
        ("30d", BERLIN, "2026-10-23 13:30:15", "2026-10-23 13:30:15"),
    ],
)
def test_what_a_person_may_type(typed: str, zone: ZoneInfo, since: str, until: str) -> None:
    """A time stands for its whole: `--since` is its beginning, `--until` its end."""
    assert (utc(timespan.parse_since(typed, NOW, zone)), utc(timespan.parse_until(typed, NOW, zone))) == (
        since,
        until,
    )


@pytest.mark.parametrize(
    "typed",
    ["", "soon", "2026-02-30", "2026-11-22T25:00", "-7d", "7", "7w", "999999d", "0000-01-01", "\u0662\u0660\u0662\u0666-11-22", "2026-11-22T14"],
)  # fmt: skip
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        timespan.parse_since(typed, NOW, BERLIN)


@given(st.text(max_size=30), st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, SAO_PAULO]))
@example("9999-12-31", BERLIN)
@example("0001-01-01", LORD_HOWE)
def test_any_text_is_a_time_or_refused(typed: str, zone: ZoneInfo) -> None:
    """And the end is never before the beginning."""
    try:
        begin, end = timespan.parse_since(typed, NOW, zone), timespan.parse_until(typed, NOW, zone)
    except ValueError:
        return
    assert begin <= end


@given(st.floats(0, 4_000_000_000))
def test_a_time_of_the_journal_reads_back(stamp: float) -> None:
    """To the millisecond, on the fast path as on the slow one."""
    written = format_timestamp(stamp)
    exact = datetime.fromisoformat(written).timestamp()
    assert is_fixed_form(written)
    assert abs(parse_timestamp(written) - exact) < 1e-5
    assert abs(parse_timestamp(written) - exact) < 1e-5


@given(st.text(max_size=30) | st.text("0123456789-:.TZ+e_ ", min_size=24, max_size=24))
@example("2026-11-22T14:00:nanxxxZ")
@example("2026-11-22T14:00:-1.000Z")
@example("2026-11-22T14:00:1e9999Z")
@example("0001-01-01T00:00:00+14:00")
def test_any_time_in_a_journal_is_a_number(written: str) -> None:
    """Perhaps none."""
    parse_timestamp("2026-11-22T14:00:00.000Z")
    assert math.isnan(parse_timestamp(written)) or abs(parse_timestamp(written)) < 1e12
