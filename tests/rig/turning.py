"""Turns the event loop by hand, with a clock that stands still until a test moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tests.rig.wait import wait_until
from unplugd.eventloop.loop import turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.eventloop.loop import Source

Found = TypeVar("Found")


class Clock:
    """A clock, in seconds, that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def turn_once(clock: Clock, *sources: Source) -> None:
    """Let the sources handle what is ready and overdue, without waiting."""
    turn(sources, clock, clock.now)


def turn_until(
    clock: Clock, condition: Callable[[], Found], what: str, *sources: Source, seconds: float = 10
) -> Found:
    """Turn until `condition` is true, and return its value; fail, naming `what`, after `seconds`."""

    def turn_and_check() -> Found:
        turn_once(clock, *sources)
        return condition()

    return wait_until(turn_and_check, what, seconds)
