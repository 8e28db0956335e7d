"""The lock next to the journal, which allows only one daemon per journal and says where its socket is.

The daemon locks the file and, on Linux, takes a name for a socket (see `named_socket`). It needs only one of them: the
file may be on a full or read-only disk, or on a file system that cannot lock. But it always takes both if it can, so
that a second daemon is refused even if the file could not be locked when the first one started and now can.

The file's first line is the process id, its second line the path of the control socket.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd import paths, private_folder, regular_file
from unplugd.errors import Failure, advise
from unplugd.watch.named_socket import find_owner, make_name, take_name

if TYPE_CHECKING:
    import socket
    from pathlib import Path

MAX_BYTES: Final = 8192
"""Longest content that is read, in bytes."""
ATTEMPTS: Final = 50
BETWEEN_ATTEMPTS_SECONDS: Final = 0.01
CANNOT_LOCK: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""Errors of file systems without locks, as of some network drives."""

LINK: Final = "it is a link"
SECOND_NAME: Final = "it is also another file (a hard link)"


class HeldError(Exception):
    """Another process holds the lock; `holder` is its process id, "" if it cannot be found out."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"process {holder} holds the lock")
        self.holder = holder


class Holder(NamedTuple):
    """A daemon that holds a lock: its process id ("" if unknown), its socket (None if unknown), and its user id."""

    process: str
    socket: Path | None
    user: int


class Lock:
    """An exclusive lock, which the kernel releases no matter how the process ends; raises HeldError.

    `trouble` is why the file could not be locked, None if it could. `listening` is the named socket, if any.
    """

    def __init__(self, path: Path) -> None:
        self.trouble: Failure | None = None
        self.listening: socket.socket | None = None
        self._descriptor = -1
        name = make_name(path)
        unusable: OSError | None = None
        try:
            self._descriptor = _open_locked(path)
        except HeldError as held:
            # On a full disk, the holder could not write its process id. The kernel knows it.
            owner = find_owner(name) if name else None
            raise HeldError(str((owner and owner.is_me and owner.process) or held.holder)) from None
        except OSError as error:
            unusable = error
        self.listening = take_name(name) if name else None
        if name and not self.listening and (owner := find_owner(name)) and owner.is_me:
            self.release()
            raise HeldError(str(owner.process or ""))
        if unusable:
            self.trouble = _explain(path, unusable, replaced=self.listening is not None)
        self.write_socket(None)

    def write_socket(self, socket_path: Path | None) -> None:
        """Write this process's id into the file, and where its control socket is."""
        if self._descriptor < 0:
            return
        # The home folder contains the user's name, so it is written as ~.
        shown = paths.abbreviate(socket_path) if socket_path else ""
        # On a full disk, the file stays empty. It is locked nevertheless.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode() + os.fsencode(f"{shown}\n"), 0)

    def release(self) -> None:
        """Release the lock; the file stays, because removing it would let two processes hold the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        if self.listening:
            self.listening.close()


def find_holder(path: Path) -> Holder | None:
    """Return who holds the lock file, None if nobody does; OSError if that cannot be told."""
    try:
        descriptor = regular_file.open_file(path, os.O_RDONLY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        try:
            # For a moment, this keeps a daemon that is starting from locking the file; it tries again.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            process, socket_path = _read(descriptor)
            return Holder(process, socket_path, os.fstat(descriptor).st_uid)
        return None
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    """Return the descriptor of the file, locked; raises HeldError, or OSError with the reason as its `strerror`."""
    private_folder.make(path.parent)
    try:
        descriptor = regular_file.open_file(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(error.errno, LINK) from None
        raise
    try:
        _check_file(os.fstat(descriptor), path)
        _lock(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_file(status: os.stat_result, path: Path) -> None:
    # Somebody else could hold a lock on such a file for ever, or what is written to it could belong elsewhere.
    if status.st_uid != os.geteuid():
        raise private_folder.NotOursError(path, private_folder.FOREIGN_FILE)
    if status.st_nlink > 1:
        raise OSError(errno.EMLINK, SECOND_NAME)


def _lock(descriptor: int) -> None:
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            return
        try:
            # A command that asks whether a daemon runs shares the lock for a moment. A daemon does not.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeldError(_read(descriptor)[0]) from None
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        time.sleep(BETWEEN_ATTEMPTS_SECONDS)
    raise OSError(errno.EBUSY, "another program is reading it")


def _read(descriptor: int) -> tuple[str, Path | None]:
    """Return what the holder has written: its process id and its socket."""
    process, _, rest = os.fsdecode(os.pread(descriptor, MAX_BYTES, 0)).partition("\n")
    shown = rest.removesuffix("\n")
    is_process = process.isascii() and process.isdigit() and len(process) <= 20
    return process if is_process else "", paths.expand(shown) if shown.startswith(("/", "~/")) else None


def _explain(path: Path, error: OSError, *, replaced: bool) -> Failure:
    consequence = (
        "a second unplugd is refused all the same"
        if replaced
        else "a second unplugd would start too, and each reminder come twice"
    )
    if error.errno in (errno.ELOOP, errno.EMLINK) or isinstance(error, regular_file.NotAFileError):
        hint = f"remove it: rm -r {paths.quote(path)}"
    elif error.errno in CANNOT_LOCK:
        hint = f"keep {paths.shorten(path.parent)} on a disk that can lock files"
    elif error.errno == errno.EBUSY:
        hint = "end the program that reads it"
    else:
        hint = advise(error, path)
    reason = error.strerror or type(error).__name__
    return Failure(f"the lock file {paths.shorten(path)} cannot be used: {reason}; {consequence}", hint)
