"""The error that every command may end with: what is wrong and what to do about it."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - it reads as what it is: raise Failure(...)
    """Something failed. The command shows one line that says what, one `hint:` line that says what to do, and exits with 1."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
