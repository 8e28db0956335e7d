"""Reading journals: each event once and in order, however they are spread over files, and whatever else is in these."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.not_on_windows import SLOW
from tests.rig import journal_maker
from unplugd import regular_file
from unplugd.cli.log_filter import EventFilter
from unplugd.cli.parser import make_parser
from unplugd.errors import Failure
from unplugd.journal import event, lines, merge, sources, spool, streams
from unplugd.journal import plan as journal_plan
from unplugd.journal.files import MAX_LINE_BYTES, NAME, list_files
from unplugd.journal.plan import SCAN_ALL_BYTES
from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

ANY_PATH = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def line(boot: str, uptime: float, host: str = "ann", **fields: Any) -> bytes:
    """Return a line of a boot that began at a time of its own."""
    began = 1_764_000_000 + sum(boot.encode()) * 1_000_000
    head = {"time": format_timestamp(began + uptime), "event": "checkpoint", "host": host, "boot": boot}
    return json.dumps({**head, "schema": 1, "uptime": uptime, **fields}).encode() + b"\n"


def told(*given_files: Path, notes: Counter[str] | None = None, said: list[str] | None = None) -> list[Any]:
    """Return all that is read, as host and event."""
    notes = Counter() if notes is None else notes
    said = [] if said is None else said
    found = sources.find_sources(given_files, Path("/nowhere/events.jsonl"), notes, said.append)
    plan = journal_plan.Planner(notes, said.append).plan(found)
    merger = merge.Merger(notes, said.append)
    return [
        (host, one) for host, groups in plan.items() for batch in merger.read(groups) for one in batch.events
    ]


def as_lines(*given_files: Path, notes: Counter[str] | None = None) -> list[bytes]:
    """Return the lines of all computers by time."""
    notes = Counter() if notes is None else notes
    found = sources.find_sources(given_files, Path("/nowhere/events.jsonl"), notes, lambda _: None)
    return [raw + b"\n" for batch in streams.read_merged(found, notes)[1] for raw in batch.lines]


def test_an_event_has_every_field_that_is_written(tmp_path: Path) -> None:
    """What a line holds is there; what it does not hold has a value that means so."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(
        line("b", 5, event="reminded", count=3, devices=["1-1", "1-2"], due=["1-1"], urgency="critical")
    )
    ((host, one),) = told(file)
    assert (host, one.event, one.uptime, one.count, one.devices, one.due) == ("ann", "reminded", 5, 3, ("1-1", "1-2"), ("1-1",))  # fmt: skip
    assert (one.urgency, one.device, one.plugged_for, one.continued) == ("critical", "", -1.0, False)


# --- order


@pytest.fixture(scope="module")
def journal_lines() -> list[bytes]:
    """Return three boots of a real-looking journal, with lines that share a moment, and one that comes late."""
    source = journal_maker.lines("ann", 3)
    found = [next(source).encode() for _ in range(3000)]
    found[1000], found[1001] = found[1001], found[1000]
    return found


@pytest.mark.parametrize("exact", [SCAN_ALL_BYTES, 0])
def test_rotated_files_are_one_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: int) -> None:
    """Oldest first; the same whether every line is looked at before or only some."""
    monkeypatch.setattr(journal_plan, "SCAN_ALL_BYTES", exact)
    (folder,) = journal_maker.make(tmp_path, 3000, rotate_at=200_000)
    files = list_files(folder / NAME)
    assert len(files) > 2
    written = b"".join(file.read_bytes() for file in files)
    notes: Counter[str] = Counter()
    assert b"".join(as_lines(folder, notes=notes)) == written
    assert b"".join(as_lines(*reversed(files))) == written
    assert not +notes


def shuffled(file: list[bytes], chance: random.Random) -> list[bytes]:
    """Return the lines of a file shuffled, but for the newest, which comes first, and the oldest, which comes last.

    A file this small has two samples, at its ends: those of any shuffled file would sometimes be in order by chance.
    """
    oldest, *others = sorted(file, key=lambda raw: str(json.loads(raw)["time"])) or [b""]
    newest = others[-1:]
    others = others[:-1]
    chance.shuffle(others)
    return [*newest, *others, oldest]


