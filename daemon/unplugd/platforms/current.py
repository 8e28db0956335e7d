"""Selects the platform for the current operating system."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unplugd.paths import Paths
    from unplugd.platforms.protocol import InspectablePlatform


def current_platform(where: Paths | None = None) -> InspectablePlatform:
    """Return this system's platform; with `where`, it remembers across a crash what is on the screen."""
    # Use a variable, since mypy treats sys.platform as a constant.
    system = str(sys.platform)
    if system.startswith("linux"):
        from unplugd.platforms.linux.platform import Linux  # noqa: PLC0415 - only one of them is loaded

        return Linux(where.notification if where else None)
    if system == "darwin":
        from unplugd.platforms.macos.platform import MacOS  # noqa: PLC0415 - only one of them is loaded

        return MacOS()
    if system == "win32":
        from unplugd.platforms.windows.platform import Windows  # noqa: PLC0415 - only one of them is loaded

        return Windows()
    from unplugd.platforms.portable import Portable  # noqa: PLC0415 - only one of them is loaded

    return Portable()
