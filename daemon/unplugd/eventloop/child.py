"""Another program, run beside the loop: it has a deadline, and ends with all that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.loop import Source

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

POLL_SECONDS: Final = 0.05
"""Seconds between two looks whether a child that has closed its output has ended: on slow cores it may take longer."""
KILL_TIMEOUT_SECONDS: Final = 0.5
"""Seconds for which one that was killed is waited for; it takes milliseconds, unless the system keeps it from dying."""


class Child(Source):
    """One such program at a time; a source of the loop. What uses it extends it.

    `kept`: bytes of the end of what it says that are kept. `complaints`: whether stderr is part of that.
    """

    kept = 4096
    complaints = True

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._child: subprocess.Popen[bytes] | None = None
        self._ended: Callable[[str | None, bytes], None] | None = None
        self._deadline: float | None = None
        self._said = b""
        self._silent = False

    @property
    def pid(self) -> int | None:
        """The process id of the child, None without one."""
        return self._child.pid if self._child else None

    def fileno(self) -> int:
        """Return the descriptor on which the child talks, -1 without a child or once it has closed it."""
        stdout = self._child.stdout if self._child and not self._silent else None
        return stdout.fileno() if stdout else -1

    def ready(self) -> None:
        """Take what the child said."""
        if self.fileno() < 0:
            return
        try:
            said = os.read(self.fileno(), 65536)
        except BlockingIOError:
            return
        self._said = (self._said + said)[-self.kept :]
        self._silent = not said

    def deadline(self) -> float | None:
        """Return when the child has to be done, or when to look whether it has ended."""
        if self._deadline is None or not self._silent:
            return self._deadline
        return min(self._deadline, self._now() + POLL_SECONDS)

    def expire(self, now: float) -> None:
        """Take the child's end; stop one that hangs."""
        if self._silent and self._child and (code := self._child.poll()) is not None:
            self._end(f"exit status {code}" if code else None, self._said)
        elif self._deadline is not None and now >= self._deadline:
            self._end("no answer in time")

    def close(self) -> None:
        """Stop the child, if there is one."""
        self._ended = None
        self._end(None)

    def _start(
        self,
        command: Sequence[str],
        patience: float,
        ended: Callable[[str | None, bytes], None],
        request: bytes = b"",
    ) -> None:
        """Start a program, which has `patience` seconds; `ended` is told why it failed, or None, and what it said.

        The request, less than a pipe holds, is its input.
        """
        import subprocess

        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if self.complaints else subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            ended(f"cannot start: {error.strerror}", b"")
            return
        self._ended, self._deadline = ended, self._now() + patience
        self._said, self._silent = b"", False
        stdin, stdout = self._child.stdin, self._child.stdout
        if stdin and stdout:
            os.set_blocking(stdout.fileno(), False)
            try:
                stdin.write(request)
                stdin.close()
            except OSError:
                self._end("it ended at once")

    def _end(self, trouble: str | None, said: bytes = b"") -> None:
        child, self._child, self._deadline, self._said = self._child, None, None, b""
        if child:
            if child.poll() is None:
                _kill(child)
            if child.stdout:
                child.stdout.close()
            if child.stdin and not child.stdin.closed:
                child.stdin.close()
        ended, self._ended = self._ended, None
        if ended:
            ended(trouble, said)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill it with what it has started: a notify-send that hangs as well."""
    import subprocess

    # It may have ended just now; macOS then says that one may not (EPERM).
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(KILL_TIMEOUT_SECONDS)