@SLOW
@pytest.mark.parametrize("exact", [SCAN_ALL_BYTES, 0])
@given(
    seed=st.integers(0, 2**32),
    length=st.sampled_from([5, 100, 700, 3000]),
    count=st.integers(1, 5),
    how=st.sampled_from(["line by line", "pieces", "shuffled", "doubled"]),
)
@example(seed=3584, length=100, count=2, how="shuffled")
@settings(parent=ANY_PATH, max_examples=40)
def test_any_split_gives_the_same(
    tmp_path: Path, journal_lines: list[bytes], exact: int, seed: int, length: int, count: int, how: str
) -> None:
    """Line by line over files, cut in pieces, shuffled as files, whole files or single lines there twice."""
    chance = random.Random(seed)  # noqa: S311 - a test's
    first = chance.randrange(len(journal_lines) - length + 1)
    part = journal_lines[first : first + length]
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    plain = tmp_path / "plain"
    plain.write_bytes(b"".join(part))
    files: list[list[bytes]] = [[] for _ in range(count)]
    for number, one in enumerate(part):
        files[chance.randrange(count) if how != "pieces" else number * count // len(part)].append(one)
    doubled = 0
    if how == "shuffled":
        files = [shuffled(file, chance) for file in files]
    elif how == "doubled":
        files.append([one for one in part if chance.random() < 0.5])
        doubled = len(files[-1])
    for number, file in enumerate(files):
        (tmp_path / f"{chance.random()}-{number}.jsonl").write_bytes(b"".join(file))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(journal_plan, "SCAN_ALL_BYTES", exact)
        notes: Counter[str] = Counter()
        assert as_lines(*tmp_path.glob("*.jsonl"), notes=notes) == as_lines(plain)
        assert told(*tmp_path.glob("*.jsonl")) == told(plain)
    assert notes["doubled"] == doubled
    assert not notes["disordered"]
    assert len(as_lines(plain)) == length


@pytest.mark.parametrize(("late", "disordered"), [(59.0, 0), (81.0, 1)])
def test_a_line_that_comes_up_to_a_minute_late_is_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: float, disordered: int
) -> None:
    """In a file that is not looked at line by line; a later one is told where it stands, and counted."""
    monkeypatch.setattr(journal_plan, "SCAN_ALL_BYTES", 0)
    # A line or two at a time.
    monkeypatch.setattr(lines, "CHUNK_BYTES", 150)
    before = [line("b", 10.0 * number) for number in range(400)]
    after = [line("b", 4000.0 + 10 * number) for number in range(400)]
    one = line("b", 3990.0 - late)
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join([*before, one, *after]))
    notes = Counter[str]()
    read = as_lines(file, notes=notes)
    assert (read == [*sorted([*before, one], key=lambda raw: json.loads(raw)["uptime"]), *after]) == (
        not disordered
    )
    assert +notes == ({"disordered": 1} if disordered else {})


@pytest.mark.parametrize("after", [b"", line("c", 5.0)])
def test_what_is_too_late_to_be_sorted_in_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bytes
) -> None:
    """Told where it stands; the same whether another boot follows or not."""
    monkeypatch.setattr(journal_plan, "SCAN_ALL_BYTES", 0)
    # Of the file only the first and the last line are looked at.
    monkeypatch.setattr(journal_plan, "SAMPLE_BYTES", 512)
    monkeypatch.setattr(lines, "CHUNK_BYTES", 1000)
    raw = [line("b", 300.0 * number) for number in range(40)]
    late = [raw[0], *raw[2:38], raw[1], *raw[38:], after]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(late))
    notes: Counter[str] = Counter()
    assert sorted(as_lines(file, notes=notes)) == sorted(one for one in late if one)
    assert +notes == {"disordered": 1}


