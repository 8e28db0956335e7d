"""Finds defects of the service and its daemon, for `unplugd service status` and `unplugd doctor`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from unplugd import __version__, sanitize
from unplugd.cli.daemon_client import ask_if_running
from unplugd.errors import Failure
from unplugd_service.launchd import Launchd
from unplugd_service.manager import Defect
from unplugd_service.program import Program, find_program
from unplugd_service.systemd import Systemd
from unplugd_service.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from unplugd.paths import Paths
    from unplugd_service.manager import Manager, ServiceStatus


MANAGERS: Final[Mapping[str, Callable[[], Manager]]] = {
    "launchd": Launchd,
    "systemd": Systemd,
    "windows": Windows,
}
USUAL: Final = {"darwin": "launchd", "win32": "windows"}
"""The usual one by `sys.platform`; systemd on any other."""
END_COMMAND: Final = "taskkill /PID" if sys.platform == "win32" else "kill"
"""What ends a process, given its process id."""


def find_manager(name: str | None = None) -> Manager:
    """Return the service manager with this name, by default the usual one for this system."""
    return MANAGERS[name or USUAL.get(sys.platform, "systemd")]()


def inspect_service(manager: Manager, where: Paths) -> tuple[ServiceStatus, list[Defect]]:
    """Return the status of the service, and every defect of the service or its daemon."""
    status = manager.inspect(_find_program())
    return status, [*status.defects, *_find_daemon_defects(status, where)]


def _find_program() -> Program | None:
    try:
        return find_program(__version__)
    except Failure:
        # This program cannot be installed as a service, so there is nothing to compare with.
        return None


def _find_daemon_defects(status: ServiceStatus, where: Paths) -> list[Defect]:
    """Return the defects that only the running daemon knows about."""
    answer = ask_if_running(where, "status")
    version = answer.get("version")
    if status.process and version and version != __version__:
        what = f"unplugd {sanitize.one_line(str(version))} is still running, but {__version__} is installed"
        return [Defect(what, "unplugd service restart")]
    process = answer.get("process")
    if not status.process and isinstance(process, int):
        return [
            Defect(f"unplugd is running outside the service (process {process})", f"{END_COMMAND} {process}")
        ]
    if answer.get("configuration", {}).get("problems"):
        return [Defect("the configuration has errors and is not being used", "unplugd config check")]
    return []
