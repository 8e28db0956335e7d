"""Where unplugd keeps its files: the XDG folders on Linux, ~/Library on macOS, AppData on Windows."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd import account
from unplugd_service.errors import Failure
from unplugd_service.home import find_home, look_up_home
from unplugd_service.tilde import abbreviate, expand, quote, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Paths", "abbreviate", "expand", "find_paths", "quote", "shorten"]

UNMAPPED_UID: Final = 65534
"""The owner that the kernel shows for files of users that the container does not have."""


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
        """The file with the service's stderr, on macOS and Windows."""
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
    def page(self) -> Path:
        """The report as a page, if it is opened without being given a file."""
        return self.runtime / "report.html"

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

    if system == "win32":
        settings = environment.get("APPDATA") or find_home(environment) / "AppData/Roaming"
        local = environment.get("LOCALAPPDATA") or find_home(environment) / "AppData/Local"
        return Paths(Path(settings, "unplugd"), Path(local, "unplugd"), Path(local, "unplugd"))

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


# --- whose they are


def refuse_others(*folders: Path) -> None:
    """Raise Failure if root would write into another user's folders, as with `sudo -E`.

    What root makes there is closed to that user, whose programs then fail. If the owner has no user id in this
    container, nobody here is harmed, and the kernel decides whether root may write.
    """
    if not account.is_root():
        return
    home = look_up_home()
    for folder in folders:
        checked = [home, folder] if home and folder.is_relative_to(home) else [folder]
        if any(_find_owner(path) not in (0, UNMAPPED_UID) for path in checked):
            raise Failure(
                f"{shorten(folder)} belongs to another user, who could not use what root writes there",
                "run this without sudo (or, if you mean root's own unplugd, in a shell from: sudo -i)",
            )


def _find_owner(path: Path) -> int:
    """Return the owner of a file, or of the folder in which it would have to be made."""
    for existing in (path, *path.parents):
        try:
            return existing.stat().st_uid
        except OSError:
            continue
    return 0
