"""Helpers of the commands that talk to the running daemon."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from unplugd.errors import Failure
from unplugd.watch import control

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.paths import Paths


def ask_if_running(where: Paths, command: str) -> dict[str, Any]:
    """Return the daemon's answer to a command; empty if it is not running or not responding."""
    try:
        return control.ask(where.control, {"command": command})
    except (control.NotRunningError, control.NoAnswerError):
        return {}


@contextlib.contextmanager
def explain_other_version() -> Iterator[None]:
    """Raise Failure if the daemon's answer lacks what this version expects, since the daemon is another version."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError):
        raise Failure("the running unplugd is a different version", "stop it and start it again") from None
