"""Where a long text goes: to the terminal or, if it does not fit, through the person's pager."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

LESS: Final = "less -FRX"


class Output:
    """Standard output; `page`: through a pager where it is a terminal and the text does not fit."""

    def __init__(self, *, page: bool) -> None:
        self.terminal = sys.stdout.isatty()
        size = shutil.get_terminal_size()
        self.width = size.columns if self.terminal else None
        self._room = size.lines - 1
        self._waiting: list[str] | None = [] if page and self.terminal else None
        self._pager: subprocess.Popen[str] | None = None
        self._before: object = None

    def write(self, text: str) -> None:
        """Write whole lines."""
        if self._waiting is not None:
            self._waiting.append(text)
            if sum(part.count("\n") for part in self._waiting) > self._room:
                self._page()
            return
        stream: IO[str] | None = self._pager.stdin if self._pager else sys.stdout
        if stream:
            stream.write(text)

    def write_raw(self, chunk: bytes) -> None:
        """Write whole lines that are ASCII."""
        if self._waiting is None and not self._pager:
            sys.stdout.flush()
            sys.stdout.buffer.write(chunk)
        else:
            self.write(chunk.decode("ascii"))

    def flush(self) -> None:
        """Let everything be seen."""
        if not self._pager:
            sys.stdout.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        waiting, self._waiting = self._waiting, None
        if waiting:
            sys.stdout.write("".join(waiting))
        if self._pager is None:
            return False
        try:
            if self._pager.stdin:
                self._pager.stdin.close()
        except BrokenPipeError:
            pass
        self._pager.wait()
        signal.signal(signal.SIGINT, self._before or signal.default_int_handler)  # type: ignore[arg-type] # what it was, of whatever kind
        # Who has left the pager has seen enough.
        return kind is BrokenPipeError

    def _page(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        words = os.environ.get("PAGER", LESS)
        environment = {"LESS": "FRX", "LV": "-c", **os.environ}
        try:
            command = shlex.split(words)
            if command and command != ["cat"]:
                self._pager = subprocess.Popen(
                    command, env=environment, stdin=subprocess.PIPE, text=True, errors="backslashreplace"
                )
                # Ctrl-C is the pager's now.
                self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        except (OSError, ValueError):
            # No pager: the terminal can scroll.
            self._pager = None
        for text in waiting:
            self.write(text)
