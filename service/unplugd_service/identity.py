"""Makes unplugd known to the user's desktop: a desktop entry and icons in the user's data folder.

Only what unplugd wrote is replaced or removed. Links are those of `make install`, and stay if they lead to what would be
written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service import stamp
from unplugd_service.desktop_entry import FILE, render_entry, render_own_entry
from unplugd_service.errors import Failure
from unplugd_service.home import look_up_home
from unplugd_service.icon import ICON, SYMBOLIC_ICON
from unplugd_service.manager import INSTALL, Defect
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unplugd_service.program import Program
    from unplugd_service.system import System

MARK: Final = b"unplugd's own icon"
"""By this, icons are recognized as unplugd's, whatever version they come from."""


class Identity:
    """The entry and the icons of one user. `environment` determines the folder; without one, nothing is done."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        given = environment.get("XDG_DATA_HOME", "")
        home = look_up_home(environment)
        data = Path(given) if Path(given).is_absolute() else home and home / ".local/share"
        self._entry = data and data / "applications" / FILE
        self._theme = data and data / "icons/hicolor"

    def install(self, program: Program, system: System) -> None:
        """Write what is missing or outdated; tell the person about failures, which are not fatal."""
        if not self._entry or not self._theme:
            return
        try:
            _install_entry(self._entry, program, system)
            written = [
                icon
                for icon, content in _find_icons(self._theme).items()
                if _install_icon(icon, content, system)
            ]
            if written and (self._theme / "icon-theme.cache").is_file():
                # Icons that are not in the cache are only looked for if the folder is newer.
                system.touch(self._theme)
        except Failure as error:
            system.tell(f"Desktops will not know unplugd by its name and icon ({error}; {error.hint})")

    def uninstall(self, system: System) -> bool:
        """Remove what `install` wrote; return whether there was anything."""
        if not self._entry or not self._theme:
            return False
        ours = [self._entry] if _is_own_entry(_read(self._entry)) else []
        ours += [icon for icon in _find_icons(self._theme) if MARK in (_read(icon) or b"")]
        written = [path for path in ours if not path.is_symlink()]
        for path in written:
            system.remove(path)
        return bool(written)

    def find_defects(self, program: Program) -> list[Defect]:
        """Return what is missing or outdated if `program` is the one that was installed."""
        if not self._entry or not self._theme:
            return []
        try:
            expected = render_own_entry(program).encode()
        except Failure:
            return []
        missing = [icon for icon in _find_icons(self._theme) if _read(icon) is None]
        entry = _read(self._entry)
        if missing or entry is None:
            path = missing[0] if missing else self._entry
            return [Defect(f"a file by which desktops know unplugd is missing: {shorten(path)}", INSTALL)]
        if entry != expected and (_is_own_entry(entry) or _is_shipped_entry(entry)):
            return [Defect("its desktop entry differs from what this unplugd would write", INSTALL)]
        return []


def _find_icons(theme: Path) -> dict[Path, bytes]:
    """Return the content of each icon by its place in the theme."""
    return {
        theme / "scalable/apps" / ICON.name: ICON.read_bytes(),
        theme / "symbolic/apps" / SYMBOLIC_ICON.name: SYMBOLIC_ICON.read_bytes(),
    }


def _install_entry(path: Path, program: Program, system: System) -> None:
    """Write the entry unless it is there or somebody else's."""
    content = render_own_entry(program).encode()
    before = _read(path)
    if before is not None and not (_is_own_entry(before) or _is_shipped_entry(before)):
        system.tell(f"{shorten(path)} was changed or was not written by unplugd: it is left as it is")
    elif before != content:
        system.write(path, content, 0o644)


def _install_icon(path: Path, content: bytes, system: System) -> bool:
    """Write an icon unless it is there or somebody else's; return whether it was written."""
    before = _read(path)
    if before == content or (before is not None and MARK not in before):
        return False
    system.write(path, content, 0o644)
    return True


def _is_own_entry(content: bytes | None) -> bool:
    """Return whether an entry was written by `service install` and not changed since."""
    found = stamp.read_stamp((content or b"").decode(errors="surrogateescape"))
    return found is not None and found.intact


def _is_shipped_entry(content: bytes | None) -> bool:
    """Return whether an entry is the one in `share`, which pip and `make install` put there."""
    return content == render_entry(("unplugd", "run")).encode()


def _read(path: Path) -> bytes | None:
    """Return the content of a file, b"" if it cannot be read or is no file, None if there is none."""
    try:
        # Of a pipe or a device, reading might never end.
        return b"" if path.exists() and not path.is_file() else path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return b""
