"""The one error that ends a command: what is wrong, and the way out."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - it reads as what it is: raise Failure(...)
    """Something could not be done; shown as one line of what and one `hint:` line, exit status 1."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