def test_the_samples_of_a_file_do_not_grow_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large a collector lets it grow: the steps between them grow instead, and no line is lost."""
    monkeypatch.setattr(journal_plan, "SCAN_ALL_BYTES", 0)
    monkeypatch.setattr(journal_plan, "SAMPLE_BYTES", 600)
    monkeypatch.setattr(journal_plan, "SAMPLE_EVERY_BYTES", 1000)
    monkeypatch.setattr(journal_plan, "MAX_SAMPLES", 10)
    read_at = regular_file.read_at
    positions: list[int] = []

    def note_position(descriptor: int, most: int, position: int) -> bytes:
        if most == 600:
            positions.append(position)
        return read_at(descriptor, most, position)

    monkeypatch.setattr(regular_file, "read_at", note_position)
    raw = [line(f"boot-{number // 70}", 300.0 * number) for number in range(700)]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(raw))
    assert as_lines(file) == raw
    assert len(positions) == 11
    assert positions[-1] == file.stat().st_size - 600


def test_a_copy_beside_the_journal_counts_once(tmp_path: Path) -> None:
    """An old copy under any name: its lines are there, once."""
    (folder,) = journal_maker.make(tmp_path, 2000, rotate_at=150_000)
    whole = as_lines(folder)
    shutil.copy(folder / "events.jsonl.2", folder / "backup.jsonl")
    notes: Counter[str] = Counter()
    assert as_lines(folder, notes=notes) == whole
    assert notes["doubled"] == (folder / "backup.jsonl").read_bytes().count(b"\n")


@pytest.mark.parametrize("shared", [0, 1, 5, 40])
def test_large_files_that_share_a_few_lines_are_read_once(tmp_path: Path, shared: int) -> None:
    """However few: a copy of the end of one at the beginning of the next changes nothing but a count."""
    every = [line("b", 300.0 * number, device="1-1.2", name="x" * 180) for number in range(8000)]
    # The last chunk that is read of the first file has one or two lines only.
    long = "x" * (180 + (400 - sum(map(len, every[: 4000 + shared]))) % lines.CHUNK_BYTES)
    every[0] = line("b", 0.0, device="1-1.2", name=long)
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_bytes(b"".join(every[: 4000 + shared]))
    two.write_bytes(b"".join(every[4000:]))
    assert one.stat().st_size > SCAN_ALL_BYTES
    notes = Counter[str]()
    assert as_lines(one, two, notes=notes) == every
    assert +notes == ({"doubled": shared} if shared else {})


def test_files_put_together_in_the_wrong_order_are_sorted(tmp_path: Path) -> None:
    """`cat events.jsonl*` puts the newest first, and .10 before .2."""
    (folder,) = journal_maker.make(tmp_path, 12_000, rotate_at=250_000)
    whole = as_lines(folder)
    together = tmp_path / "all.jsonl"
    together.write_bytes(b"".join(file.read_bytes() for file in sorted(folder.iterdir())))
    assert together.stat().st_size > SCAN_ALL_BYTES
    notes: Counter[str] = Counter()
    assert as_lines(together, notes=notes) == whole
    assert not notes["disordered"]


def test_computers_are_told_apart(tmp_path: Path) -> None:
    """Also in one file that holds the events of all; merged they are in the order of the wall clock."""
    folders = journal_maker.make(tmp_path, 9000, stations=3)
    merged = as_lines(*folders)
    assert [json.loads(one)["time"] for one in merged] == sorted(json.loads(one)["time"] for one in merged)
    one_file = tmp_path / "all.jsonl"
    one_file.write_bytes(b"".join(merged))
    assert one_file.stat().st_size > SCAN_ALL_BYTES
    assert told(one_file) == told(*folders)
    assert told(tmp_path) == told(*folders)


def test_the_clock_that_is_never_set_gives_the_order(tmp_path: Path) -> None:
    """A wall clock that is set back in the middle of a boot moves nothing."""
    file = tmp_path / "events.jsonl"
    raw = [line("b", float(at)) for at in range(0, 1000, 100)]
    raw[5] = raw[5].replace(b'"20', b'"19', 1)
    file.write_bytes(b"".join(raw))
    assert as_lines(file) == raw


@pytest.fixture(scope="module")
def two_stations(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the journals of two stations, in several files each."""
    return journal_maker.make(tmp_path_factory.mktemp("stations"), 1200, stations=2, rotate_at=90_000)


