"""The person's browser: what it may read, and a page opened in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from unplugd import paths
from unplugd.errors import Failure
from unplugd_service.home import find_home

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS: Final = 3.0
"""A program that is still running after this many seconds is the browser itself and has not failed."""
SNAP_ENTRY: Final = re.compile(r"([a-z0-9-]+)_[A-Za-z0-9.-]+\.desktop")
"""The desktop entry of a program in a snap; the snap's name comes first."""


def find_readable_folder() -> Path | None:
    """Return the folder that the default browser can read if it is a snap, as Ubuntu's Firefox; None if it is none.

    A snap reads neither the runtime folder nor hidden ones, but it reads its own (snapd, interfaces/apparmor/template.go).
    """
    command = ["xdg-settings", "get", "default-web-browser"]
    try:
        asked = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS, check=False
        )
        snap = SNAP_ENTRY.fullmatch(asked.stdout.strip())
        folder = find_home() / "snap" / snap[1] / "common" if snap else None
        return folder if folder and folder.is_dir() else None
    except (OSError, subprocess.TimeoutExpired, Failure):
        return None


def open_page(file: Path) -> None:
    """Open the page in a browser, without waiting for it to close; Failure if none opens."""
    if not _open(file.resolve()):
        raise Failure("no browser opened the page", f"open {paths.shorten(file)} yourself")


if sys.platform == "win32":

    def _open(file: Path) -> bool:
        try:
            os.startfile(file)
        except OSError:
            return False
        return True

else:

    def _open(file: Path) -> bool:
        opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
        command = [opener] if opener else [sys.executable, "-P", "-m", "webbrowser", "-t"]
        target = str(file) if opener else file.as_uri()
        try:
            child = subprocess.Popen(
                [*command, target],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            return child.wait(TIMEOUT_SECONDS) == 0
        except subprocess.TimeoutExpired:
            return True
        except OSError:
            return False
