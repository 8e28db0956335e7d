"""Shortages of the system, such as too many open files, which pass: what is read meanwhile says nothing.

What looks at many files or processes skips those that it cannot read, as they end or vanish at any time. In a shortage
that would be all of them, and a program that holds a device would seem to have let go of it.
"""

from __future__ import annotations

import errno
from typing import Final

SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def raise_shortage(error: BaseException) -> None:
    """Raise `error` again if it comes from a shortage; otherwise return, so that the caller can handle it."""
    if isinstance(error, OSError) and error.errno in SHORTAGES:
        raise error
