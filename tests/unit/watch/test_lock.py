"""One daemon for one journal."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from unplugd.watch.lock import HeldError, Lock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/unplugd/events.lock"


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


def test_a_folder_in_its_place_is_an_error(path: Path) -> None:
    """What is wrong with the disk is told as such, not as another daemon."""
    path.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        Lock(path)
