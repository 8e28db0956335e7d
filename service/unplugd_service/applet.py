"""Builds the macOS applet that shows notifications under unplugd's name; without it they appear as Script Editor's."""

from __future__ import annotations

import contextlib
import hashlib
import plistlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from unplugd_service.errors import Failure
from unplugd_service.home import find_home
from unplugd_service.system import run
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from pathlib import Path

    from unplugd_service.system import System

IDENTIFIER: Final = "local.unplugd.reminder"
"""Must never change: macOS uses it to remember whether notifications are allowed."""
SCRIPT: Final = "reminder.applescript"
INSTEAD: Final = "reminders are shown by osascript instead, under the name Script Editor"


class Applet:
    """The applet of one user."""

    def __init__(self, home: Path | None = None) -> None:
        home = home or find_home()
        support = home / "Library/Application Support/unplugd"
        self.path = home / "Applications/unplugd.app"
        self.notices = support / "notices"
        """The folder into which the daemon puts notices."""
        # On the same disk as `path`, but not in a cloud folder, which could add attributes that codesign refuses.
        self._build_folder = support / "applet"

    def install(self, system: System) -> str:
        """Build the applet and return what to tell the person. Failures are not fatal."""
        if self.path.exists() and not self.is_ours():
            return f"{shorten(self.path)} exists but was not made by unplugd: {INSTEAD}"
        script = files("unplugd_service").joinpath(SCRIPT).read_bytes()
        try:
            system.make_folder(self.notices)
            if self._is_current(script):
                # Keep it: after a new build, macOS would ask for permission again.
                return f"Reminders are shown by {shorten(self.path)}"
            self._build(script, system)
        except Failure as error:
            return f"{shorten(self.path)} could not be set up ({error}): {INSTEAD}"
        return (
            f"Reminders are shown by {shorten(self.path)}; if macOS asks whether unplugd may send notifications, allow it. "
            "If nothing appears: System Settings, Notifications, unplugd, Allow notifications"
        )

    def uninstall(self, system: System) -> bool:
        """Remove the applet, if it is ours, and any notices left; return whether the applet was there."""
        is_ours = self.is_ours()
        if is_ours:
            system.remove_folder(self.path)
        if self.notices.exists():
            system.remove_folder(self.notices)
        return is_ours

    def is_ours(self) -> bool:
        """Return whether the application at `path` was built by unplugd."""
        return _read_info(self.path).get("CFBundleIdentifier") == IDENTIFIER

    def _is_current(self, script: bytes) -> bool:
        if _read_info(self.path).get("UnplugdScript") != _digest(script):
            return False
        return run("codesign", "--verify", str(self.path)).code == 0

    def _build(self, script: bytes, system: System) -> None:
        fresh, source = self._build_folder / self.path.name, self._build_folder / SCRIPT
        if self._build_folder.exists():
            # Left by an interrupted attempt.
            system.remove_folder(self._build_folder)
        try:
            system.write(source, script, 0o600)
            _run(system, "osacompile", "-o", str(fresh), str(source))
            info = {
                **_read_info(fresh),
                "CFBundleIdentifier": IDENTIFIER,
                "CFBundleName": "unplugd",
                # No Dock icon and no menu.
                "LSUIElement": True,
                "UnplugdScript": _digest(script),
            }
            system.write(fresh / "Contents/Info.plist", plistlib.dumps(info))
            # codesign refuses an application with Finder information or the like attached.
            with contextlib.suppress(Failure):
                system.run("xattr", "-cr", str(fresh))
            # Sign last: the signature covers everything above, and macOS identifies the application by it.
            _run(system, "codesign", "--force", "--deep", "-s", "-", str(fresh))
            if self.path.exists():
                system.remove_folder(self.path)
            system.move(fresh, self.path)
        finally:
            system.remove_folder(self._build_folder)


def _run(system: System, *command: str) -> None:
    result = system.run(*command)
    if result.code:
        raise Failure(f"{command[0]}: {result.message}", "unplugd doctor")


def _digest(script: bytes) -> str:
    return hashlib.sha256(script).hexdigest()[:16]


def _read_info(bundle: Path) -> dict[str, Any]:
    try:
        info = plistlib.loads((bundle / "Contents/Info.plist").read_bytes())
    except (OSError, ValueError, plistlib.InvalidFileException):
        return {}
    except Exception:  # noqa: BLE001 - plistlib lets exceptions of its XML parser through, such as ExpatError
        return {}
    return info if isinstance(info, dict) else {}
