"""The real `systemd --system` of a computer that has only a test's units, and the visitor of `user_manager`.

It runs in namespaces of its own, as their first process. It writes no journal, there is no bus, and the cgroups have no
controllers.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.user_manager import UserManager
from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGETS = ("basic", "shutdown", "sysinit", "timers", "umount")
"""What units are ordered by without saying so."""


class SystemManager(UserManager):
    """The service manager; `start` and `stop` are switching the computer on and a power cut."""

    become = "boot"

    def __init__(self, folder: Path, units: Mapping[str, str]) -> None:
        super().__init__(folder)
        targets = {
            f"{name}.target": f"[Unit]\nDescription={name}\nDefaultDependencies=no\n" for name in TARGETS
        }
        for name, text in {**targets, **units}.items():
            path = folder / "run/systemd/system" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def systemctl(self, *arguments: str) -> str:
        """Return what root's `systemctl` says; it must succeed."""
        first = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()[0]
        done = subprocess.run(
            ["nsenter", f"--target={first}", "--mount", "--pid", "--cgroup", "systemctl", *arguments],
            capture_output=True,
            text=True,
            timeout=GIVE_UP,
            check=False,
        )
        assert not done.returncode, f"systemctl {arguments}: {done}"
        return done.stdout.rstrip("\n")
