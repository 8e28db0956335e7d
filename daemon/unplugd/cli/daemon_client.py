"""Helpers of the commands that talk to the running daemon."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from unplugd.cli.terminal import make_printable, say
from unplugd.errors import Failure
from unplugd.watch import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.paths import Paths

MAX_TEXT_CHARACTERS = 300


def ask_daemon(where: Paths, request: dict[str, Any]) -> dict[str, Any]:
    """Return the daemon's answer, with every text safe to print; raises NotRunningError or Failure."""
    answer: dict[str, Any] = _clean(client.ask(where, request))
    return answer


def ask_if_running(where: Paths, command: str) -> dict[str, Any]:
    """Return the daemon's answer to a command; empty if it is not running or not responding."""
    try:
        return ask_daemon(where, {"command": command})
    except (client.NotRunningError, Failure):
        return {}


def reload_daemon(where: Paths, entry: str) -> None:
    """Have the daemon reload its configuration, and say whether it now uses `entry`, a process name or a device id."""
    try:
        answer = ask_daemon(where, {"command": "reload"})
    except client.NotRunningError as error:
        say(f"unplugd is not running{error.remark}; it will use this once it starts.")
        return
    except Failure as failure:
        say(
            f"But the running unplugd could not be told: {failure}.\nhint: restart it: unplugd service restart"
        )
        return
    with explain_other_version():
        if answer.get("problems"):
            say("But the running unplugd found errors in its configuration and keeps the old one:")
            for problem in answer["problems"]:
                say(f"  {problem}")
            say("hint: unplugd config check")
        elif entry not in answer.get("entries", [entry]):
            say("But the running unplugd was started with another configuration file.\nhint: restart it")
        else:
            say("The running unplugd uses it from now on.")


@contextlib.contextmanager
def explain_other_version() -> Iterator[None]:
    """Raise Failure if the daemon's answer lacks what this version expects, since the daemon is another version."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError):
        raise Failure("the running unplugd is a different version", "stop it and start it again") from None


def _clean(answer: Any) -> Any:
    """Return a part of an answer with every text in it safe to print."""
    if isinstance(answer, dict):
        return {key: _clean(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_clean(value) for value in answer]
    return make_printable(answer, MAX_TEXT_CHARACTERS) if isinstance(answer, str) else answer
