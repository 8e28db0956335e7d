"""An executor without processes or threads."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Inline(Executor):
    """Carries out at once what it is given; after `works` pieces `error` comes of them, an OSError when they are given."""

    def __init__(self, works: float = float("inf"), error: Exception | None = None) -> None:
        self.given = 0
        self._works = works
        self._error = error

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        result: Future[Any] = Future()
        self.given += 1
        if self.given <= self._works:
            result.set_result(work(*arguments, **named))
        elif isinstance(self._error, OSError):
            raise self._error
        else:
            result.set_exception(self._error)
        return result
