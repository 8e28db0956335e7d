"""The errors that end a command; they say what is wrong and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unplugd_service.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ConfigurationError", "Failure", "Problem"]


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
