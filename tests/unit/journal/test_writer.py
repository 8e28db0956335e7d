"""The journal: every event arrives once, whole and in order, or is counted as lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from unplugd import account
from unplugd.journal import writer
from unplugd.journal.files import (
    MAX_LINE_BYTES,
    decode_line,
    list_archived,
    list_files,
    read_tail,
    strip_rotation,
)
from unplugd.journal.host import find_host_name
from unplugd.journal.station import Station, find_station
from unplugd.journal.timestamps import format_timestamp
from unplugd.journal.writer import Journal, JournalFile
from unplugd.rules.devices import Device
from unplugd.rules.events import ConfigLoaded, Resumed, Unplugged, UseBegan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STICK = Device("1-1.2", 0x0A21, 0x8001, address=7, name="CareLink USB")


def made(file: JournalFile) -> Journal:
    """Return a journal at a set time."""
    return Journal(file, boot="b00t", now=lambda: 12.3456, wall=lambda: 1_764_000_000.1236)


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def line(number: int) -> str:
    return json.dumps({"time": f"T{number}", "event": "x", "number": number})


def numbers(path: Path) -> list[int]:
    return [event["number"] for event in events(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/unplugd/events.jsonl"


# --- what a line holds


def test_a_line_has_what_the_contract_says(path: Path) -> None:
    """Time in UTC with milliseconds, event, host, boot, schema; a device's port, id and name; then the rest."""
    made(JournalFile(path)).write(Unplugged(plugged_for=3.5, idle_for=2.0), STICK)
    (event,) = events(path)
    assert event == {
        "time": "2025-11-24T16:00:00.123Z",
        "event": "unplugged",
        "host": find_host_name(),
        "boot": "b00t",
        "schema": 1,
        "uptime": 12.346,
        "device": "1-1.2",
        "id": "0a21:8001",
        "name": "CareLink USB",
        "plugged_for": 3.5,
        "idle_for": 2.0,
    }
    assert list(event)[:5] == ["time", "event", "host", "boot", "schema"]


def test_a_wait_for_a_processor_moves_no_time(path: Path) -> None:
    """An event has the time at which it happened, even if unplugd has to wait after it has read a clock."""
    passed = 100.0

    def read(waits: list[float]) -> float:
        nonlocal passed
        found, passed = passed, passed + (waits.pop() if waits else 0)
        return found

    of_now, of_wall = [3.0], [5.0]
    journal = Journal(
        JournalFile(path), boot="b00t", now=lambda: read(of_now), wall=lambda: 1_764_000_000 + read(of_wall)
    )
    journal.write(ConfigLoaded(), at=90.0)
    line = json.loads(path.read_text())
    assert (line["time"], line["uptime"]) == (format_timestamp(1_764_000_090), 90.0)


def test_a_line_tells_which_computer_and_which_account_wrote_it(path: Path) -> None:
    """By stand-ins; a computer without an id has neither field, and everything else as before."""
    for station in (Station("aa", "bb"), find_station("", "1000")):
        Journal(JournalFile(path), boot="b00t", now=float, wall=float, station=station).write(ConfigLoaded())
    known, unknown = events(path)
    assert (known.pop("station"), known.pop("session")) == ("aa", "bb")
    assert known == unknown


def test_stand_ins_tell_nothing_but_apart() -> None:
    """The same for the same computer and account, another for any other; what they are made of is not in them."""
    machine = "0123456789abcdef0123456789abcdef"
    known = find_station(machine, "1000")
    assert known == find_station(machine, "1000")
    assert all(re.fullmatch("[0-9a-f]{16}", word) for word in known)
    other_account, other_machine = find_station(machine, "1001"), find_station(machine[::-1], "1000")
    assert other_account.station == known.station != other_machine.station
    assert len({known.session, other_account.session, other_machine.session, known.station}) == 4
    assert not any(word in machine for word in known)
    assert find_station("5" * 200, "0") != find_station("6" * 200, "0")


