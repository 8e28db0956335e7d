"""Whoever reads stdout: a command that waits for news ends when that one is gone."""

from __future__ import annotations

import sys
import time

if sys.platform == "win32":

    class StdoutReader:
        """What reads stdout; Windows does not tell that it is gone until something is written."""

        def wait(self, seconds: float) -> None:
            """Wait."""
            time.sleep(seconds)

else:
    import select

    class StdoutReader:
        """What reads stdout."""

        def __init__(self) -> None:
            self._poll = select.poll()
            # Request no events: errors, such as a missing reader, are always reported.
            self._poll.register(sys.stdout.fileno(), 0)

        def wait(self, seconds: float) -> None:
            """Wait; BrokenPipeError as soon as the reader is gone."""
            for _, happened in self._poll.poll(seconds * 1000):
                if happened & (select.POLLERR | select.POLLHUP):
                    raise BrokenPipeError
                # stdout is closed (POLLNVAL), so there is nothing to poll.
                self._poll.unregister(sys.stdout.fileno())
