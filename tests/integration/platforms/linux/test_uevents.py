"""The kernel's own announcements."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.unit.platforms.linux.test_uevents import Rig
from unplugd.platforms.linux.uevents import parse_subsystem

# --- on the socket


def test_the_kernels_own_announcements_arrive() -> None:
    """A real one, of a device that is no USB device."""
    uevent = Path("/sys/class/mem/null/uevent")
    if not os.access(uevent, os.W_OK):
        pytest.skip("needs root and a /sys that can be written to")
    rig = Rig()
    try:
        try:
            uevent.write_text("change")
        except OSError as error:
            pytest.skip(f"this /sys makes no announcements: {error.strerror}")
        assert rig.waiting()
        with rig.listening() as listening:
            # Those of other devices may come first.
            while parse_subsystem(listening.recv(16384, socket.MSG_PEEK)) != "mem":
                listening.recv(16384)
        assert rig.hear() == 0
    finally:
        rig.heard.close()
        rig.sender.close()
