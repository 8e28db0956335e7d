"""Another program, run beside the loop: it has a deadline, and ends with all that it has started."""

from __future__ import annotations

import os
import selectors
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence


class Child:
    """One such program at a time; a source of the loop. What uses it extends it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._child: subprocess.Popen[bytes] | None = None
        self._ended: Callable[[str | None, str], None] | None = None
        self._deadline: float | None = None
        self._said = b""

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
            import subprocess  # noqa: PLC0415 - most daemons never need it, and it takes memory for months

            try:
                code = self._child.wait(timeout=0.05)  # it has closed its output: it is as good as gone
            except subprocess.TimeoutExpired:
                self._end("it did not end")
                return
            last = self._said.decode(errors="replace").strip().rpartition("\n")[2]
            self._end(f"exit status {code}" if code else None, last)

    def deadline(self) -> float | None:
        """Return when the child has to be done."""
        return self._deadline

    def expire(self, now: float) -> None:
        """Stop a child that hangs."""
        if self._deadline is not None and now >= self._deadline:
            self._end("no answer in time")

    def close(self) -> None:
        """Stop the child, if there is one."""
        self._ended = None
        self._end(None)

    def _start(
        self,
        command: Sequence[str],
        patience: float,
        ended: Callable[[str | None, str], None],
        request: bytes = b"",
    ) -> None:
        """Start a program, which has `patience` seconds; `ended` is told why it failed, or None, and its last line.

        The request, less than a pipe holds, is its input.
        """
        import subprocess  # noqa: PLC0415 - as above

        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            ended(f"cannot start: {error.strerror}", "")
            return
        self._ended, self._deadline, self._said = ended, self._now() + patience, b""
        stdin, stdout = self._child.stdin, self._child.stdout
        if stdin and stdout:
            os.set_blocking(stdout.fileno(), False)
            try:
                stdin.write(request)
                stdin.close()
            except OSError:
                self._end("it ended at once")

    def _end(self, trouble: str | None, last: str = "") -> None:
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
        ended, self._ended = self._ended, None
        if ended:
            ended(trouble, last)
