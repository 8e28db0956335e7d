"""One daemon for one journal."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from unplugd.watch.lock import HeldError, Lock

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = (
    "import sys, pathlib; from unplugd.watch.lock import Lock\n"
    "lock = Lock(pathlib.Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/unplugd/events.lock"


def holder(path: Path) -> subprocess.Popen[bytes]:
    """Start a process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.readline()
    return process


def test_a_second_one_learns_who_holds_it(path: Path) -> None:
    """The error has the process id of the first."""
    with holder(path) as process:
        with pytest.raises(HeldError) as raised:
            Lock(path)
        assert raised.value.holder == str(process.pid)
        process.communicate()


def test_a_crash_lets_go(path: Path) -> None:
    """However the first one ends, the next one can start, and is named as the holder from then on."""
    with holder(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    lock = Lock(path)
    with pytest.raises(HeldError) as raised:
        Lock(path)
    assert raised.value.holder == str(os.getpid())
    lock.release()


def test_the_file_stays_and_is_the_users_alone(path: Path) -> None:
    """Removing it would let two hold it; 0600 in a folder with 0700, whatever the umask."""
    before = os.umask(0)
    try:
        Lock(path).release()
        path.write_text("99999999999999999999\n")
        Lock(path).release()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text() == f"{os.getpid()}\n"
    Lock(path).release()


@pytest.mark.parametrize("content", [b"\xff\x00\x1b[31m", b"", b"9" * 5000, b"12 34", b"-1"])
def test_the_holder_is_a_number_or_nobody(path: Path, content: bytes) -> None:
    """What else stands in the file is not repeated."""
    lock = Lock(path)
    path.write_bytes(content)
    with pytest.raises(HeldError) as raised:
        Lock(path)
    assert raised.value.holder in ("", "9" * 20)
    lock.release()


def test_no_descriptor_is_left_behind(path: Path) -> None:
    """A refused start leaks nothing, and a child that the daemon starts does not hold the lock on."""
    lock = Lock(path)
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are what is compared
    for _ in range(3):
        with pytest.raises(HeldError):
            Lock(path)
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        Lock(path).release()
        child.communicate()


def test_a_folder_in_its_place_is_an_error(path: Path) -> None:
    """What is wrong with the disk is told as such, not as another daemon."""
    path.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        Lock(path)
