"""What every service manager can do for unplugd, and what is known of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from unplugd_service.program import Program
    from unplugd_service.system import System

INSTALL: Final = "unplugd service install"
"""The command that repairs most of what can be wrong with a service."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the service, and the command that repairs it."""

    what: str
    repair: str


@dataclass(frozen=True, slots=True)
class State:
    """What is known of the service. `process` is 0 while it does not run; `command` is what the file says it runs."""

    manager: str
    file: Path
    installed: bool
    enabled: bool
    state: str
    process: int
    command: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())


class Manager(Protocol):
    """A service manager. Everything raises Failure where it cannot."""

    @property
    def name(self) -> str:
        """What it is called: systemd, launchd."""

    def text(self, program: Program) -> str:
        """Return the service file for a program. Pure."""

    def check(self) -> None:
        """Make sure that the manager is there to start something, and finds what the command line finds."""

    def install(self, program: Program, hands: System) -> None:
        """Write the service file, have it started at each login, and start it now; return when it is ready."""

    def uninstall(self, hands: System) -> bool:
        """Stop it and remove what `install` wrote; return whether anything was there."""

    def start(self, hands: System) -> None:
        """Start it; return when it is ready."""

    def stop(self, hands: System) -> None:
        """Stop it until the next login."""

    def restart(self, hands: System) -> None:
        """Stop it and start it again."""

    def state(self, program: Program | None) -> State:
        """Return what is known of the service; `program` is what would be installed now."""

    def logs(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows its last lines."""
