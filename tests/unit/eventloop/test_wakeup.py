"""Other threads wake the loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.rig.turning import Clock, turn_once, turn_until
from unplugd.eventloop.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rig:
    """A source that counts the wake-ups."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.count = 0
        self.wakeup = Wakeup(self._on_wake)

    def turn(self) -> None:
        turn_once(self.clock, self.wakeup)

    def _on_wake(self) -> None:
        self.count += 1


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.wakeup.close()


def test_a_thread_wakes_the_loop(rig: Rig) -> None:
    """The loop then calls, in its own thread, what was to be called."""
    rig.turn()
    assert rig.count == 0
    thread = threading.Thread(target=rig.wakeup.wake)
    thread.start()
    turn_until(rig.clock, lambda: rig.count, "the wake-up", rig.wakeup)
    thread.join()


def test_many_calls_are_few_wake_ups(rig: Rig) -> None:
    """More than fit into a socket, too: no thread waits for the loop. On Windows some may arrive later than others."""
    for _ in range(100_000):
        rig.wakeup.wake()
    turn_until(rig.clock, lambda: rig.count, "the wake-up", rig.wakeup)
    rig.turn()
    assert rig.count < 10


def test_a_loop_that_has_ended_is_not_woken(rig: Rig) -> None:
    """A thread that is late does not fail."""
    rig.wakeup.close()
    rig.wakeup.wake()
    assert rig.count == 0
