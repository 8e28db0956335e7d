"""One daemon for one journal."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from unplugd.watch import lock as lock_module
from unplugd.watch.lock import HeldError, Holder, Lock, find_holder
from unplugd.watch.named_socket import make_name
from unplugd.watch.peer import Peer

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
    assert path.read_text() == f"{os.getpid()}\n\n"
    Lock(path).release()


@pytest.mark.parametrize("content", [b"\xff\x00\x1b[31m", b"", b"9" * 5000, b"12 34", b"-1"])
def test_the_holder_is_a_number_or_nobody(
    path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """What else stands in the file is not repeated; where sockets have names, the kernel knows better."""
    lock = Lock(path)
    path.write_bytes(content)
    with pytest.raises(HeldError) as raised:
        Lock(path)
    assert raised.value.holder == str(os.getpid())
    monkeypatch.setattr(lock_module, "make_name", lambda _path: None)
    with pytest.raises(HeldError) as raised:
        Lock(path)
    assert raised.value.holder == ""
    lock.release()


def make_refused(path: Path) -> Lock:
    """Return a lock that could not lock the file, and see that it says so and refuses a second one nevertheless."""
    lock = Lock(path)
    assert lock.trouble
    assert lock.trouble.hint
    assert "a second unplugd is refused all the same" in str(lock.trouble)
    with pytest.raises(HeldError) as raised:
        Lock(path)
    assert raised.value.holder == str(os.getpid())
    return lock


def find_holder_or_none(path: Path) -> Holder | None:
    """Return who holds the lock, None also where that cannot be told."""
    try:
        return find_holder(path)
    except OSError:
        return None


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_it_is_never_written_through_a_link(path: Path, tmp_path: Path, kind: str) -> None:
    """The link's target, or a file with two names, keeps what is in it."""
    path.parent.mkdir(parents=True)
    precious = tmp_path / "precious"
    precious.write_text("mine")
    if kind == "hard":
        path.hardlink_to(precious)
    else:
        path.symlink_to(precious)
    lock = make_refused(path)
    assert " link" in str(lock.trouble)
    assert lock.trouble
    assert lock.trouble.hint == f"remove it: rm -r {path}"
    assert find_holder_or_none(path) is None
    lock.write_address(str(path))
    lock.release()
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("kind", ["fifo", "folder", "socket"])
def test_only_a_file_is_locked(path: Path, kind: str) -> None:
    """What has no other end yet is not waited for."""
    path.parent.mkdir(parents=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as planted:
            planted.bind(str(path))
    make_refused(path).release()
    assert find_holder_or_none(path) is None


def test_a_file_of_another_user_is_not_locked(path: Path) -> None:
    """They could hold the lock themselves, for ever."""
    if os.geteuid():
        pytest.skip("needs root to make a file of somebody else's")
    path.parent.mkdir(parents=True)
    path.touch()
    os.chown(path, 65534, 65534)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        make_refused(path).release()


def test_nothing_is_written_into_another_users_folder(path: Path) -> None:
    """They could take the file away and lock one of their own."""
    if os.geteuid():
        pytest.skip("needs root, to give a folder away")
    path.parent.mkdir(parents=True)
    os.chown(path.parent, 65534, 65534)
    lock = make_refused(path)
    assert "its folder belongs to another user" in str(lock.trouble)
    assert not list(path.parent.iterdir())
    lock.release()


def test_the_way_out_fits_the_trouble(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Space on a full disk helps, on a disk without locks it does not."""

    def find_hint(number: int) -> str:
        def fail(*_arguments: object) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as broken:
            broken.setattr(fcntl, "flock", fail)
            lock = make_refused(path)
        lock.release()
        assert lock.trouble
        return lock.trouble.hint

    assert find_hint(errno.ENOSPC) == "free up some disk space"
    assert find_hint(errno.ENOLCK) == f"keep {path.parent} on a disk that can lock files"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_lock_keeps_nobody_from_starting(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A second one is refused even if the file can be locked by then."""

    def fail(_descriptor: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(fcntl, "flock", fail)
        lock = make_refused(path)
    with pytest.raises(HeldError):
        Lock(path)
    lock.release()
    Lock(path).release()


def test_a_state_folder_that_cannot_be_made_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """A second one is refused even if the folder can be made by then."""
    (tmp_path / "file").touch()
    lock = make_refused(tmp_path / "file/unplugd/events.lock")
    assert "Not a directory" in str(lock.trouble)
    (tmp_path / "file").unlink()
    with pytest.raises(HeldError):
        Lock(tmp_path / "file/unplugd/events.lock")
    lock.release()


@pytest.mark.parametrize("listens", [True, False])
def test_a_name_taken_by_another_user_silences_nobody(
    path: Path, monkeypatch: pytest.MonkeyPatch, listens: bool
) -> None:
    """Whoever has the name is asked for their user id, and then the file alone counts."""
    name = make_name(path)
    assert name
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(name)
        if listens:
            squatter.listen(0)
            monkeypatch.setattr(Peer, "is_me", False)
        lock = Lock(path)
        assert (lock.trouble, lock.named) == (None, None)
        with pytest.raises(HeldError):
            Lock(path)
        lock.release()
        path.unlink()
        path.mkdir()
        alone = Lock(path)
        assert "a second unplugd would start too" in str(alone.trouble)
        alone.release()


def test_a_question_does_not_keep_one_from_starting(path: Path) -> None:
    """A command that asks who holds the lock shares it for a moment; the one that starts then tries again."""
    Lock(path).release()
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            find_holder(path)

    asker = threading.Thread(target=keep_asking)
    asker.start()
    try:
        for _ in range(50):
            lock = Lock(path)
            assert lock.trouble is None
            lock.release()
    finally:
        over.set()
        asker.join()


def test_whoever_only_shares_the_lock_is_no_daemon(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that reads the file under a lock for ever costs a moment, not the reminders."""
    monkeypatch.setattr(lock_module, "BETWEEN_ATTEMPTS_SECONDS", 0.0)
    Lock(path).release()
    with path.open() as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        make_refused(path).release()


@pytest.mark.parametrize("place", [b"a b/control", b"/elsewhere/control", b"\xff\n/x"])
def test_the_socket_is_written_without_the_users_name(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: bytes
) -> None:
    """The home folder has it in its name; other shells find the socket nevertheless."""
    monkeypatch.setenv("HOME", str(tmp_path))
    socket_path = tmp_path / os.fsdecode(place)
    lock = Lock(path)
    lock.write_address(str(socket_path))
    assert str(tmp_path).encode() not in path.read_bytes()
    assert path.read_bytes().partition(b"\n")[0] == str(os.getpid()).encode()
    assert find_holder(path) == (str(os.getpid()), str(socket_path), os.geteuid())
    lock.write_address(None)
    assert find_holder(path) == (str(os.getpid()), "", os.geteuid())
    lock.release()
    assert find_holder(path) is None
