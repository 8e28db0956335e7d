"""The channels besides the desktop's own: plyer in a child process, and the terminal."""

from __future__ import annotations

import json
import select
import sys
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from unplugd import sanitize
from unplugd.eventloop.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.eventloop.loop import Source
    from unplugd.words import Words

PATIENCE: Final = 20.0
"""Seconds that plyer may take: a notification server that hangs blocks it for 25."""


class Channel(Protocol):
    """A way to reach the person. `replaces`: what it showed can be replaced and withdrawn."""

    @property
    def name(self) -> str:
        """What the configuration and the journal call it."""

    @property
    def replaces(self) -> bool:
        """Whether an update makes sense on it."""

    def show(self, words: Words, done: Callable[[str | None], None]) -> None:
        """Show `words`; call `done` with None once the channel took them, or with why it did not."""

    def withdraw(self) -> None:
        """Take away what was shown, if the channel can."""

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Find out whether it would work, showing nothing; call `told` with the trouble, or None and what is there."""


class Terminal:
    """The terminal that unplugd was started in."""

    name: Final = "terminal"
    replaces: Final = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stderr

    def show(self, words: Words, done: Callable[[str | None], None]) -> None:
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
        self._command = command or (sys.executable, "-m", "unplugd.plyer_child")

    def show(self, words: Words, done: Callable[[str | None], None]) -> None:
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
        self._start(self._command, PATIENCE, ended, request.encode())

    def withdraw(self) -> None:
        """Do nothing: plyer cannot take back what it showed."""

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Say whether plyer has the program it would use; only showing something tells more."""
        import shutil

        there = shutil.which("notify-send") is not None
        told(None if there else "there is no notify-send for it to use", "notify-send is there")


def _plyer(now: Callable[[], float], hindrance: Callable[[], str | None]) -> tuple[Channel, Source | None]:
    plyer = Plyer(now, hindrance)
    return plyer, plyer


def _terminal(
    _now: Callable[[], float], _hindrance: Callable[[], str | None]
) -> tuple[Channel, Source | None]:
    return Terminal(), None


COMMON: Final = {Plyer.name: _plyer, Terminal.name: _terminal}
"""What makes each channel that is the same on every platform."""


def common(
    name: str, now: Callable[[], float], hindrance: Callable[[], str | None] = lambda: None
) -> tuple[Channel, Source | None]:
    """Return the channel of this name that is the same on every platform; ValueError for a name that none has."""
    if name not in COMMON:
        raise ValueError(f'there is no channel called "{name}"')
    return COMMON[name](now, hindrance)
