"""`unplugd log`: the events that are asked for, in the format that is asked for."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rig import journal_maker
from tests.rig.home import move_in
from tests.rig.zone import set_zone
from unplugd.cli import csv_table, dispatch, log_csv
from unplugd.journal.files import NAME, list_files
from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from pathlib import Path
STICK = {"device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"}
METER = {"device": "1-1.3", "id": "1a79:6002", "name": "Contour Next Link 2.4"}
NOON = 1_764_000_000 - 4 * 3600


def event(what: str, at: float, host: str = "ann", **fields: Any) -> dict[str, Any]:
    """Return an event so many seconds after noon, UTC, on 24 November 2025."""
    head = {"time": format_timestamp(NOON + at), "event": what, "host": host, "boot": "b"}
    return {**head, "schema": 1, "uptime": 1000.0 + at, **fields}


TALE = [
    event("started", 0, version="1"),
    event("plugged_in", 60, **STICK),
    event("checkpoint", 300, **STICK, plugged_for=240, idle_for=240),
    event("reminded", 360, count=1, urgency="normal", channel="desktop", devices=["1-1.2"]),
    event("plugged_in", 400, **METER),
    event("use_began", 410, **METER, program="CareLink Uploader", evidence="holds the device open"),
    event("reminder_ended", 500, **STICK, outcome="unplugged"),
    event("unplugged", 500, **STICK, plugged_for=440, idle_for=440),
    event("checkpoint", 700, **METER, plugged_for=300, idle_for=10),
    event("unplugged", 13 * 3600, **METER, plugged_for=46_400, idle_for=40_000),
]


class Reader:
    """A person with a journal, in a time zone."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capture = capture

    def file(self, *events: dict[str, Any], name: str = "events.jsonl") -> Path:
        path = self.home / name
        path.write_text("".join(json.dumps(one) + "\n" for one in events))
        return path

    def log(self, *arguments: str | Path) -> list[str]:
        """Return what `unplugd log` prints, line by line."""
        self._capture.readouterr()
        assert dispatch.main(["log", *map(str, arguments)]) == 0
        self.said = ""
        told, self.said = self._capture.readouterr()
        return told.splitlines()


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Reader:
    """Return a person at home, in UTC."""
    move_in(tmp_path, monkeypatch)
    return Reader(tmp_path, capfd)


# --- text


def test_a_plug_in_is_seen_as_one(reader: Reader) -> None:
    """A heading a day; a line beside what belongs together; the name where it is needed; no checkpoints."""
    assert reader.log(reader.file(*TALE)) == [
        "Monday 24 November 2025",
        "  12:00:00    unplugd 1 started",
        "  12:01:00  ┌ CareLink USB (port 1-1.2): plugged in",
        "  12:06:00  ├ reminder 1 by desktop",
        "  12:06:40  │┌ Contour Next Link 2.4 (port 1-1.3): plugged in",
        "  12:06:50  │├ Contour Next Link 2.4 (port 1-1.3): in use by CareLink Uploader (holds the device open)",
        "  12:08:20  ├│ CareLink USB (port 1-1.2): reminder ended: unplugged",
        "  12:08:20  └│ CareLink USB (port 1-1.2): unplugged after 7 minutes, unused for 7 minutes",
        "",
        "Tuesday 25 November 2025",
        "  01:00:00   └ Contour Next Link 2.4 (port 1-1.3): unplugged after 12 h 53 min, unused for 11 h 6 min",
    ]


def test_a_snooze_that_ends_after_the_unplug_begins_nothing(reader: Reader) -> None:
    """The next plug-in is a new one."""
    shown = reader.log(
        reader.file(
            event("plugged_in", 60, **STICK),
            event("snoozed", 70, **STICK, snoozed_for=900.0),
            event("unplugged", 100, **STICK, plugged_for=40.0, idle_for=40.0),
            event("snooze_ended", 110, **STICK, snoozed_for=30.0, how="unplugged"),
            event("plugged_in", 200, **STICK),
        )
    )
    assert shown[3:] == [
        "  12:01:40  └ unplugged after 40 seconds, unused for 40 seconds",
        "  12:01:50    CareLink USB (port 1-1.2): snooze over after 30 seconds",
        "  12:03:20  ┌ CareLink USB (port 1-1.2): plugged in",
    ]


