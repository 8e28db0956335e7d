"""Finds the program that the service should run, and refuses one in a temporary folder."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service.errors import Failure
from unplugd_service.home import look_up_home
from unplugd_service.tilde import abbreviate

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "unplugd"
TEMPORARY: Final = ("/tmp", "/var/tmp", "/dev/shm", "/run/user", "/run/media", "/private/tmp", "/private/var/folders", "/Volumes")  # noqa: S108 - to be refused # fmt: skip
"""Folders that the system empties or unmounts."""
CACHES: Final = (
    *(".cache", "Library/Caches", ".local/pipx/.cache", ".local/share/pipx/.cache"),
    *("pipx/.cache", "AppData/Local/pipx/pipx/Cache", "AppData/Local/uv/cache"),
)
"""Folders in the home folder where uvx and pipx run keep programs temporarily."""
PROTECTED: Final = ("Documents", "Desktop", "Downloads", "Library/Mobile Documents")
"""Folders in the home folder that macOS lets background programs read only with permission."""
HINT: Final = (
    "install it first (in its folder: make install, or pipx install .), then: unplugd service install"
)
WINDOWLESS: Final = "pythonw.exe"
"""Python without a console, on Windows: beside every python.exe, also in the environments of pipx and uv."""


@dataclass(frozen=True, slots=True)
class Program:
    """The command that starts the daemon, with an absolute path, and its version."""

    command: tuple[str, ...]
    version: str


def find_program(
    version: str,
    argv0: str = sys.argv[0],
    environment: Mapping[str, str] = os.environ,
    system: str = sys.platform,
) -> Program:
    """Return the program that is running now; Failure if it is in a temporary or protected folder.

    A symlink, as made by pipx and uv, is not resolved, because only the symlink survives their upgrades.
    """
    script = Path(os.path.abspath(argv0))  # noqa: PTH100 - resolve() would follow the link
    is_script = script.name == NAME and os.access(script, os.X_OK) and script.is_file()
    # -P: import nothing from the folder in which the service is started, which is the home folder.
    module = ("-P", "-m", NAME, "run")
    if system == "win32":
        # An unplugd.exe would open a console, and could not be replaced while it runs.
        command: tuple[str, ...] = (str(_find_windowless(Path(sys.executable))), *module)
    else:
        command = (str(script), "run") if is_script else (sys.executable, *module)
    home = look_up_home(environment)
    for path in (Path(command[0]), Path(command[0]).resolve(), Path(sys.prefix).resolve()):
        if (folder := _find_temporary_folder(path, home, environment)) is not None:
            raise Failure(
                f"unplugd is running from {folder}, a temporary folder; the service would stop working once it is emptied",
                HINT,
            )
        for name in PROTECTED if system == "darwin" else ():
            if home and path.is_relative_to(home / name):
                raise Failure(f"macOS keeps background programs out of ~/{name}", HINT)
    return Program(command, version)


def _find_windowless(python: Path) -> Path:
    """Return the Python beside this one that has no console; Failure if there is none."""
    windowless = python.with_name(WINDOWLESS)
    if not windowless.is_file():
        raise Failure(
            f"the Python that runs unplugd has no {WINDOWLESS}",
            "install unplugd with a Python from python.org, or by uv",
        )
    return windowless


def _find_temporary_folder(path: Path, home: Path | None, environment: Mapping[str, str]) -> str | None:
    folders = [Path(folder) for folder in (*TEMPORARY, tempfile.gettempdir())]
    caches = [home / cache for cache in CACHES] if home else []
    if os.path.isabs(cache := environment.get("XDG_CACHE_HOME", "")):  # noqa: PTH117 - a string, maybe empty
        caches.append(Path(cache))
    for folder in (*folders, *caches):
        # On some machines, the home folder is below one of these, but it is not temporary.
        if path.is_relative_to(folder) and not (
            home and home.is_relative_to(folder) and path.is_relative_to(home)
        ):
            return abbreviate(folder, environment)
    return None
