"""Finds the home folder of the current user; in a container there may be none."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd_service.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping


def look_up_home(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return HOME, or the folder in the user database if HOME is no absolute path; None if neither names one."""
    home = Path(environment.get("HOME", ""))
    if home.is_absolute():
        return home
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None
    return home if home.is_absolute() else None


def find_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the home folder; Failure if there is none."""
    if (home := look_up_home(environment)) is None:
        raise Failure(
            "you have no home folder: HOME is not set to an absolute path, and the user database names none",
            "set HOME to a folder that you can write to",
        )
    return home
