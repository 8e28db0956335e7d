"""The folders that unplugd keeps its files in: nobody but the user and root decides what is in them.

What somebody else owns there is refused. If others may write to such a folder of the user's, as after `mkdir` with umask
002, that right is taken from them. Where file modes mean nothing, as on FAT, they keep it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

from unplugd import account, sanitize
from unplugd_service import tilde

FOREIGN_FOLDER: Final = "its folder belongs to another user"
FOREIGN_FILE: Final = "it belongs to another user"


class NotOursError(PermissionError):
    """A folder or file is somebody else's; `hint` says what to do."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(errno.EPERM, what, str(path))
        self.what = what
        shown = sanitize.one_line(tilde.quote(path), 1000)
        self.hint = (
            f'remove it, or make it yours: sudo chown -h "$(id -un)" {shown}'
            if account.find_user()
            else "run unplugd as the user to whom it belongs, without sudo"
        )


def make(folder: Path) -> None:
    """Create a folder, unless it exists, and make it private; OSError if it cannot be."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check(folder)


def check(folder: Path) -> None:
    """Make a folder private; NotOursError if it is not the user's, another OSError if it cannot be examined."""
    _check_owner(folder.lstat(), folder, FOREIGN_FOLDER)
    status = folder.stat()
    _check_owner(status, folder, FOREIGN_FOLDER)
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        if status.st_uid != account.find_user():
            raise NotOursError(folder, "others can write to its folder")
        with contextlib.suppress(OSError):
            folder.chmod(stat.S_IMODE(status.st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH))


def resolve(file: Path) -> Path:
    """Return where a file in a private folder is, which is elsewhere if the user has made a link of it.

    NotOursError if the file, or the link, is somebody else's. The file need not exist.
    """
    try:
        status = file.lstat()
    except FileNotFoundError:
        return file
    _check_owner(status, file, FOREIGN_FILE)
    # What the user's own link leads to may be anybody's: that was the user's choice.
    return Path(os.path.realpath(file)) if stat.S_ISLNK(status.st_mode) else file


def _check_owner(status: os.stat_result, path: Path, what: str) -> None:
    if status.st_uid not in (0, account.find_user()):
        raise NotOursError(path, what)
