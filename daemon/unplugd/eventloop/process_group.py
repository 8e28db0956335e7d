"""A child's process group, by which it is killed along with what it has started, and its output; not for Windows."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import IO, TYPE_CHECKING, Any, Final

if sys.platform == "win32":
    raise ImportError("Windows has no process groups")

if TYPE_CHECKING:
    import subprocess

START_OPTIONS: Final[dict[str, Any]] = {"start_new_session": True}


class Group:
    """The child and what it starts."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    def kill(self) -> None:
        """Kill them all, such as a hanging notify-send."""
        # It may have just exited; macOS then returns EPERM.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def release(self) -> None:
        """Let those live on that still run."""


class Output:
    """What a child writes to its pipe."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        os.set_blocking(pipe.fileno(), False)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._pipe.fileno()

    def read(self) -> bytes:
        """Return the next part, nothing at the end; BlockingIOError if there is none yet."""
        return os.read(self._pipe.fileno(), 65536)

    def close(self) -> None:
        """Release the pipe."""
        self._pipe.close()
