"""The one error of this package: what is wrong, and the way out."""

from __future__ import annotations


class Trouble(Exception):  # noqa: N818 - it is what it says
    """Something a person can put right; `hint` says how."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint
