"""The error that may end any command; it says what is wrong and what to do about it."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - `raise Failure(...)` reads well
    """Something failed. The command prints what, then a `hint:` line that says what to do, and exits with status 1."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