def test_an_unplug_that_nobody_saw_is_told_as_such(reader: Reader) -> None:
    """What it says is how long it was known to be plugged in."""
    unplugged = event("unplugged", 9000, **STICK, plugged_for=300.0, idle_for=300.0, unseen=True)
    shown = reader.log(reader.file(event("plugged_in", 60, **STICK), unplugged))
    assert (
        shown[2] == "  14:30:00  └ found unplugged; plugged in for at least 5 minutes, unused for 5 minutes"
    )


def test_checkpoints_are_shown_when_asked_for(reader: Reader) -> None:
    """And if there is nothing else, it is said that they are there."""
    file = reader.file(*TALE)
    assert len(reader.log("--event", "checkpoint", file)) == 3
    assert reader.log(reader.file(TALE[2])) == []
    assert reader.said == "No events but 1 checkpoint; to see checkpoints: unplugd log --event checkpoint\n"


def test_hosts_are_shown_where_there_are_several(reader: Reader) -> None:
    one = reader.file(*TALE[:2])
    two = reader.file({**TALE[1], "host": "station-2", "boot": "c"}, name="two.jsonl")
    assert reader.log(one, two)[1:] == [
        "  12:00:00  ann          unplugd 1 started",
        "  12:01:00  ann        ┌ CareLink USB (port 1-1.2): plugged in",
        "  12:01:00  station-2  │┌ CareLink USB (port 1-1.2): plugged in",
    ]


def test_a_change_of_the_clocks_is_told(reader: Reader) -> None:
    """Times of the hour that comes twice cannot be mixed up."""
    set_zone("Europe/Berlin")
    before = {**event("started", 0, version="1"), "time": "2025-10-26T00:30:00.000Z"}
    after = {**event("started", 3600, version="1"), "time": "2025-10-26T01:30:00.000Z"}
    assert reader.log(reader.file(before, after)) == [
        "Sunday 26 October 2025",
        "  02:30:00    unplugd 1 started",
        "  the clocks were changed: UTC+0100 from here on",
        "  02:30:00    unplugd 1 started",
    ]


# --- what is asked for


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--since 2025-11-24T12:06", [3, 4, 5, 6, 7, 8, 9]),
        ("--until 2025-11-24", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("--until 2025-11-24T12:00", [0]),
        ("--since 2025-11-25 --until 2025-11-25", [9]),
        ("--event unplugged --event started", [0, 7, 9]),
        ("--device 1-1.3", [4, 5, 8, 9]),
        ("--device 0A21:8001", [1, 2, 3, 6, 7]),
        ("--device carelink --since 2025-11-24T12:06 --last 3", [3, 6, 7]),
        ("--device carelink --event reminded", [3]),
        ("--device contour --event reminded", []),
        ("--device contour", [4, 5, 8, 9]),
        ("--device 1-1.2", [1, 2, 3, 6, 7]),
        ("--last 2", [8, 9]),
        ("--last 2 --event plugged_in", [1, 4]),
        ("--last 0", []),
        ("--since 2025-12-01", []),
    ],
)
def test_only_what_is_asked_for(reader: Reader, options: str, expected: list[int]) -> None:
    """In every form the same events."""
    file = reader.file(*TALE)
    lines = reader.log(*options.split(), "--format", "jsonl", file)
    assert [json.loads(line) for line in lines] == [TALE[number] for number in expected]
    rows = list(csv.DictReader(reader.log(*options.split(), "--format", "csv", file)))
    assert [(row["time"], row["event"]) for row in rows] == [
        (TALE[number]["time"], TALE[number]["event"]) for number in expected
    ]


