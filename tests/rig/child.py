"""A process of the rig's own: told by lines on its stdin, it answers in lines on its stdout."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.wait import GIVE_UP, LONGEST_LOOK, Deadline, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Child:
    """The process, or one that another process started with these pipes."""

    def __init__(self, name: str, stdin: int, stdout: int) -> None:
        self.name = name
        self._stdin = stdin
        self._stdout = stdout
        self._heard = b""
        self._ended = False

    def tell(self, line: str) -> None:
        """Say a line to the process."""
        os.write(self._stdin, line.encode(errors="surrogateescape") + b"\n")

    def hear(self, seconds: float = 10) -> str:
        """Return the next line that the process says; fail if none comes."""
        deadline = Deadline(seconds)
        while left := deadline.left():
            line = self.overheard(min(left, LONGEST_LOOK))
            if line is not None:
                return line
            if self._ended:
                pytest.fail(f"{self.name} said nothing more")
        pytest.fail(f"{self.name} said nothing for {seconds:g} s")

    def overheard(self, seconds: float = 0) -> str | None:
        """Return the next line that the process says within `seconds`, or None."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._heard:
            ready, _, _ = select.select([self._stdout], (), (), max(0, deadline - time.monotonic()))
            if not ready:
                return None
            data = os.read(self._stdout, 65536)
            if not data:
                self._ended = True
                return None
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def ask(self, line: str) -> str:
        """Say a line and return the answer."""
        self.tell(line)
        return self.hear()

    def close(self) -> None:
        """Let go of the pipes, which is what a child of the rig's ends at."""
        os.close(self._stdin)
        os.close(self._stdout)


class Process(Child):
    """A child started here."""

    def __init__(self, arguments: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self.process.stdin
        assert self.process.stdout
        super().__init__(str(arguments[0]), self.process.stdin.fileno(), self.process.stdout.fileno())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def kill(self) -> None:
        """End it the hard way, and what it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(GIVE_UP)

    def close(self) -> None:
        """End it."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def stop(process: int) -> None:
    """Stop a process, as a computer that is busy with something else does; return once it has stopped."""
    os.kill(process, signal.SIGSTOP)
    status = Path(f"/proc/{process}/status")
    wait_until(lambda: "State:\tT" in status.read_text(), f"process {process} to stop")


@contextmanager
def killed_in_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Kill a process at the end of the block if it still runs: a test that fails must not wait for it."""
    with process:
        try:
            yield process
        finally:
            process.kill()
