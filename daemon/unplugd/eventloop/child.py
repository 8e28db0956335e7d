"""Child processes as sources of the event loop. Each has a timeout; it is killed along with what it started."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.loop import Source

if sys.platform == "win32":
    from unplugd.eventloop.job import START_OPTIONS, Group, Output
else:
    from unplugd.eventloop.process_group import START_OPTIONS, Group, Output

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

POLL_SECONDS: Final = 0.05
"""Seconds between polls for the exit of a child that has closed its output; exiting takes a while on slow cores."""
KILL_TIMEOUT_SECONDS: Final = 0.5
"""Seconds to wait for a killed child; normally it takes milliseconds, but a process can be stuck in the kernel."""


class Child(Source):
    """Base class of the sources that run one child process at a time."""

    max_output_bytes = 4096
    """How many bytes of output are kept, from the end."""
    captures_stderr = True
    """Whether stderr is part of the output."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._child: subprocess.Popen[bytes] | None = None
        self._group: Group | None = None
        self._pipe: Output | None = None
        self._on_end: Callable[[str | None, bytes], None] | None = None
        self._deadline: float | None = None
        self._output = b""
        self._output_closed = False

    @property
    def pid(self) -> int | None:
        """The process id of the child, None if there is none."""
        return self._child.pid if self._child else None

    def fileno(self) -> int:
        """Return the descriptor of the child's output, -1 if there is no child or it has closed its output."""
        return self._pipe.fileno() if self._pipe and not self._output_closed else -1

    def ready(self) -> None:
        """Read the child's output."""
        if not self._pipe or self._output_closed:
            return
        try:
            output = self._pipe.read()
        except BlockingIOError:
            return
        self._output = (self._output + output)[-self.max_output_bytes :]
        self._output_closed = not output

    def deadline(self) -> float | None:
        """Return when the child times out, or when to poll for its exit."""
        if self._deadline is None or not self._output_closed:
            return self._deadline
        return min(self._deadline, self._now() + POLL_SECONDS)

    def expire(self, now: float) -> None:
        """Handle the child's exit, or kill it if it has timed out."""
        if self._output_closed and self._child and (code := self._child.poll()) is not None:
            self._end(f"exit status {code}" if code else None, self._output)
        elif self._deadline is not None and now >= self._deadline:
            self._end("no answer in time")

    def close(self) -> None:
        """Kill the child, if there is one, without calling `on_end`."""
        self._on_end = None
        self._end(None)

    def _start(
        self,
        command: Sequence[str],
        timeout: float,
        on_end: Callable[[str | None, bytes], None],
        request: bytes = b"",
    ) -> None:
        """Start a program with a timeout in seconds; `on_end` gets the error (or None) and the output.

        `request` is written to its stdin; it must fit into a pipe.
        """
        try:
            # Even the import needs descriptors, which can be used up.
            import subprocess

            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if self.captures_stderr else subprocess.DEVNULL,
                **START_OPTIONS,
            )
        except OSError as error:
            on_end(f"cannot start: {error.strerror}", b"")
            return
        self._on_end, self._deadline = on_end, self._now() + timeout
        self._output, self._output_closed = b"", False
        self._group = Group(self._child)
        stdin, stdout = self._child.stdin, self._child.stdout
        if stdin and stdout:
            self._pipe = Output(stdout)
            try:
                stdin.write(request)
                stdin.close()
            except OSError:
                self._end("it exited at once")

    def _end(self, error: str | None, output: bytes = b"") -> None:
        child, self._child, self._deadline, self._output = self._child, None, None, b""
        pipe, self._pipe, group, self._group = self._pipe, None, self._group, None
        if child and group:
            if child.poll() is None:
                _kill(child, group)
            group.release()
            if pipe:
                pipe.close()
            if child.stdin and not child.stdin.closed:
                child.stdin.close()
        on_end, self._on_end = self._on_end, None
        if on_end:
            on_end(error, output)


def _kill(child: subprocess.Popen[bytes], group: Group) -> None:
    import subprocess

    group.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(KILL_TIMEOUT_SECONDS)
