"""What `unplugd export` writes, and the query in its document: the same figures as the report's, to the millisecond."""

from __future__ import annotations

import json
import re
import tempfile
import time
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import PROJECT
from tests.rig.story import DAY, Station
from unplugd.cli import dispatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

duckdb = pytest.importorskip("duckdb")

DOCUMENT = (PROJECT / "docs/export.md").read_text()
QUERY, OTHER_SOURCE = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
SOURCE = next(line for line in QUERY.splitlines() if "read_csv" in line)
ZONES = ("Europe/Berlin", "Atlantic/Azores", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe")
"""Among them such as change their clocks at midnight, where it is skipped or comes twice."""


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a home without a journal; the time zone is set by each test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")
    yield
    monkeypatch.undo()
    time.tzset()


def tell(folder: Path, zone: str, seeds: Sequence[int], days: int, year: int = 2025) -> list[Path]:
    """Write a journal of so many days for each seed, from the beginning of a year; return them."""
    began = round(datetime(year, 1, 1, 7, tzinfo=ZoneInfo(zone)).timestamp()) * 1000
    files = []
    for number, seed in enumerate(seeds):
        station = Station(f"station-{number}", Random(seed), began)  # noqa: S311 - a story, no secret
        while station.true < began + days * DAY:
            station.day()
        files.append(folder / f"{number}.jsonl")
        files[-1].write_text("".join(f"{line}\n" for line in station.lines))
    return files


def print_in(zone: str, capture: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Return what a command prints in a time zone."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        capture.readouterr()
        assert dispatch.main([str(argument) for argument in arguments]) == 0
    return capture.readouterr().out


def ask(table: str, form: str, zone: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Return what the query of the document finds: used and unused seconds by computer and day."""
    query = QUERY if form == "csv" else QUERY.replace(SOURCE, OTHER_SOURCE)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        Path(f"stretches.{form}").write_text(table)
        with duckdb.connect() as database:
            rows = database.execute(query.replace("Europe/Berlin", zone)).fetchall()
    return {(computer, day.isoformat()): (used, unused) for computer, day, used, unused in rows}


def compare(capture: pytest.CaptureFixture[str], zone: str, files: Sequence[Path], *options: str) -> int:
    """Compare the query's figures with those of each computer's report; return how many days there are."""
    found = {
        form: ask(print_in(zone, capture, "export", "--format", form, *options, *files), form, zone)
        for form in ("csv", "jsonl")
    }
    expected: dict[tuple[str, str], tuple[float, float]] = {}
    for file in files:
        report: dict[str, Any] = json.loads(print_in(zone, capture, "report", "--json", *options, file))
        assert report["zone"] == zone
        for day in report["days"]:
            if day["plugged_for"]:
                (host,) = {period["host"] for period in report["periods"]}
                expected[host, day["date"]] = day["used_for"], day["unused_for"]
    for form, figures in found.items():
        assert {key: value for key, value in figures.items() if any(value)} == expected, form
    return len(expected)


@pytest.mark.parametrize("zone", ZONES[:3])
def test_a_year_in_duckdb_is_the_report(tmp_path: Path, capfd: pytest.CaptureFixture[str], zone: str) -> None:
    """Every day of each of three computers, in zones that change their clocks, has the report's seconds."""
    files = tell(tmp_path, zone, (1, 2, 3), 365)
    assert compare(capfd, zone, files) > 600
    assert compare(capfd, zone, files, "--since", "2025-03-30T02:30", "--until", "2025-10-26T01:30") > 300


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=3),
    year=st.integers(2020, 2026),
)
def test_any_story_in_duckdb_is_the_report(
    tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
    zone: str,
    seeds: list[int],
    year: int,
) -> None:
    """Whatever happened in three months, the query finds the seconds of the report."""
    compare(capfd, zone, tell(tmp_path_factory.mktemp("story"), zone, seeds, 95, year))
