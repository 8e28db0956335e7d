"""The id of this computer on systems that keep it in a file (machine-id(5)), or in the registry of Windows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service.errors import Failure
from unplugd_service.windows_registry import read_value

if TYPE_CHECKING:
    from collections.abc import Iterable

FILES: Final = ("/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid")
"""The last one is that of FreeBSD."""
_ID: Final = re.compile(r"[0-9a-f]{32}")


def read_machine_id(files: Iterable[str] = FILES) -> str:
    """Return the computer's id, "" if it has none: a container, or a system image that was never started."""
    for text in (_read_registry(), *map(_read_file, files)):
        written = text.strip().replace("-", "").lower()
        if _ID.fullmatch(written) and written.strip("0"):
            return written
    return ""


def _read_registry() -> str:
    """Return what Windows' set-up gave this computer, "" if it did not, or on another system."""
    try:
        return str(read_value(r"HKLM\Software\Microsoft\Cryptography", "MachineGuid") or "")
    except Failure:
        return ""


def _read_file(file: str) -> str:
    try:
        with Path(file).open(encoding="ascii", errors="replace") as opened:
            return opened.read(100)
    except OSError:
        return ""
