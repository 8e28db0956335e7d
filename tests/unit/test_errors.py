"""Each trouble with a file has the way out that fits."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unplugd.errors import advise
from unplugd.private_folder import NotOursError
from unplugd.regular_file import NotAFileError

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path("/a b/unplugd/events.jsonl")
FOLDER = str(FILE.parent)
MOVE = f"mv '{FILE}' '{FILE}.old'" if sys.platform != "win32" else f'move "{FILE}" "{FILE}.old"'
CASES: dict[str, tuple[Callable[[int], OSError], int, str]] = {
    "full": (OSError, errno.ENOSPC, "free up some disk space"),
    "over quota": (OSError, errno.EDQUOT, "free up some disk space"),
    "read-only": (OSError, errno.EROFS, f"mount the disk that {FOLDER} is on so that it can be written"),
    "a pipe": (NotAFileError, errno.EINVAL, f"move it out of the way: {MOVE}"),
    "a file in the way": (OSError, errno.EEXIST, f"{FOLDER} has to be a folder: move the file that is in its way"),
    "closed": (OSError, errno.EACCES, f"make sure you can write to {FOLDER}"),
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
