"""The channels besides the desktop's own: plyer in a child process, and the terminal."""

from __future__ import annotations

import json
import os
import select
import selectors
import signal
import sys
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from unplugd import foreign

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

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


class Plyer:
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
        self._now = now
        self._hindrance = hindrance
        self._command = command or (sys.executable, "-m", "unplugd.plyer_child")
        self._child: subprocess.Popen[bytes] | None = None
        self._done: Callable[[str | None], None] | None = None
        self._deadline: float | None = None
        self._said = b""

    def show(self, words: Words, done: Callable[[str | None], None]) -> None:
        """Start the child; `done` is called when it has ended or its time is over."""
        self._end("superseded")
        if (hindrance := self._hindrance()) is not None:
            done(hindrance)
            return
        import subprocess  # noqa: PLC0415 - most daemons never need it, and it takes memory for months

        request = json.dumps({"title": words.title, "message": "\n".join(words.lines)})
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            done(f"cannot start: {error.strerror}")
            return
        self._done, self._deadline, self._said = done, self._now() + PATIENCE, b""
        stdin, stdout = self._child.stdin, self._child.stdout
        if stdin and stdout:
            os.set_blocking(stdout.fileno(), False)
            try:
                stdin.write(request.encode())  # smaller than a pipe holds, so it never waits
                stdin.close()
            except OSError:
                self._end("it ended at once")

    def withdraw(self) -> None:
        """Do nothing: plyer cannot take back what it showed."""

    def check(self, told: Callable[[str | None, str], None]) -> None:
        """Say whether plyer has the program it would use; only showing something tells more."""
        import shutil  # noqa: PLC0415 - only the doctor asks

        there = shutil.which("notify-send") is not None
        told(None if there else "there is no notify-send for it to use", "notify-send is there")

    def fileno(self) -> int:
        """Return the descriptor on which the child's end shows, -1 without a child."""
        return self._child.stdout.fileno() if self._child and self._child.stdout else -1

    def events(self) -> int:
        """Return what to wait for."""
        return selectors.EVENT_READ

    def ready(self) -> None:
        """Take what the child said, and its end."""
        if self.fileno() < 0:
            return
        try:
            said = os.read(self.fileno(), 65536)
        except BlockingIOError:
            return
        self._said = (self._said + said)[-4096:]
        if not said and self._child:
            import subprocess  # noqa: PLC0415 - as above

            try:
                code = self._child.wait(timeout=0.05)  # it has closed its output: it is as good as gone
            except subprocess.TimeoutExpired:
                self._end("it did not end")
                return
            last = self._said.decode(errors="replace").strip().rpartition("\n")[2]
            # Only what the child says in its own words: a traceback's last line may name a path, and so the user.
            own = foreign.plain(last, 120) if last.startswith("plyer") else f"exit status {code}"
            self._end(None if code == 0 else own)

    def deadline(self) -> float | None:
        """Return when the child has to be done."""
        return self._deadline

    def expire(self, now: float) -> None:
        """Stop a child that hangs."""
        if self._deadline is not None and now >= self._deadline:
            self._end("no answer in time")

    def close(self) -> None:
        """Stop the child, if there is one."""
        self._done = None
        self._end(None)

    def _end(self, trouble: str | None) -> None:
        child, self._child, self._deadline = self._child, None, None
        if child:
            if child.poll() is None:
                # With what it has started: a notify-send that hangs as well.
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            if child.stdout:
                child.stdout.close()
            if child.stdin and not child.stdin.closed:
                child.stdin.close()
        done, self._done = self._done, None
        if done:
            done(trouble)
