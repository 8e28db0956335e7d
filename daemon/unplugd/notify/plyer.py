"""The plyer channel: shows notifications through the plyer library."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.eventloop.child import Child
from unplugd.notify.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.notify.message import Message


TIMEOUT_SECONDS: Final = 20.0
"""Timeout of the child; a notification server that hangs blocks plyer for 25 seconds."""
SUPERSEDED: Final = "superseded"
RETRY_SECONDS: Final = 60.0
"""Minimum seconds between a failure and the next attempt: each may make the bus start a notification server."""


class Plyer(Child, Channel):
    """Runs plyer in a child process with a timeout, because it can hang.

    plyer cannot tell whether the person saw anything: success means that it accepted the message.
    """

    name = "plyer"
    confirms = False

    def __init__(
        self,
        now: Callable[[], float],
        check_session: Callable[[], str | None] = lambda: None,
        command: tuple[str, ...] = (),
    ) -> None:
        super().__init__(now)
        self._check_session = check_session
        self._failure: tuple[str, float] | None = None
        """The error of the latest attempt, if it failed, and when to try again."""
        # -P: import nothing from the current folder, which for a service is the home folder.
        self._command = command or (sys.executable, "-P", "-m", "unplugd.notify.plyer_child")

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        """Start the child; `on_done` is called when it has ended or timed out."""
        self._end(SUPERSEDED)
        if (error := self._check_session()) is not None:
            on_done(error)
            return
        if self._failure and self._now() < self._failure[1]:
            on_done(self._failure[0])
            return

        def on_end(error: str | None, output: bytes) -> None:
            last_line = output.decode(errors="replace").strip().rpartition("\n")[2]
            # Report only the child's own messages: a traceback may contain a path, and so the user's name.
            if error is not None and last_line.startswith("plyer"):
                error = sanitize.one_line(last_line, 120)
            has_failed = error not in (None, SUPERSEDED)
            self._failure = (error or "", self._now() + RETRY_SECONDS) if has_failed else None
            on_done(error)

        request = json.dumps({"title": message.title, "message": "\n".join(message.lines)})
        self._start(self._command, TIMEOUT_SECONDS, on_end, request.encode())

    def withdraw(self) -> None:
        """Do nothing: plyer cannot remove what it has shown."""

    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        """Check whether notify-send, which plyer runs, is installed."""
        import shutil

        found = shutil.which("notify-send") is not None
        on_result(None if found else "there is no notify-send for it to use", "notify-send is there")


def make(now: Callable[[], float], check_session: Callable[[], str | None]) -> Plyer:
    """Return the channel."""
    return Plyer(now, check_session)
