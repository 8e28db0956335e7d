"""`unplugd log` reads whatever is in the files of a journal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.command_line import as_nobody

if TYPE_CHECKING:
    from tests.rig.command_line import Shell


EVENTS: list[dict[str, Any]] = [
    {"time": "2025-11-24T06:00:00.123Z", "event": "started", "version": "1"},
    {"time": "2025-11-24T06:01:00.000Z", "event": "plugged_in", "device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"},
    {"time": "2025-11-24T06:06:00.000Z", "event": "reminded", "count": 1, "urgency": "normal", "channel": "desktop", "devices": ["1-1.2"]},
    {"time": "2025-11-24T06:07:00.000Z", "event": "unplugged", "device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB", "plugged_for": 360, "idle_for": 360},
]  # fmt: skip


DAY = "Monday 24 November 2025"


TOLD = [
    DAY,
    "  06:00:00    unplugd 1 started",
    "  06:01:00  ┌ CareLink USB (port 1-1.2): plugged in",
    "  06:06:00  ├ reminder 1 by desktop",
    "  06:07:00  └ unplugged after 6 minutes, unused for 6 minutes",
]


LAST = "CareLink USB (port 1-1.2): unplugged after 6 minutes, unused for 6 minutes"


def test_log_tells_the_journal(shell: Shell) -> None:
    """Every event a line, oldest first, in the local time; rotated files before the present one."""
    shell.journal(*EVENTS[:1], name="events.jsonl.2")
    shell.journal(*EVENTS[1:2], name="events.jsonl.1")
    shell.journal(*EVENTS[2:])
    assert shell.run("log").stdout.splitlines() == TOLD


@pytest.mark.parametrize(
    ("last", "lines"),
    [("0", []), ("1", [DAY, f"  06:07:00  └ {LAST}"]), ("3", [DAY, *TOLD[2:]]), ("99", TOLD)],
)
def test_log_tells_the_last_events(shell: Shell, last: str, lines: list[str]) -> None:
    """As many as there are, at most as many as asked for."""
    shell.journal(*EVENTS)
    assert shell.run("log", "--last", last).stdout.splitlines() == lines


def test_log_refuses_a_negative_number(shell: Shell) -> None:
    """With the way to say it."""
    shell.journal(*EVENTS)
    done = shell.run("log", "--last", "-1")
    assert done == (1, "", "unplugd: --last cannot be negative\nhint: unplugd log --last 20\n")


def test_log_prints_json_lines(shell: Shell) -> None:
    """The events as they are, for other programs."""
    shell.journal(*EVENTS)
    assert [json.loads(line) for line in shell.run("log", "--format", "jsonl").stdout.splitlines()] == EVENTS


def test_log_reads_the_files_it_is_given(shell: Shell) -> None:
    """In the order of time, and none of the user's own."""
    shell.journal(*EVENTS)
    one = shell.journal(EVENTS[3], name="one")
    two = shell.journal(EVENTS[0], name="two")
    told = shell.run("log", str(one), str(two)).stdout.splitlines()
    assert told == [*TOLD[:2], f"  06:07:00  └ {LAST}"]


HOSTILE: list[str | bytes | dict[str, Any]] = [
    "",
    "{",
    "[]",
    "null",
    "5",
    b"\xff\xfe\x00",
    b"\x00" * 100,
    "[" * 50_000,
    '{"event": "x", "time": "t", "n": ' + "9" * 5000 + "}",
    '{"event": "x", "time": "t", "pad": "' + "x" * 100_000 + '"}',
    {"event": 5, "time": "t"},
    {
        "event": "unplugged",
        "time": "\x1b[2J",
        "name": "\x1b]0;owned\x07",
        "device": "\u202e\n",
        "plugged_for": -1,
    },
    {"event": "\x9b31m", "time": "9999-12-31T23:59:59-14:00", "name": "\ud800"},
    {"event": "reminded", "time": "0001-01-01T00:00:00Z", "devices": [{"a": "\x07"}], "count": None},
    '{"event": "x\\udc80", "time": "t", "n": NaN, "m": Infinity}',
]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_log_bears_any_file(shell: Shell, form: str) -> None:
    """Torn, foreign and hostile lines are passed over or shown harmless, and what is right is told all the same."""
    shell.journal(EVENTS[0], *HOSTILE, EVENTS[3])
    done = shell.run("log", "--format", form)
    assert done.code == 0
    assert done.stderr.splitlines() == [
        "unplugd: 2 lines of the journal were cut off (by crashes) and were skipped.",
        "unplugd: 6 lines of the journal are not events and were skipped.",
        "unplugd: 3 events are of kinds that this version does not know.",
        "unplugd: One line of the journal is too long and was skipped.",
        "unplugd: 3 events have values that make no sense.",
    ]
    lines = done.stdout.splitlines()
    if form == "text":
        assert "  06:00:00    unplugd 1 started" in lines
        assert any(line.endswith(TOLD[4][14:]) for line in lines)
    else:
        read = [json.loads(line, parse_constant=pytest.fail, parse_int=float) for line in lines]
        assert EVENTS[0] in read
        assert EVENTS[3] in read
        assert len(lines) == 7


@pytest.mark.not_on_windows("file modes and owners mean nothing there")
def test_log_of_a_file_that_cannot_be_read(shell: Shell) -> None:
    """Told in one line."""
    file = shell.journal(*EVENTS)
    file.chmod(0)
    with as_nobody():
        done = shell.run("log", str(file))
    assert (done.code, done.stdout) == (1, "")
