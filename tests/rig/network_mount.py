"""A folder that another program serves, as sshfs does, and that can hang: whoever asks for a file then waits for ever."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.rig.tools import need
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from pathlib import Path


class NetworkMount:
    """The mount: `folder` shows what is in a folder beside it."""

    def __init__(self, folder: Path) -> None:
        need("bindfs")
        if os.geteuid() or not os.access("/dev/fuse", os.R_OK | os.W_OK):
            pytest.skip("needs root and /dev/fuse")
        self.folder = folder / "mount"
        original = folder / "original"
        for made in (self.folder, original):
            made.mkdir(parents=True)
        # Without caches, so that each question reaches the server.
        options = ["-f", "-o", "attr_timeout=0,entry_timeout=0,negative_timeout=0"]
        self._server = subprocess.Popen(
            ["bindfs", *options, original, self.folder], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        wait_until(self._is_mounted, "bindfs to mount")

    def hang(self) -> None:
        """Stop answering."""
        self._server.send_signal(signal.SIGSTOP)

    def detach(self) -> None:
        """Take it out of the tree as `umount --lazy` does: files on it stay open."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def close(self) -> None:
        """Go on answering, and unmount it."""
        self._server.send_signal(signal.SIGCONT)
        with suppress(subprocess.CalledProcessError):
            self.detach()
        self._server.kill()
        self._server.communicate(timeout=GIVE_UP)

    def _is_mounted(self) -> bool:
        if self._server.poll() is not None:
            _, error = self._server.communicate()
            pytest.skip(f"bindfs cannot mount here: {error.decode(errors='replace').strip()}")
        return self.folder.is_mount()
