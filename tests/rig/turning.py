"""Turns the event loop by hand, with a clock that stands still until a test moves it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from tests.rig.wait import wait_until
from unplugd.eventloop.loop import turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.eventloop.loop import Source

Found = TypeVar("Found")
Answer = TypeVar("Answer")


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


def ask_while_turning(clock: Clock, ask: Callable[[], Answer], *sources: Source) -> Answer:
    """Return what `ask` returns in another thread, as in another process, while the sources are turned."""
    answers: list[Answer | Exception] = []

    def run() -> None:
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 - raised again below
            answers.append(error)

    asker = threading.Thread(target=run)
    asker.start()
    turn_until(clock, lambda: answers, "the answer", *sources)
    asker.join()
    (answer,) = answers
    if isinstance(answer, Exception):
        raise answer
    return answer