@given(st.floats(min_value=0, max_value=4_000_000_000))
def test_a_time_reads_back(stamp: float) -> None:
    """RFC 3339 in UTC, always with milliseconds, right to the millisecond."""
    written = format_timestamp(stamp)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", written)
    assert abs(datetime.fromisoformat(written) - datetime.fromtimestamp(stamp, UTC)).total_seconds() <= 0.001


TEXTS = st.text(st.characters(exclude_categories=()), max_size=50)


@pytest.mark.not_on_windows("Wine keeps a removed file under its name while it is open")
@given(TEXTS, TEXTS, TEXTS)
@example("", "\ud800", "")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_takes_one_line(tmp_path: Path, name: str, program: str, evidence: str) -> None:
    """Line ends, lone surrogates and control characters in foreign names never break a line or the program."""
    path = tmp_path / "events.jsonl"
    path.unlink(missing_ok=True)
    made(JournalFile(path)).write(UseBegan(program, evidence), Device("1-1", 1, 2, name=name))
    raw = path.read_bytes()
    assert raw.count(b"\n") == 1
    parsed = decode_line(raw)
    assert parsed
    assert parsed["event"] == "use_began"
    assert "\x1b" not in raw.decode()


# --- one write a line


@contextmanager
def writes_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Note what is really written, call by call."""
    written: list[bytes] = []
    write = os.write

    def noting(descriptor: int, data: bytes) -> int:
        written.append(data)
        return write(descriptor, data)

    with monkeypatch.context() as patched:
        patched.setattr("unplugd.journal.writer.os.write", noting)
        yield written


def test_one_write_a_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is never put together from several writes, so no reader and no crash ever sees half of one."""
    file = JournalFile(path)
    with writes_counted(monkeypatch) as written:
        for number in range(3):
            file.msg(line(number))
    assert written == [f"{line(number)}\n".encode() for number in range(3)]


@pytest.mark.not_on_windows("file modes mean nothing there")
def test_the_file_is_the_users_alone(path: Path) -> None:
    """0600 in a folder with 0700, whatever the umask; a rotated file likewise."""
    before = os.umask(0)
    try:
        file = JournalFile(path, rotate_at=100)
        for number in range(10):
            file.msg(line(number))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {0o600}


# --- trouble


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond `size`: the kernel cuts a write short there, and then refuses."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.not_on_windows("a process there cannot limit how long its files may be")
@pytest.mark.parametrize("room", [0, 1, 20, 200])
def test_a_short_write_leaves_no_torn_line(path: Path, room: int) -> None:
    """A disk that takes only a part of a line keeps none of it, and gets the whole line when there is room again."""
    file = JournalFile(path)
    file.msg(line(0))
    with room_for(path.stat().st_size + room):
        for number in range(1, 10):
            file.msg(line(number))
        assert file.error
        assert path.read_bytes().endswith(b"}\n")
    assert file.flush()
    assert file.error is None
    assert numbers(path) == list(range(10))


@pytest.mark.not_on_windows("Wine keeps a removed file under its name while it is open")
def test_a_removed_file_or_folder_is_made_again(path: Path) -> None:
    """Somebody who tidies up loses what they removed and nothing that comes after it."""
    file = JournalFile(path)
    file.msg(line(0))
    path.unlink()
    file.msg(line(1))
    assert numbers(path) == [1]
    shutil.rmtree(path.parent)
    file.msg(line(2))
    assert numbers(path) == [2]
    path.rename(path.with_name("moved"))
    file.msg(line(3))
    assert numbers(path) == [3]


def test_a_folder_that_cannot_be_made_keeps_the_events(path: Path) -> None:
    """A file where the folder should be is trouble, not the end."""
    path.parent.parent.mkdir()
    path.parent.write_text("")
    file = JournalFile(path)
    file.msg(line(0))
    assert file.error
    assert str(path.parent) not in file.error
    path.parent.unlink()
    assert file.flush()
    assert numbers(path) == [0]


