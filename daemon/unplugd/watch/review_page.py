"""Opens the review in a browser, as the person asks for it by a click on a notification.

Another process makes the page anew each time and starts the browser, so that the daemon neither waits nor reads its own
journal. In a service, systemd starts that process outside of the service: a browser would not run with the service's
restrictions, and would end with it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd.eventloop.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS: Final = 60.0
"""Timeout in seconds of the process; it takes a second, or a few if the journal is very large."""
BOOTED: Final = Path("/run/systemd/system")
"""Exists if systemd is the init system (sd_booted(3))."""
# -P: import nothing from the current folder, which for a service is the home folder.
COMMAND: Final = (sys.executable, "-P", "-m", "unplugd", "report", "--open")
OUTSIDE: Final = (
    *("systemd-run", "--user", "--quiet", "--collect", "--description=The review of unplugd"),
    # The browser that it starts outlives it.
    "--property=KillMode=process",
)
"""Starts a command outside of the service."""
FOLDERS: Final = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")
"""The variables that say where the journal and the configuration are; the service may have its own."""


class ReviewPage(Child):
    """The review of `journal`, or of the user's own, as a page; `report` gets a line if it does not open."""

    def __init__(
        self, now: Callable[[], float], report: Callable[[str], None], journal: Path | None = None
    ) -> None:
        super().__init__(now)
        self._report = report
        self._command = COMMAND if journal is None else (*COMMAND, "--", str(journal))

    def open(self) -> None:
        """Make the page and open it, unless that is still being done."""
        if self.pid is None:
            in_service = bool(os.environ.get("UNPLUGD_SERVICE")) and BOOTED.is_dir()
            folders = [f"--setenv={name}={os.environ[name]}" for name in FOLDERS if name in os.environ]
            outside = (*OUTSIDE, *folders, "--") if in_service else ()
            self._start((*outside, *self._command), TIMEOUT_SECONDS, self._report_failure)

    def _report_failure(self, error: str | None, _output: bytes) -> None:
        if error is not None:
            self._report(f"the review could not be opened ({error})\nhint: unplugd report --open")
