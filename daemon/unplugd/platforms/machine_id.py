"""The id of this computer on systems that keep it in a file (machine-id(5))."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FILES: Final = ("/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid")
"""The last one is that of FreeBSD."""
_ID: Final = re.compile(r"[0-9a-f]{32}")


def read_machine_id(files: Iterable[str] = FILES) -> str:
    """Return the computer's id, "" if it has none: a container, or a system image that was never started."""
    for file in files:
        try:
            with Path(file).open(encoding="ascii", errors="replace") as opened:
                written = opened.read(100).strip().replace("-", "").lower()
        except OSError:
            continue
        if _ID.fullmatch(written) and written.strip("0"):
            return written
    return ""
