"""A process that has no descriptors left: the kernel refuses each new one, as when its own are used up."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PRLIMIT: Final[Any] = getattr(resource, "prlimit", None)
"""Linux's alone."""


@contextmanager
def no_descriptors(pid: int = 0, left: int = 3) -> Iterator[None]:
    """Let a process (by default this one) have `left` descriptors at most, while what it has open goes on working."""
    soft, hard = PRLIMIT(pid, resource.RLIMIT_NOFILE)
    PRLIMIT(pid, resource.RLIMIT_NOFILE, (left, hard))
    try:
        yield
    finally:
        PRLIMIT(pid, resource.RLIMIT_NOFILE, (soft, hard))