@pytest.mark.not_on_windows("Wine keeps a removed file under its name while it is open")
@given(st.lists(st.sampled_from(["write", "write", "block", "free", "retry"]), max_size=40))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_lost_without_being_counted(tmp_path: Path, doings: list[str]) -> None:
    """However often the disk fails: what is in the file, in order, and what the gaps count is all that there was."""
    folder = tmp_path / "folder"
    path = folder / "events.jsonl"
    blocked = False
    shutil.rmtree(folder, ignore_errors=True)
    written = made(JournalFile(path, max_waiting=4))
    number = 0
    for doing in [*doings, "free", "retry"]:
        if doing == "write":
            written.write(Resumed(number))
            number += 1
        elif doing == "retry":
            written.retry()
        elif doing == "block" and not blocked:
            folder.mkdir(exist_ok=True)
            folder.rename(tmp_path / "aside")
            folder.write_text("")
            blocked = True
        elif doing == "free" and blocked:
            folder.unlink()
            (tmp_path / "aside").rename(folder)
            blocked = False
    found = events(path) if path.exists() else []
    kept = [event["slept_for"] for event in found if event["event"] == "resumed"]
    assert kept == sorted(set(kept))
    assert len(kept) + sum(event["lost"] for event in found if event["event"] == "gap") == number


# --- torn lines and rotation


def test_a_torn_last_line_stays_alone(path: Path) -> None:
    """After a crash in the middle of a line the next event begins a line of its own."""
    path.parent.mkdir(parents=True)
    path.write_text(f'{line(0)}\n{{"time": "T1", "ev')
    file = JournalFile(path)
    file.msg(line(2))
    assert [event["number"] for event in read_tail(path)] == [0, 2]
    assert path.read_text().splitlines()[1] == '{"time": "T1", "ev'


def test_a_whole_last_line_gets_no_empty_one(path: Path) -> None:
    """A restart adds nothing of its own."""
    JournalFile(path).msg(line(0))
    JournalFile(path).msg(line(1))
    assert path.read_text() == f"{line(0)}\n{line(1)}\n"


def test_rotation_keeps_every_event(path: Path) -> None:
    """No file grows beyond the limit, and read in order they hold everything."""
    file = JournalFile(path, rotate_at=200)
    for number in range(50):
        file.msg(line(number))
    files = list_files(path)
    assert len(files) > 10
    assert files[-1] == path
    assert all(one.stat().st_size <= 200 for one in files)
    assert [number for one in files for number in numbers(one)] == list(range(50))


