"""Where a log goes: to standard output, on a terminal through the person's pager."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

LESS: Final = "less -FRX"
"""It quits by itself if all fits the screen, shows colours, and leaves what it has shown on the terminal."""


class Output:
    """A stream of text that a person or a program reads; `width` is that of the terminal, if it is one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.terminal = sys.stdout.isatty()
        self.width = shutil.get_terminal_size().columns if self.terminal else None

    def write(self, text: str) -> None:
        """Write whole lines."""
        self._stream.write(text)

    def write_raw(self, chunk: bytes) -> None:
        """Write whole lines that are ASCII."""
        self._stream.flush()
        self._stream.buffer.write(chunk)

    def flush(self) -> None:
        """Let everything be seen."""
        self._stream.flush()


@contextlib.contextmanager
def open_output(*, page: bool) -> Iterator[Output]:
    """Yield standard output; `page`: where it is a terminal, the person's pager in front of it."""
    pager = _start_pager() if page and sys.stdout.isatty() else None
    if not (pager and isinstance(pager.stdin, io.TextIOWrapper)):
        yield Output(sys.stdout)
        return
    # Ctrl-C is the pager's now.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Who leaves the pager has seen enough.
        with contextlib.suppress(BrokenPipeError), pager.stdin:
            yield Output(pager.stdin)
    finally:
        pager.wait()
        signal.signal(signal.SIGINT, before)


def _start_pager() -> subprocess.Popen[str] | None:
    """Return the pager, None where there is none: the terminal can scroll."""
    if os.environ.get("TERM", "dumb") == "dumb":
        # There less would ask whether to go on at all.
        return None
    environment = {"LESS": "FRX", "LV": "-c", **os.environ}
    try:
        command = shlex.split(os.environ.get("PAGER", LESS))
        # Without a word in it there is nothing to start: an IndexError.
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, text=True, errors="backslashreplace"
        )
    except (OSError, ValueError, IndexError):
        return None
