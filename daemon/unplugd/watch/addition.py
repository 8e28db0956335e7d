"""Adds a program as upload software when the person presses the button for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from unplugd import sanitize
from unplugd.eventloop.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS: Final = 30.0
"""Timeout in seconds of the command; normally it takes a fraction of a second."""
ERROR_PREFIX: Final = "unplugd: "
# -P: import nothing from the current folder, which for a service is the home folder.
COMMAND: Final = (sys.executable, "-P", "-m", "unplugd", "config", "add-uploader", "--")


class Addition(Child):
    """Runs `unplugd config add-uploader` for one program after the other, since a slow disk must not block the loop.

    `on_added` gets the name of each program and the error, or None.
    """

    def __init__(self, now: Callable[[], float], on_added: Callable[[str, str | None], None]) -> None:
        super().__init__(now)
        self._on_added = on_added
        self._programs: list[str] = []
        """The program that is being added, and those that wait for that."""

    def add(self, program: str) -> None:
        """Add a program, after those that are being added; once, even if the button is pressed twice."""
        if program in self._programs:
            return
        self._programs.append(program)
        if len(self._programs) == 1:
            self._add_first()

    def _add_first(self) -> None:
        self._start((*COMMAND, self._programs[0]), TIMEOUT_SECONDS, self._report_end)

    def _report_end(self, error: str | None, output: bytes) -> None:
        # Report only the command's own messages: a traceback may contain a path, and so the user's name.
        said = [
            line.removeprefix(ERROR_PREFIX)
            for line in output.decode(errors="replace").splitlines()
            if line.startswith(ERROR_PREFIX)
        ]
        program = self._programs.pop(0)
        self._on_added(program, error and sanitize.one_line(said[0] if said else error, 200))
        if self._programs:
            self._add_first()
