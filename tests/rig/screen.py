"""A terminal on which a command shows something."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from contextlib import suppress

from tests.rig.wait import GIVE_UP


def on_terminal(command: list[str], columns: int, environment: dict[str, str], keys: bytes = b"") -> str:
    """Return what a command shows on a terminal of this width and 24 lines; `keys` are pressed when it is full."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=environment)
    os.close(child)
    shown = b""
    with suppress(OSError):
        while more := os.read(parent, 65536):
            shown += more
            if keys and b"(END)" in shown or keys and shown.count(b"\n") >= 22:  # noqa: RUF021
                os.write(parent, keys)
                keys = b""
    os.close(parent)
    assert process.wait(GIVE_UP) == 0
    return shown.decode().replace("\r\n", "\n")
