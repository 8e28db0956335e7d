"""The id of this computer on systems that keep it in a file (machine-id(5)), or in the registry of Windows."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

if sys.platform == "win32":
    import winreg

    def _read_registry() -> str:
        """Return what Windows' set-up gave this computer, "" if it did not."""
        key = r"SOFTWARE\Microsoft\Cryptography"
        # The same for programs of 32 bits.
        access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, access) as opened:
                return str(winreg.QueryValueEx(opened, "MachineGuid")[0])
        except OSError:
            return ""

else:

    def _read_registry() -> str:
        return ""


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


def _read_file(file: str) -> str:
    try:
        with Path(file).open(encoding="ascii", errors="replace") as opened:
            return opened.read(100)
    except OSError:
        return ""
