"""The errors that end a command; they say what is wrong and what to do about it."""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.private_folder import NotOursError
from unplugd.regular_file import NotAFileError
from unplugd_service.errors import Failure
from unplugd_service.tilde import quote, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MOVE: Final = "move" if sys.platform == "win32" else "mv"

__all__ = ["ConfigurationError", "Failure", "Problem", "advise"]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in the configuration file, and what would be valid. `line` 0: the whole file, or unknown."""

    file: str
    line: int
    what: str
    allowed: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.what}; {self.allowed}"


class ConfigurationError(Exception):
    """The configuration file cannot be used; `problems` lists every error, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line)
        super().__init__("\n".join(map(str, self.problems)))


def advise(error: OSError, file: Path) -> str:
    """Return what to do if a file of unplugd's cannot be written."""
    folder = shorten(file.parent)
    if isinstance(error, NotOursError):
        return error.hint
    if isinstance(error, NotAFileError):
        return f"move it out of the way: {_MOVE} {quote(file)} {quote(file.with_name(f'{file.name}.old'))}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free up some disk space"
    if error.errno == errno.EROFS:
        return f"mount the disk that {folder} is on so that it can be written"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"{folder} has to be a folder: move the file that is in its way"
    return f"make sure you can write to {folder}"
