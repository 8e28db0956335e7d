"""Writes to stdout, or to the user's pager if stdout is a terminal."""

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
"""With these options less exits if the text fits on the screen, shows colours, and does not clear the screen."""


class Output:
    """A text stream. `width` is the width of the terminal in columns, None if there is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.terminal = sys.stdout.isatty()
        self.width = shutil.get_terminal_size().columns if self.terminal else None

    def write(self, text: str) -> None:
        """Write whole lines."""
        self._stream.write(text)

    def write_raw(self, chunk: bytes) -> None:
        """Write whole lines that are encoded already."""
        self._stream.flush()
        self._stream.buffer.write(chunk)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()


@contextlib.contextmanager
def open_output(*, page: bool) -> Iterator[Output]:
    """Yield the output; if `page` is set and stdout is a terminal, it goes to the pager."""
    pager = _start_pager() if page and sys.stdout.isatty() else None
    if not (pager and isinstance(pager.stdin, io.TextIOWrapper)):
        yield Output(sys.stdout)
        return
    # Leave Ctrl-C to the pager.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Quitting the pager is not an error.
        with contextlib.suppress(BrokenPipeError), pager.stdin:
            yield Output(pager.stdin)
    finally:
        pager.wait()
        signal.signal(signal.SIGINT, handler)


def _start_pager() -> subprocess.Popen[str] | None:
    """Start and return the pager; None if there is none or the terminal cannot run one."""
    if os.environ.get("TERM", "dumb") == "dumb":
        # less would print a warning and wait for Return.
        return None
    environment = {"LESS": "FRX", "LV": "-c", **os.environ}
    try:
        command = shlex.split(os.environ.get("PAGER", LESS))
        # IndexError: an empty PAGER means no pager.
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, text=True, errors="backslashreplace"
        )
    except (OSError, ValueError, IndexError):
        return None
