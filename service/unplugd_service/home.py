"""Finds the home folder of the current user; in a container there may be none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

if sys.platform == "win32":
    VARIABLE: Final = "USERPROFILE"

    def _list_names(environment: Mapping[str, str]) -> Iterator[str]:
        yield environment.get("USERPROFILE", "")

else:
    import pwd

    VARIABLE: Final = "HOME"

    def _list_names(environment: Mapping[str, str]) -> Iterator[str]:
        yield environment.get("HOME", "")
        try:
            yield pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return


def look_up_home(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder that the environment names, or else the user database; None if neither names an absolute path."""
    return next((Path(name) for name in _list_names(environment) if Path(name).is_absolute()), None)


def find_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the home folder; Failure if there is none."""
    if (home := look_up_home(environment)) is None:
        raise Failure(
            f"you have no home folder: {VARIABLE} is not set to an absolute path, and the user database names none",
            f"set {VARIABLE} to a folder that you can write to",
        )
    return home
