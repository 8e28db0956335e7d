"""The interface of a service manager, and the status of the service."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from unplugd_service.program import Program
    from unplugd_service.system import System

INSTALL: Final = "unplugd service install"
"""The command that fixes most defects."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong with the service, and the command that fixes it."""

    what: str
    repair: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The status of the service. `process` is 0 while it is not running; `command` is the one in the service file."""

    manager: str
    file: Path
    installed: bool
    enabled: bool
    state: str
    process: int
    command: tuple[str, ...] = ()
    defects: tuple[Defect, ...] = field(default=())


class Manager(Protocol):
    """A service manager. Every method raises Failure if it cannot do its job."""

    @property
    def name(self) -> str:
        """The name: systemd or launchd."""

    def render(self, program: Program) -> str:
        """Return the service file for a program. Pure."""

    def check(self) -> None:
        """Raise Failure unless the manager can start services and uses the same folders as this shell."""

    def install(self, program: Program, system: System) -> None:
        """Write the service file, enable the service at login, start it, and wait until it is ready."""

    def uninstall(self, system: System) -> bool:
        """Stop the service and remove what `install` wrote; return whether anything was there."""

    def start(self, system: System) -> None:
        """Start the service and wait until it is ready."""

    def stop(self, system: System) -> None:
        """Stop the service until the next login."""

    def restart(self, system: System) -> None:
        """Restart the service."""

    def inspect(self, program: Program | None) -> ServiceStatus:
        """Return the status of the service, compared with `program`, which would be installed now."""

    def make_log_command(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows the last `lines` of the service's log."""


def parse_process_id(text: str) -> int:
    """Return a process id that a service manager printed, 0 if it is none."""
    return int(text) if re.fullmatch("[0-9]{1,10}", text) else 0
