"""The terminal that unplugd was started in, as a channel."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.notify.message import Message


class Terminal:
    """The terminal that unplugd was started in."""

    name: Final = "terminal"
    replaces: Final = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stderr

    def show(self, words: Message, done: Callable[[str | None], None]) -> None:
        """Write the words and ring the bell, where a person can see it."""
        trouble = self._trouble()
        if trouble is None and self._stream:
            try:
                poll = select.poll()
                poll.register(self._stream.fileno(), select.POLLOUT)
                if not poll.poll(0):
                    # Halted with Ctrl-S: writing would halt unplugd, too.
                    done("the terminal is halted")
                    return
                self._stream.write("\a" + "\n".join((words.title, *words.lines)) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                trouble = "the terminal is gone"
        done(trouble)

    def withdraw(self) -> None:
        """Do nothing: what is written stays."""

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Say whether there is a terminal."""
        told(self._trouble(), "this terminal")

    def _trouble(self) -> str | None:
        try:
            there = self._stream is not None and self._stream.isatty()
        except ValueError:
            there = False
        return None if there else "unplugd was not started in a terminal"
