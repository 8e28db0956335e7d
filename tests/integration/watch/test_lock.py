"""One daemon for one journal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rig.wait import GIVE_UP
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
        process.wait(GIVE_UP)
    lock = Lock(path)
    with pytest.raises(HeldError) as raised:
        Lock(path)
    assert raised.value.holder == str(os.getpid())
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
