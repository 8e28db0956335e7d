"""The one error of this package, and of every command: what is wrong, and the way out."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - it reads as what it is: raise Failure(...)
    """Something could not be done; shown as one line of what and one `hint:` line, which says the way out; exit status 1."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