def test_the_oldest_rotated_file_goes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that years of events end somewhere; the newest are kept."""
    monkeypatch.setattr(writer, "MAX_ROTATED_FILES", 3)
    file = JournalFile(path, rotate_at=1)
    for number in range(6):
        file.msg(line(number))
    assert [numbers(one) for one in list_files(path)] == [[2], [3], [4], [5]]


def write_each(path: Path, *times: str) -> list[str]:
    """Write a line of each of these times, each to a file of its own; return the names of the files that were rotated."""
    file = JournalFile(path, rotate_at=1)
    for time in (*times, ""):
        file.msg(json.dumps({"time": time, "event": "x"}))
    file.close()
    return [one.name for one in list_files(path)[:-1]]


def test_a_rotated_file_is_named_by_its_first_line(path: Path) -> None:
    """A name that sorts by time; where two files have one time, by a number, too."""
    first, second = "2026-11-01T08:00:00.123Z", "2026-11-02T08:00:00.000Z"
    names = write_each(path, first, first, first, second)
    assert names == [
        "events-20261101T080000.123Z.jsonl",
        "events-20261101T080000.123Z_02.jsonl",
        "events-20261101T080000.123Z_03.jsonl",
        "events-20261102T080000.000Z.jsonl",
    ]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "time", ["1970-01-01T00:00:20.000Z", "", "soon", "../../x", "2026-11-01T08:00:00.122Z"]
)
def test_names_sort_whatever_the_clock_showed(path: Path, time: str) -> None:
    """A file that was rotated later comes later, also if its time is wrong or cannot be read."""
    names = write_each(path, "2026-11-01T08:00:00.123Z", time, time)
    assert names == sorted(names)
    assert [json.loads(one.read_text())["time"] for one in list_files(path)[:3]] == [
        "2026-11-01T08:00:00.123Z",
        time,
        time,
    ]


def test_a_rotated_file_never_changes_again(path: Path) -> None:
    """A mirror sends each once: after a rotation there is one more, with what was in the current file."""
    file = JournalFile(path, rotate_at=200)
    before: dict[str, bytes] = {}
    for number in range(60):
        file.msg(line(number))
        after = {one.name: one.read_bytes() for one in path.parent.iterdir()}
        new = after.keys() - before.keys()
        assert len(new) <= 1
        assert all(after[name] == before[name] for name in before if name != path.name)
        if new and before:
            assert after[new.pop()] == before[path.name]
        before = after
    assert len(before) > 10


def test_files_that_an_earlier_version_rotated_are_the_oldest(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read, they count, and they go first."""
    monkeypatch.setattr(writer, "MAX_ROTATED_FILES", 4)
    path.parent.mkdir(parents=True)
    for number, name in enumerate(("events.jsonl.2", "events.jsonl.1", "events.jsonl")):
        path.with_name(name).write_text(f"{line(number)}\n")
    file = JournalFile(path, rotate_at=1)
    found = []
    for number in range(3, 8):
        file.msg(line(number))
        found.append([numbers(one)[0] for one in list_files(path)])
    assert found == [[0, 1, 2, 3], [0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [2, 3, 4, 5, 6], [3, 4, 5, 6, 7]]
    assert not path.with_name("events.jsonl.1").exists()


def test_what_somebody_has_compressed_keeps_its_name(path: Path) -> None:
    """No other file gets it, and it is part of the journal."""
    (name,) = write_each(path, "2026-11-01T08:00:00.123Z")
    rotated = path.with_name(name)
    rotated.rename(rotated.with_name(f"{name}.gz"))
    path.unlink()
    assert write_each(path, "2026-11-01T08:00:00.123Z") == ["events-20261101T080000.123Z_02.jsonl"]
    assert list_archived(path) == [rotated.with_name(f"{name}.gz")]
    assert strip_rotation(rotated.with_name(f"{name}.gz")) == strip_rotation(rotated) == path


def test_a_line_longer_than_a_whole_file_is_written(path: Path) -> None:
    """One event that is larger than the limit does not rotate for ever."""
    file = JournalFile(path, rotate_at=10)
    file.msg(line(0))
    file.msg(line(1))
    assert [numbers(one) for one in list_files(path)] == [[0], [1]]


@pytest.mark.not_on_windows("Wine makes no links that it would know again")
def test_a_journal_that_is_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    """A folder that is synced gets every event, rotated or not; readers find them all, and what was written before."""
    target = tmp_path / "sync/laptop.jsonl"
    target.parent.mkdir()
    path.parent.mkdir(parents=True)
    path.with_name("events.jsonl.1").write_text(f"{line(-1)}\n")
    path.symlink_to(target)
    file = JournalFile(path, rotate_at=100)
    for number in range(10):
        file.msg(line(number))
    assert path.is_symlink()
    assert sorted(one.name for one in path.parent.iterdir()) == ["events.jsonl", "events.jsonl.1"]
    files = list_files(path)
    assert {one.parent for one in files[1:-1]} == {target.parent}
    assert len(files) > 4
    assert [number for one in files for number in numbers(one)] == list(range(-1, 10))


@pytest.mark.not_on_windows("there are no such files")
@pytest.mark.parametrize(
    "put", [getattr(os, "mkfifo", None), os.mkdir, lambda path: path.symlink_to("/dev/null")]
)
def test_what_is_no_file_gets_no_events(path: Path, put: Callable[[Path], None]) -> None:
    """They wait, and nobody waits for them: not in a pipe, nor for a reader of one; once it is gone they are written."""
    path.parent.mkdir(parents=True)
    put(path)
    file = JournalFile(path)
    file.msg(line(0))
    assert file.error
    assert file.error.endswith("not a file")
    path.rename(path.with_name("gone"))
    file.msg(line(1))
    assert file.waiting == 0
    assert numbers(path) == [0, 1]


def test_where_nothing_can_be_renamed_the_file_grows(path: Path) -> None:
    """A journal that cannot be rotated goes on, here because the new name is too long."""
    path = path.with_name(f"{'x' * 240}.jsonl")
    file = JournalFile(path, rotate_at=100)
    for number in range(5):
        file.msg(line(number))
    assert (file.error, numbers(path)) == (None, list(range(5)))


@pytest.mark.not_on_windows("there are no such files")
def test_the_end_of_what_is_no_file_is_empty(path: Path) -> None:
    """Reading what was written before never waits."""
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert list(read_tail(path)) == []


def test_files_are_in_the_order_of_time(path: Path) -> None:
    """`.10` is older than `.9`; what is not a rotated journal is left alone."""
    path.parent.mkdir(parents=True)
    for name in ("", ".1", ".9", ".10", ".bak", ".1.gz", ".", ".²", ".-1"):
        path.with_name(f"events.jsonl{name}").write_text("")
    assert [one.name.removeprefix("events.jsonl") for one in list_files(path)] == [".10", ".9", ".1", ""]


def test_there_need_be_no_journal(path: Path) -> None:
    """Before the first event there are no files and no events."""
    assert list_files(path) == []
    assert list(read_tail(path)) == []


# --- reading


@given(st.binary(max_size=200) | st.text(max_size=200))
@example(b"\xff\xfe")
@example("[" * 60_000)
@example('{"event": "x", "time": "", "n": ' + "9" * 5000 + "}")
@example('{"event": ["x"], "time": 5}')
@example("")
def test_any_line_is_an_event_or_nothing(raw: bytes | str) -> None:
    """A line from anywhere has an `event` and a `time` that are texts, or is passed over."""
    event = decode_line(raw)
    assert event is None or (isinstance(event["event"], str) and isinstance(event["time"], str))


def test_an_endless_line_is_no_event() -> None:
    """A line longer than any of ours is not even looked at."""
    event = '{"time": "", "event": "x"}'
    assert decode_line(event + " " * (MAX_LINE_BYTES - len(event)))
    assert decode_line(event + " " * MAX_LINE_BYTES) is None


@given(st.integers(1, 400))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_tail_begins_with_a_whole_line(tmp_path: Path, most: int) -> None:
    """The last bytes of a large file give its last events, whatever they cut through."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join(f"{line(number)}\n" for number in range(10)))
    found = [event["number"] for event in read_tail(path, most)]
    assert found == list(range(10 - len(found), 10))
    assert len(found) >= min(10, most // len(line(0)) - 1)


def test_the_tail_passes_over_what_is_not_ours(path: Path) -> None:
    """Empty, torn and foreign lines cost nothing but themselves; a folder has no events."""
    path.parent.mkdir(parents=True)
    path.write_bytes(
        b"\n" + line(0).encode() + b"\n\xff\xfe\n[]\n5\nnull\n{}\n" + line(1).encode() + b"\r\n{"
    )
    assert [event["number"] for event in read_tail(path)] == [0, 1]
    assert list(read_tail(path.parent)) == []


@pytest.mark.parametrize(
    ("computer", "login", "full_name", "kept"),
    [
        ("station-3", "ann", "Ann Example,,,", True),
        ("Wilhelminas-MacBook-Pro.local", "wex", "Wilhelmina Example", False),
        ("WILHELMINAS-PC", "wilhelmina", "", False),
        ("laptop", "al", "Al To", True),
    ],
)
def test_a_computers_name_that_holds_the_users_is_not_stored(
    monkeypatch: pytest.MonkeyPatch, computer: str, login: str, full_name: str, *, kept: bool
) -> None:
    """A stand-in tells the computer from others, always the same one."""
    monkeypatch.setattr(account, "find_names", lambda: [login, full_name])
    monkeypatch.setattr(socket, "gethostname", lambda: computer)
    assert (find_host_name() == computer) is kept
    assert find_host_name() == find_host_name()
    if not kept:
        assert re.fullmatch("computer-[0-9a-f]{8}", find_host_name())


@pytest.mark.not_on_windows("every account has an entry")
def test_a_user_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in some containers: the computer's name is all that is known."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert find_host_name() == socket.gethostname()
