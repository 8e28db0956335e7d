"""Which computer wrote a line: told by its station, and by its boots where old lines have none."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.not_on_windows import SLOW
from tests.rig.reviewing import review_files
from unplugd.journal import plan as journal_plan
from unplugd.journal import sources, streams
from unplugd.journal.plan import SCAN_ALL_BYTES
from unplugd.journal.timestamps import format_timestamp

NOON = 1_764_000_000.0
HOUR = 3600.0
Events = list[dict[str, Any]]


def boot(
    name: str, began: float, hours: float = 2, station: str = "", host: str = "ann", **fields: Any
) -> Events:
    """Return a boot that begins so many hours after noon and has an event every ten minutes."""
    known = {"station": station, "session": f"of {station}"} if station else {}
    head = {"host": host, "boot": name, "schema": 1, **known, **fields}
    about = {"device": "1-1", "id": "0a21:8001", "name": "CareLink USB"}
    lines: Events = [{"event": "started"}, {"event": "plugged_in", **about, "address": 3}]
    lines += [{"event": "checkpoint", **about, "name": "x" * 200} for _ in range(round(hours * 6))]
    return [
        {
            "time": format_timestamp(NOON + began * HOUR + 600 * number),
            "uptime": 10.0 + 600 * number,
            **head,
            **line,
        }
        for number, line in enumerate(lines)
    ]


def write(file: Path, *boots: Events) -> Path:
    """Write a journal with these boots, one after the other."""
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps(line) + "\n" for events in boots for line in events))
    return file


def read(*files: Path) -> tuple[dict[str, str], int]:
    """Return the computer of each boot, and how many have the name of another; log and report agree on them."""
    notes: Counter[str] = Counter()
    found = sources.find_sources(files, Path("/nowhere"), notes, print)
    hosts, batches = streams.read_merged(found, notes)
    computers = {event.boot: event.host for batch in batches for event in batch.events}
    assert set(computers.values()) == set(hosts)
    review = review_files(found, Counter(), print)
    assert {run.host for run in review.watched} == set(hosts)
    assert set(+notes) <= {"same_name"}
    return computers, notes["same_name"]


@pytest.fixture(
    params=[SCAN_ALL_BYTES, 0], ids=["every line looked at", "some lines looked at"], autouse=True
)
def _looked_at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_plan, "SCAN_ALL_BYTES", request.param)


def test_one_computer_is_one(tmp_path: Path) -> None:
    """Whatever of it is old, and in however many journals."""
    one = write(tmp_path / "one.jsonl", boot("a", 0), boot("b", 3), boot("c", 6, station="x"))
    two = write(tmp_path / "two.jsonl", boot("b", 3.2), boot("d", 9, station="x"))
    assert read(one, two) == ({"a": "ann", "b": "ann", "c": "ann", "d": "ann"}, 0)


def test_two_stations_are_two_computers(tmp_path: Path) -> None:
    """At the same time or not; the first one keeps the name."""
    one = write(tmp_path / "a/events.jsonl", boot("a", 0, station="x"), boot("b", 3, station="x"))
    two = write(tmp_path / "b/events.jsonl", boot("c", 1, station="y"), boot("d", 9, station="y"))
    expected = {"a": "ann", "b": "ann", "c": "ann (2)", "d": "ann (2)"}
    assert read(one, two) == read(two, one) == (expected, 1)


def test_old_boots_that_overlap_are_of_two_computers(tmp_path: Path) -> None:
    """No computer has two boots at a time; those of one journal stay together."""
    one = write(tmp_path / "a/events.jsonl", boot("a", 0), boot("b", 9))
    two = write(tmp_path / "b/events.jsonl", boot("c", 1), boot("d", 3))
    assert read(one, two) == ({"a": "ann", "b": "ann", "c": "ann (2)", "d": "ann (2)"}, 1)


def test_boots_that_begin_at_once_are_named_alike_in_any_order(tmp_path: Path) -> None:
    """Whichever file is read first."""
    one = write(tmp_path / "one.jsonl", boot("a", 0))
    two = write(tmp_path / "two.jsonl", boot("b", 0))
    assert read(one, two) == read(two, one) == ({"a": "ann", "b": "ann (2)"}, 1)


@pytest.mark.parametrize(("later", "computers"), [(1.99, 1), (1.9, 2), (2.5, 1)])
def test_boots_may_overlap_by_the_minute_that_a_clock_is_wrong(
    tmp_path: Path, later: float, computers: int
) -> None:
    """The clock may have been set between two boots."""
    one = write(tmp_path / "one.jsonl", boot("a", 0, hours=11 / 6))
    two = write(tmp_path / "two.jsonl", boot("b", later))
    assert len(set(read(one, two)[0].values())) == computers


def test_a_name_that_is_taken_is_not_given(tmp_path: Path) -> None:
    files = [
        write(tmp_path / f"{number}.jsonl", boot(str(number), 0, station=str(number), host=host))
        for number, host in enumerate(["ann", "ann (2)", "ann", "bert"])
    ]
    assert read(*files) == ({"0": "ann", "1": "ann (2)", "2": "ann (3)", "3": "bert"}, 1)


def test_a_machine_id_that_was_made_anew_is_no_other_computer(tmp_path: Path) -> None:
    """In the middle of a boot, or by a system that was installed again and kept its journal."""
    first, second = boot("a", 0, station="x"), boot("a", 0, station="y")
    changed = write(tmp_path / "changed.jsonl", first[:5], second[5:], boot("b", 3, station="y"))
    assert read(changed) == ({"a": "ann", "b": "ann"}, 0)
    again = write(tmp_path / "again.jsonl", boot("a", 0, station="x"), boot("b", 3, station="y"))
    assert read(again) == ({"a": "ann", "b": "ann"}, 0)


def test_a_clock_that_begins_anew_with_each_boot_is_no_other_computer(tmp_path: Path) -> None:
    """One without a battery: all boots overlap, but they follow one another in the journal."""
    one = write(tmp_path / "one.jsonl", boot("a", 0), boot("b", 0), boot("c", 0.5))
    assert read(one) == ({"a": "ann", "b": "ann", "c": "ann"}, 0)
    two = write(tmp_path / "two.jsonl", boot("a", 0, station="x"), boot("b", 0, station="x"))
    assert read(two) == ({"a": "ann", "b": "ann"}, 0)


@pytest.mark.parametrize("stations", [("x", "y"), ("", "")])
@pytest.mark.parametrize("lines", [1, 7])
def test_computers_of_one_name_in_one_file_are_told_apart(
    tmp_path: Path, stations: tuple[str, str], lines: int
) -> None:
    """As a collector writes them, line by line or in bursts; put one after the other, they overlap all the same."""
    one, two = boot("a", 0, 150, stations[0]), boot("b", 1, 150, stations[1])
    mixed = [
        part for at in range(0, len(one), lines) for part in (one[at : at + lines], two[at : at + lines])
    ]
    assert read(write(tmp_path / "mixed.jsonl", *mixed)) == ({"a": "ann", "b": "ann (2)"}, 1)
    if stations[0]:
        assert read(write(tmp_path / "both.jsonl", one, two)) == ({"a": "ann", "b": "ann (2)"}, 1)


def test_a_name_that_stands_for_another_is_of_the_same_computer(tmp_path: Path) -> None:
    """The name of the computer may have the name of one user in it, whose daemon then writes another."""
    one = write(tmp_path / "one.jsonl", boot("a", 0, station="x", host="anns-laptop"))
    two = write(tmp_path / "two.jsonl", boot("a", 0.5, station="x", host="computer-12ab34cd"))
    assert read(one, two) == ({"a": "anns-laptop"}, 0)


def test_other_names_are_other_computers(tmp_path: Path) -> None:
    """Copies of a system may have the same machine id, and any boot may have any name."""
    one = write(tmp_path / "one.jsonl", boot("a", 0, station="x"))
    two = write(tmp_path / "two.jsonl", boot("b", 0, station="x", host="bert"))
    assert read(one, two)[0] == {"a": "ann", "b": "bert"}
    hosts = streams.read_merged(
        sources.find_sources([one, write(two, boot("a", 5, host="bert"))], one, Counter(), print), Counter()
    )[0]
    assert hosts == ["ann", "bert"]


@SLOW
def test_very_many_boots_at_once_are_read_in_time(tmp_path: Path) -> None:
    """Clocks at random make no more than a few computers of a name."""
    boots = [boot(str(number), number * 37 % 997, hours=0.2) for number in range(1500)]
    mixed = [events[:1] for events in boots] + [events[1:] for events in boots]
    computers, _ = read(write(tmp_path / "mixed.jsonl", *mixed))
    assert len(computers) == 1500
    assert len(set(computers.values())) <= 16