@given(st.integers(0, 40))
@ANY_PATH
def test_the_last_events_are_the_last_of_all(two_stations: list[Path], most: int) -> None:
    """Read from the end, the same comes out as from the beginning."""
    folders = two_stations
    notes: Counter[str] = Counter()
    found = sources.find_sources(folders, Path(), notes, lambda _: None)
    wanted = EventFilter(make_parser().parse_args(["log"]))
    _, batches = streams.read_last(found, notes, lambda _: None, wanted.select, most)
    end = [raw + b"\n" for batch in batches for raw in batch.lines]
    whole = [raw for raw in as_lines(*folders) if b'"checkpoint"' not in raw]
    assert end == (whole[-most:] if most else [])


# --- damage

GOOD = line("b", 1.0)
BAD: dict[str, tuple[bytes, str | None]] = {
    "torn": (b'{"time": "2025-11-24T0', "torn"),
    "torn at its beginning": (b'{"ti', "torn"),
    "zeroes": (b"\0" * 300, "torn"),
    "text": (b"hello", "foreign"),
    "other JSON": (b'{"a": 1}', "foreign"),
    "a list": (b"[]", "foreign"),
    "bytes": (b"\xff\xfe\x80", "foreign"),
    "deep": (b"[" * 50_000, "foreign"),
    "two on a line": (GOOD[:-1] + GOOD[:-1], "foreign"),
    "a megabyte": (b'{"time": "' + b"x" * 1_000_000 + b'"}', "too_long"),
    "just too long": (GOOD[:-1] + b" " * MAX_LINE_BYTES + b"}", "too_long"),
    "a wrong time": (b'{"time": 5, "event": "x"}', "foreign"),
    "a huge number": (b'{"time": "", "event": "gap", "lost": ' + b"9" * 5000 + b"}", "foreign"),
    "empty": (b"", None),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_bad_lines_cost_only_themselves(tmp_path: Path, name: str, end: bytes) -> None:
    """They are counted, and what stands before and after them is told."""
    bad, key = BAD[name]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.strip() + end + bad + end + line("b", 2.0).strip() + end)
    notes: Counter[str] = Counter()
    assert [one.uptime for _, one in told(file, notes=notes)] == [1.0, 2.0]
    assert +notes == ({key: 1} if key else {})
    assert as_lines(file) == [GOOD, line("b", 2.0)]


