"""A user who runs commands, with a daemon that answers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.command_line import shell
from tests.rig.turning import Clock
from unplugd.eventloop.loop import turn
from unplugd.watch import control
from unplugd.watch.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rig.command_line import Shell

__all__ = ["answering", "shell"]


@pytest.fixture
def answering(shell: Shell) -> Iterator[Callable[[dict[str, Any]], list[dict[str, Any]]]]:
    """Yield what makes a daemon answer, and returns the list that requests come into."""
    ends: list[Callable[[], None]] = []

    def answer_with(answer: dict[str, Any]) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = []
        clock = Clock()
        over = threading.Event()

        def answered(request: dict[str, Any]) -> dict[str, Any]:
            requests.append(request)
            return answer

        lock = Lock(shell.where.lock)
        listening = control.Control((shell.where.control,), clock, answered, lock)

        def serve() -> None:
            while not over.is_set():
                turn([listening], clock, clock.now + 0.02)
            listening.close()
            lock.release()

        server = threading.Thread(target=serve)
        server.start()

        def end() -> None:
            over.set()
            server.join()

        ends.append(end)
        return requests

    yield answer_with
    for end in ends:
        end()
