"""Where unplugd keeps its files: the XDG folders on Linux, the Library on macOS."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Paths", "find_paths", "shorten"]


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
        """The journal; rotated files have a number behind its name."""
        return self.state / "events.jsonl"

    @property
    def log(self) -> Path:
        """The file that launchd has a service's stderr written to."""
        return self.state / "unplugd.log"

    @property
    def lock(self) -> Path:
        """The file that the running daemon holds locked."""
        return self.state / "events.lock"

    @property
    def control(self) -> Path:
        """The socket of the running daemon."""
        return self.runtime / "control"

    @property
    def notification(self) -> Path:
        """What is on the screen: it outlives a crash of the daemon, but not the session."""
        return self.runtime / "notification"


def find_paths(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Paths:
    """Return the paths of the user that runs this, after `environment` and `sys.platform`'s name of the system."""
    home = Path(environment.get("HOME") or Path.home())
    if system == "darwin":
        support = home / "Library/Application Support/unplugd"
        return Paths(support, home / "Library/Logs/unplugd", support)

    def xdg(name: str, default: Path) -> Path:
        # The XDG specification: a relative path is invalid and to be ignored.
        value = environment.get(name, "")
        return Path(value) if os.path.isabs(value) else default

    state = xdg("XDG_STATE_HOME", home / ".local/state")
    return Paths(
        xdg("XDG_CONFIG_HOME", home / ".config") / "unplugd",
        state / "unplugd",
        # Without a session's own folder the state folder does: it is the user's alone, too.
        xdg("XDG_RUNTIME_DIR", state) / "unplugd",
    )