ODD: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "not a number": (b'"plugged_for": NaN', {"plugged_for": -1.0}, "odd_value"),
    "infinity": (b'"plugged_for": -Infinity', {"plugged_for": -1.0}, "odd_value"),
    "too large": (b'"plugged_for": 1e999', {"plugged_for": -1.0}, "odd_value"),
    "a text": (b'"plugged_for": "5", "idle_for": 2', {"plugged_for": -1.0, "idle_for": 2.0}, "odd_value"),
    "an object": (b'"device": {}', {"device": ""}, "odd_value"),
    "half a letter": (b'"name": "a\\ud800"', {"name": "a?"}, "odd_value"),
    "a list of lists": (b'"devices": [[]]', {"devices": ()}, "odd_value"),
    "another schema": (b'"schema": 2, "new": 5', {"schema": 2}, "other_schema"),
    "another event": (b'"event": "charged"', {"event": "charged"}, "unknown_event"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_values_are_left_out_and_counted(tmp_path: Path, name: str) -> None:
    """The event stays, with what makes sense in it."""
    raw, expected, key = ODD[name]
    file = tmp_path / "events.jsonl"
    file.write_bytes(GOOD + line("b", 2.0)[:-2] + b", " + raw + b"}\n")
    notes: Counter[str] = Counter()
    one = told(file, notes=notes)[1][1]
    assert {field: getattr(one, field) for field in expected} == expected
    assert notes[key] == 1


PARTS = {"good": GOOD, "line end": b"\n", "return": b"\r", **{name: bad for name, (bad, _) in BAD.items()}}


@given(st.binary(max_size=300), st.lists(st.sampled_from(sorted(PARTS)), max_size=8))
@example(b'{"time":\n"a","event":"b"}\n{"time":"a","event":"b"} {"time":"a","event":"b"}\n', [])
@ANY_PATH
def test_any_bytes_are_read(tmp_path: Path, first: bytes, names: list[str]) -> None:
    """Nothing raises, and backwards the same is found as forwards; what is compressed is another matter."""
    assume(not first.startswith((*spool.MODULES, *spool.UNREADABLE, *spool.ENCODINGS)))
    raw = first + b"".join(map(PARTS.__getitem__, names))
    file = tmp_path / "events.jsonl"
    file.write_bytes(raw)
    read = told(file)
    as_lines(file)
    notes: Counter[str] = Counter()
    (source,) = sources.find_sources([file], file, notes, print)
    _, batches = streams.read_last([source], notes, print, lambda batch: batch, 10_000)
    back = [one for batch in batches for one in batch.events]
    # By their fields: which way an event was decoded is of no account.
    fields = msgspec.structs.astuple
    assert sorted(repr(fields(one)) for one in back) == sorted(repr(fields(one)) for _, one in read)


@given(st.integers(0, 20_000))
@ANY_PATH
def test_a_cut_loses_at_most_the_last_line(tmp_path: Path, journal_lines: list[bytes], at: int) -> None:
    """Wherever a crash ends the file: all whole lines are told, and half a line is counted."""
    raw = b"".join(journal_lines[:90])[:at]
    file = tmp_path / "events.jsonl"
    file.write_bytes(raw)
    notes: Counter[str] = Counter()
    whole = raw.count(b"\n")
    assert len(told(file, notes=notes)) - whole in (0, 1)
    assert notes["torn"] + notes["foreign"] <= 1


@given(st.lists(st.integers(0, 400), max_size=30), st.integers(1, 300))
@ANY_PATH
def test_chunks_are_the_same_both_ways(tmp_path: Path, lengths: list[int], size: int) -> None:
    """Every line that is not too long, once, from either end, whatever is read at once."""
    file = tmp_path / "x"
    raw = b"\n".join(bytes([97 + number % 26]) * length for number, length in enumerate(lengths))
    file.write_bytes(raw)
    descriptor = regular_file.open_file(file)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lines, "CHUNK_BYTES", size)
        patched.setattr(lines, "MAX_LINE_BYTES", 200)
        forth = b"".join(chunk for _, chunk in lines.read_forwards(descriptor, 0, len(raw), Counter()))
        back = b"".join(reversed(list(lines.read_backwards(descriptor, 0, len(raw), Counter()))))
    os.close(descriptor)
    expected = [one for one in raw.split(b"\n") if 0 < len(one) <= 200]
    for found in (forth, back):
        assert [one for one in found.split(b"\n") if 0 < len(one) <= 200] == expected


# --- files


