"""Where unplugd keeps its files: the XDG folders on Linux, ~/Library on macOS."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd_service.home import find_home
from unplugd_service.tilde import abbreviate, expand, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Paths", "abbreviate", "expand", "find_paths", "shorten"]


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one user, and the files in them."""

    configuration: Path
    state: Path
    runtime: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.configuration / "config.toml"

    @property
    def journal(self) -> Path:
        """The journal; rotated files have a number appended."""
        return self.state / "events.jsonl"

    @property
    def log(self) -> Path:
        """The file to which launchd writes the service's stderr."""
        return self.state / "unplugd.log"

    @property
    def lock(self) -> Path:
        """The file that the running daemon keeps locked."""
        return self.state / "events.lock"

    @property
    def control(self) -> Path:
        """The control socket of the running daemon."""
        return self.runtime / "control"

    @property
    def notification(self) -> Path:
        """The file that says which notification is on the screen; it survives a crash, but not the session."""
        return self.runtime / "notification"


def find_paths(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Paths:
    """Return the paths of the current user; `system` is a value of `sys.platform`. Failure without a home folder."""
    if system == "darwin":
        home = find_home(environment)
        support = home / "Library/Application Support/unplugd"
        return Paths(support, home / "Library/Logs/unplugd", support)

    def find_folder(name: str) -> Path | None:
        # XDG Base Directory Specification: relative paths are invalid and must be ignored.
        value = environment.get(name, "")
        return Path(value) if os.path.isabs(value) else None

    # Look for the home folder only if it is needed: a user in a container may have none.
    state = find_folder("XDG_STATE_HOME") or find_home(environment) / ".local/state"
    return Paths(
        (find_folder("XDG_CONFIG_HOME") or find_home(environment) / ".config") / "unplugd",
        state / "unplugd",
        # Without XDG_RUNTIME_DIR, use the state folder, which is just as private.
        (find_folder("XDG_RUNTIME_DIR") or state) / "unplugd",
    )
