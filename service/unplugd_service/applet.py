"""The applet on macOS: it shows unplugd's notices under a name of their own. Without it they come as Script Editor's."""

from __future__ import annotations

import hashlib
import plistlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd_service.errors import Failure
from unplugd_service.system import run
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from unplugd_service.system import System

IDENTIFIER: Final = "local.unplugd.reminder"
"""Stays the same for ever: macOS remembers by it whether its notifications are allowed."""
SCRIPT: Final = "reminder.applescript"
INSTEAD: Final = "reminders are shown by osascript instead, as Script Editor's"


class Applet:
    """The applet of one user."""

    def __init__(self, home: Path | None = None) -> None:
        home = home or Path.home()
        support = home / "Library/Application Support/unplugd"
        self.path = home / "Applications/unplugd.app"
        self.notices = support / "notices"
        """The folder in which the daemon puts what is to be shown."""
        # Not in the cloud as the desktop may be, which adds to files what codesign refuses; on the disk of `path`.
        self._build = support / "applet"

    def install(self, hands: System) -> str:
        """Build it; return what became of it. Nothing here is fatal."""
        if self.path.exists() and not self.is_ours():
            return f"{shorten(self.path)} is there and is not unplugd's own: {INSTEAD}"
        script = files("unplugd_service").joinpath(SCRIPT).read_bytes()
        try:
            hands.folder(self.notices)
            if self._is_good(script):
                # One that is built anew is a stranger to macOS, which would ask the person again.
                return f"Reminders are shown by {shorten(self.path)}"
            self._make(script, hands)
        except Failure as trouble:
            return f"{shorten(self.path)} could not be made to work ({trouble}): {INSTEAD}"
        return (
            f"Reminders are shown by {shorten(self.path)}; if macOS asks whether unplugd may send notifications, allow it "
            "(later: System Settings, Notifications, unplugd)"
        )

    def uninstall(self, hands: System) -> bool:
        """Remove it and what it was to show, if it is ours; return whether anything was there."""
        there = self.is_ours()
        if there:
            hands.remove_folder(self.path)
        if self.notices.exists():
            hands.remove_folder(self.notices)
        return there

    def is_ours(self) -> bool:
        """Return whether what is there was built by unplugd."""
        return _info(self.path).get("CFBundleIdentifier") == IDENTIFIER

    def _is_good(self, script: bytes) -> bool:
        if _info(self.path).get("UnplugdScript") != _digest(script):
            return False
        return run("codesign", "--verify", str(self.path)).code == 0

    def _make(self, script: bytes, hands: System) -> None:
        fresh, source = self._build / self.path.name, self._build / SCRIPT
        if self._build.exists():
            # An earlier attempt was interrupted.
            hands.remove_folder(self._build)
        try:
            hands.write(source, script, 0o600)
            _must(hands, "osacompile", "-o", str(fresh), str(source))
            info = {
                **_info(fresh),
                "CFBundleIdentifier": IDENTIFIER,
                "CFBundleName": "unplugd",
                # No place in the Dock, and no menu.
                "LSUIElement": True,
                "UnplugdScript": _digest(script),
            }
            hands.write(fresh / "Contents/Info.plist", plistlib.dumps(info))
            # Last: the signature is of all this, and macOS knows an application by it.
            _must(hands, "codesign", "--force", "--deep", "-s", "-", str(fresh))
            if self.path.exists():
                hands.remove_folder(self.path)
            hands.move(fresh, self.path)
        finally:
            hands.remove_folder(self._build)


def _must(hands: System, *command: str) -> None:
    done = hands.run(*command)
    if done.code:
        raise Failure(f"{command[0]}: {done.complaint}", "unplugd doctor")


def _digest(script: bytes) -> str:
    return hashlib.sha256(script).hexdigest()[:16]


def _info(bundle: Path) -> dict[str, Any]:
    try:
        info = plistlib.loads((bundle / "Contents/Info.plist").read_bytes())
    except (OSError, ValueError, plistlib.InvalidFileException):
        return {}
    except Exception:  # noqa: BLE001 - plistlib raises what its XML parser raises, ExpatError among others
        return {}
    return info if isinstance(info, dict) else {}
