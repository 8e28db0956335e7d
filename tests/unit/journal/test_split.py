"""Files in which the lines of several computers alternate: read like a file of each computer, and in as little time."""

from __future__ import annotations

import cProfile
import pstats
import random
import re
import shutil
import tempfile
from collections import Counter
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.not_on_windows import SLOW
from tests.rig import journal_maker
from tests.unit.journal.test_reading import BAD, as_lines, line, told
from unplugd import regular_file
from unplugd.journal import plan as journal_plan
from unplugd.journal import sources, split, spool, streams
from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANY_PATH: Final = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NEVER: Final = 10**9


@pytest.fixture(autouse=True)
def _temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))


def list_temporary() -> list[Path]:
    """Return the temporary files."""
    return [path for path in Path(tempfile.gettempdir()).rglob("*") if path.is_file()]


@st.composite
def histories(draw: st.DrawFn) -> list[list[bytes]]:
    """Return the lines of each computer, in order, some twice, some of no use, some without an uptime or a boot."""
    computers: list[list[bytes]] = []
    for host in range(draw(st.integers(1, 5))):
        lines: list[bytes] = []
        for boot in range(draw(st.integers(1, 3))):
            at = 0.0
            kind = draw(st.sampled_from(["plain", "plain", "untimed", "station"]))
            for _ in range(draw(st.integers(1, 12))):
                at += draw(st.sampled_from([0.0, 0.001, 30.0, 300.0]))
                fields: dict[str, Any] = {"station": f"{host:016x}"} if kind == "station" else {}
                fields["event"] = draw(st.sampled_from(["checkpoint", "started", "unplugged"]))
                written = line(f"{host}{boot}", round(at, 3), f"host-{host}", **fields)
                if kind == "untimed":
                    written = b'{"time"' + written.split(b'{"time"')[1].replace(b'"uptime"', b'"was"')
                lines += [written] * draw(st.sampled_from([1, 1, 1, 2]))
        computers.append(lines)
    return computers


def as_fields(read: list[Any]) -> list[str]:
    """Return events by their fields: which way an event was decoded is of no account."""
    return [repr((host, msgspec.structs.astuple(event))) for host, event in read]


def alternate(files: list[list[bytes]], chance: random.Random) -> list[bytes]:
    """Return the lines of all files in one, those of each in their order."""
    left = [list(reversed(file)) for file in files if file]
    mixed: list[bytes] = []
    while left:
        file = chance.choice(left)
        mixed.append(file.pop())
        left = [one for one in left if one]
    return mixed


@SLOW
@given(computers=histories(), seed=st.integers(0, 2**32), count=st.integers(1, 3))
@settings(parent=ANY_PATH, max_examples=60)
def test_alternating_lines_are_read_as_a_file_of_each_computer(
    tmp_path: Path, computers: list[list[bytes]], seed: int, count: int
) -> None:
    """The same events in the same order, and the same counts of what is unusual; in one file, or in rotated ones."""
    shutil.rmtree(tmp_path)
    mixed = alternate(computers, random.Random(seed))  # noqa: S311 - a test's
    (tmp_path / "one").mkdir(parents=True)
    for number in range(count):
        name = "events.jsonl" + (f".{count - 1 - number}" if number < count - 1 else "")
        part = mixed[len(mixed) * number // count : len(mixed) * (number + 1) // count]
        (tmp_path / "one" / name).write_bytes(b"".join(part))
    for number, lines in enumerate(computers):
        (tmp_path / f"each/{number}").mkdir(parents=True)
        (tmp_path / f"each/{number}/events.jsonl").write_bytes(b"".join(lines))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(journal_plan, "MIN_MIXED", 1)
        notes, expected = Counter[str](), Counter[str]()
        each = as_fields(told(tmp_path / "each", notes=expected))
        assert as_fields(told(tmp_path / "one", notes=notes)) == each
        assert +notes == +expected
        assert as_lines(tmp_path / "one") == as_lines(tmp_path / "each")


def rename(written: bytes) -> bytes:
    """Return a line of a computer that has the name of all others."""
    return re.sub(rb"host-\d", b"host", written)


@given(
    computers=histories(),
    seed=st.integers(0, 2**32),
    bad=st.lists(st.sampled_from(sorted(BAD)), max_size=5).filter(
        # In a chunk with both, `decode` cannot tell which event is on which line.
        lambda bad: not {"empty", "two on a line"} <= set(bad)
    ),
)
@example(
    computers=[[line(f"{host}0", 0.0, f"host-{host}")] * (3 - host) for host in range(3)],
    seed=0,
    bad=["empty", "two on a line"],
)
@settings(parent=ANY_PATH, max_examples=60)
def test_splitting_a_file_changes_nothing(
    tmp_path: Path, computers: list[list[bytes]], seed: int, bad: list[str]
) -> None:
    """Of what is read, and of what is told about it: whatever lines are in it, also if all computers have one name."""
    chance = random.Random(seed)  # noqa: S311 - a test's
    if chance.random() < 0.5:
        computers = [[rename(written) for written in lines] for lines in computers]
    mixed = alternate([*computers, [BAD[name][0] + b"\n" for name in bad]], chance)
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(mixed))
    with pytest.MonkeyPatch.context() as patched:
        notes, expected = Counter[str](), Counter[str]()
        patched.setattr(journal_plan, "MIN_MIXED", NEVER)
        whole = as_fields(told(file, notes=expected))
        patched.setattr(journal_plan, "MIN_MIXED", 1)
        assert as_fields(told(file, notes=notes)) == whole
        assert +notes == +expected


