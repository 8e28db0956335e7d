"""Which system this is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unplugd.machine import Computer
    from unplugd.paths import Paths


def here(where: Paths | None = None) -> Computer:
    """Return the computer that this runs on; `where` remembers what is on the screen, for the daemon alone."""
    from unplugd.linux import Linux  # noqa: PLC0415 - only what is used is loaded

    return Linux(where.notification if where else None)