@pytest.mark.not_on_windows("there are no such files")
def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    """One line for each, and the rest is read; a FIFO is not waited for."""
    good = tmp_path / "good"
    good.write_bytes(GOOD)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    bad = [tmp_path / "fifo", tmp_path / "empty", tmp_path / "missing", Path("/dev/null"), tmp_path / "loop", tmp_path / "*.no"]  # fmt: skip
    notes: Counter[str] = Counter()
    said: list[str] = []
    assert len(told(good, good, tmp_path / "nothing", *bad, notes=notes, said=said)) == 1
    assert [one.rpartition(": ")[2] for one in said] == [
        *(
            "it is a pipe, not a file",
            "no journal in this folder",
            "no such file",
            "it is a device, not a file",
        ),
        *("Too many levels of symbolic links", "no such file"),
    ]
    assert (notes["unreadable_file"], notes["same_file"]) == (6, 1)
    for one in bad:
        with pytest.raises(Failure) as failure:
            told(one)
        assert failure.value.hint


def test_folders_and_patterns_mean_the_journals_in_them(tmp_path: Path) -> None:
    """With rotated files, folders in it too, each once; what is no journal is left alone."""
    for number, name in enumerate(
        ["a/events.jsonl.2", "a/events.jsonl", "b/events.jsonl.1", "c.jsonl", "d.txt"]
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(line("b", float(number)))
    assert [one.uptime for _, one in told(tmp_path)] == [0, 1, 2, 3]
    assert [one.uptime for _, one in told(tmp_path / "a")] == [0, 1]
    assert [one.uptime for _, one in told(tmp_path / "*/events.jsonl*")] == [0, 1, 2]


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    "suffix", [".1", ".12", "-20261101", "-20261101-1793500000", "-2026-11-01", ".2026-11-01_08", ".20261101"]
)
def test_what_logrotate_has_put_aside_is_read(
    tmp_path: Path, compress: Callable[[bytes], bytes], suffix: str
) -> None:
    """With a number or a date in its name, compressed or not: in a folder, as the own journal, and by its name."""
    ending = {bytes: "", gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[compress]
    older, journal = tmp_path / f"a/events.jsonl{suffix}{ending}", tmp_path / "a/events.jsonl"
    older.parent.mkdir()
    older.write_bytes(compress(line("b", 0.0) * 2 + line("b", 1.0)))
    journal.write_bytes(line("b", 2.0))
    assert [one.uptime for _, one in told(tmp_path)] == [0, 1, 2]
    assert [one.uptime for _, one in told(tmp_path / "a")] == [0, 1, 2]
    assert [one.uptime for _, one in told(older, journal)] == [0, 1, 2]
    assert len(sources.find_sources([], journal, Counter(), print)) == 2
    journal.unlink()
    assert [one.uptime for _, one in told(tmp_path)] == [0, 1]
    notes: Counter[str] = Counter()
    assert len(told(older, older, notes=notes)) == 2
    assert notes["same_file"] == 1


@pytest.mark.parametrize(
    "older",
    [
        *("20261101T080000.123Z.jsonl", "20261101T080000.123Z_02.jsonl", "20261101T080000.123Z.jsonl.gz"),
        *("20261101T080000.123Z.jsonl.xz", "20261101T080000.123Z.jsonl-20261102.gz"),
    ],
)
def test_what_unplugd_has_rotated_is_read(tmp_path: Path, older: str) -> None:
    """With a time in its name, compressed since or not: in a folder, as the own journal, and by its name."""
    rotated, journal = tmp_path / f"a/events-{older}", tmp_path / "a/events.jsonl"
    rotated.parent.mkdir()
    content = line("b", 0.0) + line("b", 1.0)
    packed = {".gz": gzip.compress(content), ".xz": lzma.compress(content)}
    rotated.write_bytes(packed.get(rotated.suffix, content))
    journal.write_bytes(line("b", 2.0))
    (tmp_path / "a/events-of-mine.jsonl").write_bytes(line("b", 3.0))
    assert [one.uptime for _, one in told(tmp_path)] == [0, 1, 2, 3]
    assert [one.uptime for _, one in told(tmp_path / "a")] == [0, 1, 2, 3]
    assert [one.uptime for _, one in told(rotated, journal)] == [0, 1, 2]
    assert len(sources.find_sources([], journal, Counter(), print)) == 2
    assert sources.find_current_files([rotated], journal) == [journal]
    journal.unlink()
    assert [one.uptime for _, one in told(tmp_path)] == [0, 1, 3]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_what_powershell_has_written_is_read(tmp_path: Path, encoding: str) -> None:
    """Its `>` writes UTF-16 with a byte order mark."""
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    file = tmp_path / "events.jsonl"
    text = line("b", 0.0, name="NAME").decode().replace("NAME", "Zähler 😀").replace("\n", "\r\n")
    file.write_bytes((mark + text * 9).encode(encoding))
    notes: Counter[str] = Counter()
    assert [one.name for _, one in told(file, notes=notes)] == ["Zähler 😀"]
    assert +notes == {"doubled": 8}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (gzip.compress(GOOD * 99)[:40], "it is compressed, and damaged"),
        (gzip.compress(GOOD)[:-8] + b"12345678", "it is compressed, and damaged"),
        (lzma.compress(GOOD)[:30], "it is compressed, and damaged"),
        (b"BZh91AY&SY" + GOOD, "it is compressed, and damaged"),
        (b"\x28\xb5\x2f\xfd" + GOOD, "it is compressed; unpack it first: unzstd"),
        (b"PK\x03\x04" + GOOD, "it is compressed; unpack it first: unzip"),
        (b"\x04\x22\x4d\x18" + GOOD, "it is compressed; unpack it first: unlz4"),
        (b"\x1f\x9d" + GOOD, "it is compressed; unpack it first: uncompress"),
        (gzip.compress(GOOD * 1000), "it is longer than 0 GB"),
    ],
    ids=["cut gzip", "wrong sum", "cut xz", "no bzip2", "zstd", "zip", "lz4", "Z", "long"],
)
def test_what_cannot_be_unpacked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, what: str
) -> None:
    """By its name and what it is, and counted; the rest is read."""
    monkeypatch.setattr(spool, "MAX_BYTES", len(GOOD) * 500)
    (tmp_path / "events.jsonl.1.gz").write_bytes(content)
    (tmp_path / "events.jsonl").write_bytes(GOOD)
    said: list[str] = []
    notes: Counter[str] = Counter()
    assert len(told(tmp_path, notes=notes, said=said)) == 1
    assert said == [f"unplugd: {tmp_path / 'events.jsonl.1.gz'}: {what}"]
    assert notes["unreadable_file"] == 1


