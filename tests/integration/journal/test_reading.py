"""Reading what this user may not read, and what has to be copied first."""

from __future__ import annotations

import atexit
import gc
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.journal.test_reading import GOOD, as_lines, line, told
from unplugd.errors import Failure
from unplugd.journal import spool

NOBODY = 65534


def test_a_file_without_permission_is_told(open_folder: Path) -> None:
    file = open_folder / "events.jsonl"
    file.write_bytes(GOOD)
    file.chmod(0)
    myself = os.geteuid()
    os.seteuid(myself or NOBODY)
    try:
        with pytest.raises(Failure, match="Permission denied"):
            told(file)
    finally:
        os.seteuid(myself)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_station_that_cannot_be_read_does_not_hide_the_others(open_folder: Path) -> None:
    """Of the stations in a folder, each whose folder is shut or whose journal leads nowhere is told, and no other."""
    for number in range(5):
        place = open_folder / f"station-{number}"
        place.mkdir()
        (place / "events.jsonl").write_bytes(line("b", 60.0, f"host-{number}"))
    (open_folder / "station-1").chmod(0)
    (open_folder / "station-2").chmod(0o444)
    (open_folder / "station-3/events.jsonl").unlink()
    (open_folder / "station-3/events.jsonl").symlink_to("nowhere")
    (open_folder / "station-5").mkdir()
    (open_folder / "station-5/events.jsonl").symlink_to(open_folder / "station-1/events.jsonl")
    (open_folder / "loop").symlink_to("loop")
    said: list[str] = []
    notes = Counter[str]()
    os.seteuid(NOBODY)
    try:
        found = told(open_folder, said=said, notes=notes)
    finally:
        os.seteuid(0)
    assert [host for host, _ in found] == ["host-0", "host-4"]
    reasons = {said_line.removeprefix(f"unplugd: {open_folder}/") for said_line in said}
    assert reasons == {
        "station-1: Permission denied",
        "station-2: Permission denied",
        "station-3/events.jsonl: no such file",
        "station-5/events.jsonl: Permission denied",
    }
    assert notes["unreadable_file"] == 4


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    """Return a journal in which the lines of several computers alternate."""
    file = tmp_path / "mix.jsonl"
    file.write_bytes(b"".join(line(f"b{n % 9}", 60.0 * n, f"host-{n % 9}") for n in range(3000)))
    return file


def read_in(temporary: Path, file: Path) -> subprocess.CompletedProcess[bytes]:
    """Read a journal by the command, with this folder for temporary files."""
    command = [sys.executable, "-m", "unplugd", "log", "--format", "jsonl", str(file)]
    return subprocess.run(
        command, env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True, check=False
    )


def test_temporary_files_are_gone_at_the_end(tmp_path: Path, mix: Path) -> None:
    """Also if whoever reads the output has had enough."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = read_in(temporary, mix)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"".join(as_lines(mix))
    assert list(temporary.iterdir()) == []
    command = f"{sys.executable} -m unplugd log --format jsonl {mix} | head -n 1"
    subprocess.run(
        ["sh", "-c", command], env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True, check=True
    )
    assert list(temporary.iterdir()) == []


def test_no_room_for_a_copy_is_told(open_folder: Path, mix: Path) -> None:
    """What comes through a pipe is copied; if the disk is full, the way out is said, and nothing is left there."""
    if os.geteuid():
        pytest.skip("needs root to mount a small file system")
    small = open_folder / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True)
    try:
        with mix.open("rb") as file:
            done = subprocess.run(
                [sys.executable, "-m", "unplugd", "report", "-"],
                env={**os.environ, "TMPDIR": str(small)},
                stdin=file,
                capture_output=True,
                text=True,
                check=False,
            )
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)
    assert done.returncode == 1
    said = f"unplugd: -: there is no room for a copy in {small}; TMPDIR can name another folder"
    assert done.stderr.splitlines()[0] == said


def test_a_full_disk_costs_only_time(tmp_path: Path, mix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says so, whether it is full before or only then; what was written is removed."""
    if os.geteuid():
        pytest.skip("needs root to mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=True)
    try:
        done = read_in(small, mix)
        assert list(small.iterdir()) == []
        said: list[str] = []
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        monkeypatch.setattr(spool, "SPARE_BYTES", -(10**12))
        assert len(told(mix, said=said)) == 3000
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)
    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == said
    assert said == [
        f"unplugd: no room to sort the lines of {mix}, so it takes longer: No space left on device"
    ]
    assert done.stdout == b"".join(as_lines(mix))


def test_a_forked_process_leaves_the_copies_alone() -> None:
    """Under Python 3.13 it forgets what is to be done at the end; the copies are not its own to remove."""
    folder = Path(spool.make_folder().name)
    child = os.fork()
    if not child:
        try:
            atexit._clear()
            gc.collect()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert folder.is_dir()
