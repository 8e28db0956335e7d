"""A terminal on which a command shows something."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.rig.wait import GIVE_UP

if TYPE_CHECKING:
    from collections.abc import Iterable

CTRL_C = "\x03"
CTRL_D = "\x04"


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


def converse(
    command: list[str], dialog: Iterable[tuple[str, str]], environment: dict[str, str]
) -> tuple[int, str]:
    """Run a command on a terminal, and type each answer once what comes before it is shown; return status and screen.

    `CTRL_C` interrupts the command. After the last answer it has to end.
    """
    parent, child = pty.openpty()
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=environment)
    os.close(child)
    # A letter may come in two parts.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    shown = ""
    seen = 0
    for awaited, typed in dialog:
        while (found := shown.find(awaited, seen)) < 0:
            try:
                shown += decoder.decode(os.read(parent, 65536))
            except OSError:
                raise AssertionError(f"{awaited!r} was never shown:\n{shown}") from None
        seen = found + len(awaited)
        if typed == CTRL_C:
            process.send_signal(signal.SIGINT)
        else:
            os.write(
                parent, typed.encode() if typed == CTRL_D else f"{typed}\n".encode(errors="surrogateescape")
            )
    with suppress(OSError):
        while more := os.read(parent, 65536):
            shown += decoder.decode(more)
    os.close(parent)
    return process.wait(GIVE_UP), shown.replace("\r\n", "\n")
