"""`unplugd run` without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rig.daemon import Daemon
    from tests.rig.server import Server


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "unplugd: watching; unplugd status shows what it sees\n"),
        # The service manager's own log already has a line for it.
        ({"UNPLUGD_SERVICE": "1"}, ""),
    ],
    ids=["by a person", "by a service manager"],
)
def test_run_into_a_log_says_that_it_watches(
    daemon: Daemon, server: Server, environment: dict[str, str], said: str
) -> None:
    """Whoever starts it without a terminal reads one line, which names no key that they cannot press."""
    assert not server.notifications
    daemon.environment |= environment
    daemon.start()
    assert daemon.stop() == 0
    assert daemon.stderr == said
