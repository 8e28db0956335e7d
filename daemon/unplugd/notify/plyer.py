"""plyer in a child process, as a channel."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.eventloop.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.notify.message import Message


TIMEOUT_SECONDS: Final = 20.0
"""Seconds that plyer may take: a notification server that hangs blocks it for 25."""


class Plyer(Child):
    """plyer, in a child process with a time-out, because it can hang; also a source of the loop.

    plyer never learns whether anything was shown: that it took the words is all that this channel can say.
    """

    name: Final = "plyer"
    replaces: Final = False

    def __init__(
        self,
        now: Callable[[], float],
        hindrance: Callable[[], str | None] = lambda: None,
        command: tuple[str, ...] = (),
    ) -> None:
        super().__init__(now)
        self._hindrance = hindrance
        self._command = command or (sys.executable, "-m", "unplugd.notify.plyer_child")

    def show(self, words: Message, done: Callable[[str | None], None]) -> None:
        """Start the child; `done` is called when it has ended or its time is over."""
        self._end("superseded")
        if (hindrance := self._hindrance()) is not None:
            done(hindrance)
            return

        def ended(trouble: str | None, said: bytes) -> None:
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            # Only what the child says in its own words: a traceback's last line may name a path, and so the user.
            own = trouble is not None and last.startswith("plyer")
            done(sanitize.one_line(last, 120) if own else trouble)

        request = json.dumps({"title": words.title, "message": "\n".join(words.lines)})
        self._start(self._command, TIMEOUT_SECONDS, ended, request.encode())

    def withdraw(self) -> None:
        """Do nothing: plyer cannot take back what it showed."""

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Say whether plyer has the program it would use; only showing something tells more."""
        import shutil

        there = shutil.which("notify-send") is not None
        told(None if there else "there is no notify-send for it to use", "notify-send is there")
