"""The journal on a full disk, and with two writers."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rig.wait import GIVE_UP
from tests.unit.journal.test_writer import events, line, made, numbers
from unplugd.journal.timestamps import format_timestamp
from unplugd.journal.writer import Journal, JournalFile
from unplugd.rules.events import Resumed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/unplugd/events.jsonl"


# --- one write a line


def test_two_writers_do_not_mix(path: Path) -> None:
    """Lines of two processes that append at the same time stay whole; at most an empty one comes between them.

    One process may open the file while the other is writing, and find that its last line is not ended yet.
    """
    path.parent.mkdir(parents=True)
    script = (
        "import sys, pathlib; from unplugd.journal.writer import JournalFile\n"
        "file = JournalFile(pathlib.Path(sys.argv[1]))\n"
        'for n in range(300): file.msg(\'{"time": "", "event": "\' + sys.argv[2] * 500 + \'"}\')'
    )
    both = [subprocess.Popen([sys.executable, "-c", script, path, letter]) for letter in "ab"]
    assert [process.wait(GIVE_UP) for process in both] == [0, 0]
    written = [json.loads(each)["event"] for each in path.read_bytes().splitlines() if each]
    assert sorted(set(written)) == ["a" * 500, "b" * 500]
    assert len(written) == 600


# --- trouble


def test_a_full_disk_keeps_the_events(path: Path) -> None:
    """While there is no space the events wait, with the system's own word for it, and then come in their order."""
    if os.geteuid():
        pytest.skip("needs root, to mount a small disk")
    path.parent.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", path.parent], check=True)
    try:
        filler = path.with_name("filler")
        filler.write_bytes(b"x" * 4096)
        file = JournalFile(path)
        file.msg(line(0))
        file.msg(line(1))
        assert (file.error, file.waiting) == (os.strerror(errno.ENOSPC), 2)
        filler.unlink()
        file.msg(line(2))
        assert (file.error, file.waiting) == (None, 0)
        assert numbers(path) == [0, 1, 2]
        file.close()
    finally:
        subprocess.run(["umount", path.parent], check=True)


def test_an_error_at_closing_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network file system says only then that its disk is full: the event waits, and comes later."""
    file = JournalFile(path)
    file.msg(line(0))
    close = os.close

    def closing(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def failing(*_arguments: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr("unplugd.journal.writer.os.write", failing)
        patched.setattr("unplugd.journal.writer.os.close", closing)
        file.msg(line(1))
    assert (file.error, file.waiting) == (os.strerror(errno.EIO), 1)
    file.msg(line(2))
    assert numbers(path) == [0, 1, 2]


def test_what_could_not_be_kept_is_told(path: Path) -> None:
    """The oldest events go first, and a `gap` says how many and from when to when."""
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    written = Journal(
        JournalFile(path, max_waiting=3), boot="b", now=lambda: 100.0, wall=lambda: 1_764_000_100.0
    )
    for number in range(8):
        written.write(Resumed(number), at=float(number))
    assert not written.retry()
    path.unlink()
    assert written.retry()
    kept, (gap,) = events(path)[:-1], events(path)[-1:]
    assert [event["slept_for"] for event in kept] == [5, 6, 7]
    assert (gap["event"], gap["lost"]) == ("gap", 5)
    assert (gap["from"], gap["until"]) == (format_timestamp(1_764_000_000), format_timestamp(1_764_000_004))
    written.write(Resumed(8))
    assert [event["event"] for event in events(path)[3:]] == ["gap", "resumed"]


def test_the_next_event_brings_the_gap(path: Path) -> None:
    """What was lost is told with the first event that can be written again, not only at the next retry."""
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    written = made(JournalFile(path, max_waiting=1))
    written.write(Resumed(0))
    written.write(Resumed(1))
    path.unlink()
    written.write(Resumed(2))
    assert [(e["event"], e.get("slept_for"), e.get("lost")) for e in events(path)] == [
        ("resumed", 2, None),
        ("gap", None, 2),
    ]


def test_an_event_is_tried_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the journal cannot be written each event costs one try, not several."""
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    written = made(JournalFile(path))
    tries: list[JournalFile] = []
    flush = JournalFile.flush

    def counted(file: JournalFile) -> bool:
        tries.append(file)
        return flush(file)

    monkeypatch.setattr(JournalFile, "flush", counted)
    for number in range(3):
        written.write(Resumed(number))
    assert len(tries) == 3


def test_a_second_gap_counts_from_nothing(path: Path) -> None:
    """Each gap tells of its own losses."""
    path.parent.mkdir(parents=True)
    written = made(JournalFile(path, max_waiting=1))
    for lost in (2, 3):
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/full")
        for _ in range(lost + 1):
            written.write(Resumed(0))
        path.unlink()
        written.retry()
        assert [(e["event"], e.get("lost")) for e in events(path)] == [("resumed", None), ("gap", lost)]


# --- reading


def test_the_journal_brings_no_heavy_libraries_along() -> None:
    """Rich and asyncio, which structlog would load, stay out of the daemon's memory; what only reads loads none of it."""
    script = """
import sys
from pathlib import Path
import unplugd.watch.daemon, unplugd.platforms.linux.platform
from unplugd.journal.writer import Journal, JournalFile
def loaded(): return [name for name in ("rich", "asyncio", "uuid", "structlog") if name in sys.modules]
print(loaded())
Journal(JournalFile(Path("journal")), boot="", now=float, wall=float)
print(loaded())
"""
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n['structlog']\n"
