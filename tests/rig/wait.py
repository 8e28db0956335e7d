"""The only place where a test waits: for something real, with a deadline, and saying what it waited for."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


def wait_until(condition: Callable[[], Found], what: str, seconds: float = 10) -> Found:
    """Return what `condition` returns once that is true; fail, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s in vain for {what}")
        select.select((), (), (), 0.003)
    return found


def never(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Fail, naming `what`, if `condition` is true at any moment of the next `seconds`: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            pytest.fail(f"{what}: {found}")
        select.select((), (), (), 0.01)