@pytest.mark.parametrize("options", [("--device", "stick"), ("--device", "stick", "--last", "1000")])
def test_reminders_of_a_device_are_found_by_its_name(reader: Reader, options: tuple[str, ...]) -> None:
    """Whichever port it was at then, in any boot, and forwards as backwards."""
    events = []
    for number in range(60):
        stick, meter = ("1-1.2", "1-1.3") if number % 2 else ("1-1.3", "1-1.2")
        boot = {"boot": f"boot-{number // 7}"}
        at = number * 10_000.0
        events += [
            event("plugged_in", at, device=stick, id="0a21:8001", name="stick", **boot),
            event("plugged_in", at + 1, device=meter, id="1a79:6210", name="meter", **boot),
            *(event("reminded", at + 10 + i, devices=[stick], count=number, **boot) for i in range(9)),
            event("reminded", at + 20, devices=[meter], count=-1, **boot),
            event("unplugged", at + 30, device=stick, id="0a21:8001", name="stick", **boot),
            event("unplugged", at + 30, device=meter, id="1a79:6210", name="meter", **boot),
        ]
    file = reader.file(*events)
    found = [
        json.loads(one) for one in reader.log(*options, "--event", "reminded", "--format", "jsonl", file)
    ]
    assert [one["count"] for one in found] == [number for number in range(60) for _ in range(9)]


@pytest.mark.parametrize("times", [("2026-10-05", "2026-10-04"), ("2d", "3d")])
def test_a_time_that_ends_before_it_begins_is_refused(reader: Reader, times: tuple[str, str]) -> None:
    """One line says what is wrong, one how to ask."""
    since, until = times
    assert dispatch.main(["log", "--since", since, "--until", until, str(reader.file(*TALE))]) == 1


# --- for programs


def test_clean_lines_go_through_as_they_are(reader: Reader) -> None:
    """Byte for byte."""
    (folder,) = journal_maker.make(reader.home, 2000, rotate_at=150_000)
    written = "".join(file.read_text() for file in list_files(folder / NAME))
    assert "\n".join(reader.log("--format", "jsonl", folder)) + "\n" == written


def test_json_lines_are_ascii_and_json(reader: Reader) -> None:
    """Whatever a name holds; what JSON does not know is null."""
    file = reader.home / "x"
    names = ["\u202eevil", "é", "\x7f", "\x9b31m", "\U0001f489"]
    file.write_text("".join(json.dumps(event("stranger", at, program=name, n=float("inf")), ensure_ascii=False) + "\n" for at, name in enumerate(names)))  # fmt: skip
    lines = reader.log("--format", "jsonl", file)
    assert all(line.isascii() and line.isprintable() for line in lines)
    read = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert [(one["program"], one["n"]) for one in read] == [(name, None) for name in names]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\x00=1", '"=1', "a,b", 'a"b', "a\nb"]


def test_no_cell_is_a_formula(reader: Reader) -> None:
    """RFC 4180, and harmless in a spreadsheet."""
    file = reader.file(*(event("stranger", at, program=name, **STICK) for at, name in enumerate(FORMULAS)))
    text = "\r\n".join(reader.log("--format", "csv", file)) + "\r\n"
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == len(FORMULAS)
    assert [row["program"] for row in rows][:6] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'=1", "'=1"]
    for row in rows:
        assert list(row) == list(log_csv.COLUMNS)
        assert not any(str(one).startswith(csv_table.FORMULA) for one in row.values())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(st.lists(st.fixed_dictionaries({"time": JSON | st.just("2025-11-24T12:00:00.000Z"), "event": st.sampled_from(["plugged_in", "unplugged", "reminded", "x"])}, optional=dict.fromkeys(["host", "boot", "uptime", "device", "name", "devices", "outcome", "program"], JSON)), max_size=5))  # fmt: skip
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_events_are_shown_harmless(reader: Reader, events: list[dict[str, Any]]) -> None:
    """In every form: nothing that a terminal obeys, and no traceback."""
    file = reader.file(*events)
    for form in ("text", "jsonl", "csv"):
        for line in reader.log("--format", form, file):
            assert not any(unicodedata.category(character)[0] == "C" for character in line)


# --- following


def number(at: int) -> str:
    return json.dumps(event("stranger", float(at), number=at, **STICK)) + "\n"
