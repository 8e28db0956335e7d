"""What unplugd answers to requests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from unplugd.journal.timestamps import format_timestamp
from unplugd.rules.model import State
from unplugd.watch.requests import Requests

BOOTED = 1_764_000_000.0


def test_a_wait_for_a_processor_moves_no_time() -> None:
    """What status says of a time is right, even if unplugd has to wait after it has read a clock."""
    passed, waits = 100.0, [0.0, 5.0]

    def now() -> float:
        nonlocal passed
        read, passed = passed, passed + (waits.pop() if waits else 0)
        return read

    anything: Any = SimpleNamespace(
        now=now,
        list_unwatched_nodes=lambda: None,
        state=State(quiet_until=200.0),
        settings=SimpleNamespace(channels=()),
        problems=(),
        last_delivery=None,
        greeting_delivery=None,
        channel_checks={},
        error=None,
        hint=None,
        waiting=0,
    )
    requests = Requests(anything, anything, anything, anything, lambda: BOOTED + passed, lambda: None)
    assert requests.answer({"command": "status"})["quiet_until"] == format_timestamp(BOOTED + 200)
