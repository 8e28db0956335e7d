"""`unplugd run` where it cannot start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from unplugd.watch.lock import Lock

if TYPE_CHECKING:
    from tests.rig.command_line import Shell


def test_a_second_run_is_refused(shell: Shell) -> None:
    """It names the first, and takes nothing away from it: neither its socket nor its lock."""
    lock = Lock(shell.where.lock)
    shell.where.runtime.mkdir(parents=True, exist_ok=True)
    shell.where.control.touch()
    done = shell.run("run")
    assert done == (
        1,
        "",
        f"unplugd: unplugd is already running (process {os.getpid()})\nhint: unplugd status shows what it sees\n",
    )
    assert shell.where.control.exists()
    lock.release()