def test_a_rotation_between_finding_and_reading_loses_nothing(tmp_path: Path) -> None:
    """A file is known by what it is, not by its name."""
    (folder,) = journal_maker.make(tmp_path, 2000, rotate_at=200_000)
    whole = as_lines(folder)
    notes: Counter[str] = Counter()
    found = sources.find_sources([folder], Path(), notes, print)
    for file in list_files(folder / NAME):
        number = int(file.suffix[1:]) if file.suffix[1:].isdecimal() else 0
        file.rename(folder / f"{NAME}.{number + 1}")
    (folder / NAME).write_bytes(line("zz", 1.0))
    assert [raw + b"\n" for batch in streams.read_merged(found, notes)[1] for raw in batch.lines] == whole


def test_a_file_that_shrinks_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(GOOD * 2)
    notes: Counter[str] = Counter()
    found = sources.find_sources([file], file, notes, print)
    file.write_bytes(GOOD)
    assert len([one for batch in streams.read_merged(found, notes)[1] for one in batch.events]) == 1
    assert notes["cut_file"] == 1


def test_no_journal_is_no_error(tmp_path: Path) -> None:
    """Before the first event there is nothing to read and nothing wrong."""
    assert sources.find_sources([], tmp_path / "events.jsonl", Counter(), print) == []
    assert streams.read_merged([], Counter())[0] == []


@given(st.binary(max_size=200))
def test_any_line_is_an_event_or_counted(raw: bytes) -> None:
    """Never neither."""
    notes: Counter[str] = Counter()
    found = event.parse_line(raw, notes)
    assert found is not None or sum(notes.values()) == 1
