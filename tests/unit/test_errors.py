"""Each trouble with a file has the way out that fits."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unplugd.errors import advise
from unplugd.private_folder import NotOursError
from unplugd.regular_file import NotAFileError

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path("/a b/unplugd/events.jsonl")
CASES: dict[str, tuple[Callable[[int], OSError], int, str]] = {
    "full": (OSError, errno.ENOSPC, "free up some disk space"),
    "over quota": (OSError, errno.EDQUOT, "free up some disk space"),
    "read-only": (OSError, errno.EROFS, "mount the disk that /a b/unplugd is on so that it can be written"),
    "a pipe": (NotAFileError, errno.EINVAL, f"move it out of the way: mv '{FILE}' '{FILE}.old'"),
    "a file in the way": (OSError, errno.EEXIST, "/a b/unplugd has to be a folder: move the file that is in its way"),
    "closed": (OSError, errno.EACCES, "make sure you can write to /a b/unplugd"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_hint_fits(case: str) -> None:
    """Nobody with a read-only disk is told to free up space."""
    make, number, hint = CASES[case]
    error = make(number)
    error.errno = number
    assert advise(error, FILE) == hint


def test_what_is_somebody_elses_has_its_own_hint() -> None:
    """It depends on who asks."""
    error = NotOursError(FILE, "it belongs to another user")
    assert advise(error, FILE) == error.hint
