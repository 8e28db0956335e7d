"""The lock next to the journal, which allows only one daemon per journal and says where its socket is.

The daemon locks the file and takes a name, on Linux for a socket (see `named_socket`), on Windows for a mutex (see
`named_mutex`). It needs only one of them: the file may be on a full or read-only disk, or on a file system that cannot
lock. But it always takes both if it can, so that a second daemon is refused even if the file could not be locked when
the first one started and now can.

The file's first line is the process id, its second line where commands reach the daemon.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from unplugd import account, paths, private_folder, regular_file
from unplugd.errors import Failure, advise
from unplugd.watch.file_lock import lock_file, unlock_file

if sys.platform == "win32":
    from unplugd.watch.named_mutex import find_owner, make_name, take_name
else:
    from unplugd.watch.named_socket import find_owner, make_name, take_name

MAX_BYTES: Final = 8192
"""Longest content that is read, in bytes."""
ATTEMPTS: Final = 50
BETWEEN_ATTEMPTS_SECONDS: Final = 0.01
CANNOT_LOCK: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""Errors of file systems without locks, as of some network drives."""
NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
"""Windows lets only an administrator make links."""

LINK: Final = "it is a link"
SECOND_NAME: Final = "it is also another file (a hard link)"


class HeldError(Exception):
    """Another process holds the lock; `holder` is its process id, "" if it cannot be found out."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"process {holder} holds the lock")
        self.holder = holder


class Holder(NamedTuple):
    """A daemon that holds a lock: its process id and where commands reach it ("" if unknown), and its user id."""

    process: str
    address: str
    user: int


class Lock:
    """An exclusive lock, which the kernel releases no matter how the process ends; raises HeldError.

    `trouble` is why the file could not be locked, None if it could. `named` is what has the `name`, if there is one.
    """

    def __init__(self, path: Path) -> None:
        self.trouble: Failure | None = None
        self.named = None
        self._descriptor = -1
        self.name = name = make_name(path)
        unusable: OSError | None = None
        try:
            self._descriptor = _open_locked(path)
        except HeldError as held:
            # On a full disk, the holder could not write its process id. The kernel knows it.
            owner = find_owner(name) if name else None
            raise HeldError(str((owner and owner.is_me and owner.process) or held.holder)) from None
        except OSError as error:
            unusable = error
        self.named = take_name(name) if name else None
        if name and not self.named and (owner := find_owner(name)) and owner.is_me:
            self.release()
            raise HeldError(str(owner.process or ""))
        if unusable:
            self.trouble = _explain(path, unusable, replaced=self.named is not None)
        self.write_address(None)

    def write_address(self, address: str | None) -> None:
        """Write this process's id into the file, and where commands reach it."""
        if self._descriptor < 0:
            return
        # The home folder contains the user's name, so it is written as ~.
        shown = paths.abbreviate(Path(address)) if address and address.startswith("/") else address or ""
        # On a full disk, the file stays empty. It is locked nevertheless.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, f"{os.getpid()}\n".encode() + os.fsencode(f"{shown}\n"))

    def release(self) -> None:
        """Release the lock; the file stays, because removing it would let two processes hold the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        if self.named:
            self.named.close()


def find_holder(path: Path) -> Holder | None:
    """Return who holds the lock file, None if nobody does; OSError if that cannot be told."""
    try:
        descriptor = regular_file.open_file(path, os.O_RDONLY | NO_LINKS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        try:
            # For a moment, this keeps a daemon that is starting from locking the file; it tries again.
            lock_file(descriptor, shared=True)
        except BlockingIOError:
            process, address = _read(descriptor)
            return Holder(process, address, os.fstat(descriptor).st_uid)
        return None
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    """Return the descriptor of the file, locked; raises HeldError, or OSError with the reason as its `strerror`."""
    private_folder.make(path.parent)
    try:
        descriptor = regular_file.open_file(path, os.O_RDWR | os.O_CREAT | NO_LINKS)
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
    if status.st_uid != account.find_user():
        raise private_folder.NotOursError(path, private_folder.FOREIGN_FILE)
    if status.st_nlink > 1:
        raise OSError(errno.EMLINK, SECOND_NAME)


def _lock(descriptor: int) -> None:
    for _ in range(ATTEMPTS):
        try:
            lock_file(descriptor)
        except BlockingIOError:
            pass
        else:
            return
        try:
            # A command that asks whether a daemon runs shares the lock for a moment. A daemon does not.
            lock_file(descriptor, shared=True)
        except BlockingIOError:
            raise HeldError(_read(descriptor)[0]) from None
        unlock_file(descriptor)
        time.sleep(BETWEEN_ATTEMPTS_SECONDS)
    raise OSError(errno.EBUSY, "another program is reading it")


def _read(descriptor: int) -> tuple[str, str]:
    """Return what the holder has written: its process id and where commands reach it."""
    process, _, rest = os.fsdecode(regular_file.read_at(descriptor, MAX_BYTES, 0)).partition("\n")
    is_process = process.isascii() and process.isdigit() and len(process) <= 20
    address = rest.removesuffix("\n")
    if address.startswith("~/"):
        address = os.fspath(paths.expand(address))
    return process if is_process else "", address


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