def write_mix(folder: Path, lines: Iterator[bytes]) -> Path:
    """Return a journal with these lines."""
    folder.mkdir()
    file = folder / "events.jsonl"
    file.write_bytes(b"".join(lines))
    return file


MIXES: Final[dict[str, Callable[[int], bytes]]] = {
    "two computers": lambda number: line(f"b{number % 2}", 300.0 * number, f"host-{number % 2}"),
    "200 computers": lambda number: line(f"b{number % 200}", 300.0 * number, f"host-{number % 200}"),
    "as many computers as lines can have": lambda number: line(f"b{number}", 300.0, f"host-{number}"),
    "200 computers of one name": lambda number: line(f"b{number % 200}", 300.0 * number),
    "no uptime": lambda number: line(f"b{number % 5}", 60.0 * number, f"h{number % 5}").replace(
        b'"uptime"', b'"was"'
    ),
    "no uptime, one computer": lambda number: line("b", 60.0 * number).replace(b'"uptime"', b'"was"'),
    "one moment": lambda number: line(f"b{number % 5}", 20.0, f"h{number % 5}", plugged_for=number),
    "no boot": lambda number: line("", 60.0 * number, f"host-{number % 5}"),
    "each line another boot": lambda number: line(
        f"boot-{number}", 20.0, f"host-{number % 5}", time=format_timestamp(1_764_000_000 + 60 * number)
    ),
    "the newest first": lambda number: line("b", 1e8 - 300 * number),
    "the newest first, five computers": lambda number: line(
        f"b{number % 5}", 1e8 - 300 * number, f"h{number % 5}"
    ),
}


def count_work(monkeypatch: pytest.MonkeyPatch, *given_files: Path) -> tuple[int, int]:
    """Return how many bytes are read and how many functions called to read journals."""
    read = 0
    read_at = regular_file.read_at

    def count_bytes(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal read
        found = read_at(descriptor, size, offset)
        read += len(found)
        return found

    profile = cProfile.Profile()
    with monkeypatch.context() as patched:
        patched.setattr(regular_file, "read_at", count_bytes)
        with profile:
            found = sources.find_sources(given_files, Path(), Counter(), print)
            for _ in streams.read_merged(found, Counter())[1]:
                pass
    return read, pstats.Stats(profile).total_calls  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MIXES)
def test_twice_the_lines_are_twice_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In bytes and in calls of functions, whatever the file holds; a square would be four times."""
    monkeypatch.setattr(journal_plan, "SCAN_ALL_BYTES", 10_000)
    work = [
        count_work(monkeypatch, write_mix(tmp_path / str(count), map(MIXES[name], range(count))))
        for count in (1500, 3000)
    ]
    assert work[1][0] < 2.2 * work[0][0]
    assert work[1][1] < 2.8 * work[0][1]
    assert work[1][0] < 8 * (tmp_path / "3000/events.jsonl").stat().st_size


def test_many_computers_in_one_file_cost_little_more_than_a_file_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most twice as many calls of functions."""
    monkeypatch.setattr(journal_plan, "SCAN_ALL_BYTES", 20_000)
    makers = [journal_maker.lines(f"station-{number}", number) for number in range(40)]
    written = [[one.encode() for one in islice(maker, 500)] for maker in makers]
    for number, lines in enumerate(written):
        write_mix(tmp_path / str(number), iter(lines))
    folders = [tmp_path / str(number) for number in range(40)]
    one = write_mix(tmp_path / "one", chain.from_iterable(zip(*written, strict=True)))
    assert as_lines(one) == as_lines(*folders)
    assert count_work(monkeypatch, one)[1] < 2 * count_work(monkeypatch, *folders)[1]


def test_computers_that_share_a_part_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do if there are more of them than there may be files; no more disk is used than the file has."""
    monkeypatch.setattr(split, "MAX_PARTS", 7)
    monkeypatch.setattr(split, "MAX_WAITING_BYTES", 1000)
    monkeypatch.setattr(split, "BYTES_A_PART", 10)
    mixed = [line(f"b{number % 30}", float(number), f"host-{number % 30:02}") for number in range(900)]
    file = write_mix(tmp_path / "one", iter(mixed))
    read = told(file)
    assert [host for host, _ in read] == [f"host-{number:02}" for number in range(30) for _ in range(30)]
    # What was split again is gone.
    assert sum(path.stat().st_size for path in list_temporary()) <= file.stat().st_size


def test_without_room_it_takes_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so; nothing else is different, and nothing is left behind."""
    file = write_mix(tmp_path / "one", map(MIXES["200 computers"], range(900)))
    expected = told(file)
    said: list[str] = []
    monkeypatch.setattr(spool, "SPARE_BYTES", 10**18)
    before = list_temporary()
    assert told(file, said=said) == expected
    assert said == [
        f"unplugd: no room to sort the lines of {file}, so it takes longer: No space left on device"
    ]
    assert list_temporary() == before
    said.clear()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert told(file, said=said) == expected
    (reason,) = said
    assert reason.startswith(f"unplugd: no room to sort the lines of {file}, so it takes longer: ")
    assert "No space" not in reason


def test_a_part_that_is_gone_is_told_by_the_name_of_the_journal(tmp_path: Path) -> None:
    """Nobody knows the names of temporary files."""
    file = write_mix(tmp_path / "one", map(MIXES["two computers"], range(900)))
    found = sources.find_sources([file], file, Counter(), print)
    said: list[str] = []
    notes: Counter[str] = Counter()
    _, batches = streams.read_merged(found, notes, said.append)
    for path in list_temporary():
        path.unlink()
    assert sum(len(batch.events) for batch in batches) == 0
    assert said == [f"unplugd: {file}: no such file"]
    assert notes["unreadable_file"] == 1
