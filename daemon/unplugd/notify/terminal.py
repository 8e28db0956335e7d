"""The terminal channel: writes to the terminal that unplugd was started in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from unplugd.notify.channel import Channel

if sys.platform == "win32":
    from unplugd.eventloop.patient_writer import get_writer

    def _write(_stream: TextIO, text: str) -> bool:
        return get_writer().write(text)

else:
    import select

    def _write(stream: TextIO, text: str) -> bool:
        # Not poll(): on macOS it cannot tell anything of a terminal.
        if not select.select((), (stream,), (), 0)[1]:
            return False
        stream.write(text)
        stream.flush()
        return True


if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.notify.message import Message


class Terminal(Channel):
    """Writes messages to stderr if it is a terminal."""

    name = "terminal"
    hint = "used only by `unplugd run` in a terminal"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stderr

    def show(self, message: Message, on_done: Callable[[str | None], None]) -> None:
        """Write the message and ring the bell."""
        error = self._find_error()
        if error is None and self._stream:
            try:
                text = "\n".join((message.title, *message.lines))
                if not _write(self._stream, f"\a{text}\n"):
                    # A write would block.
                    error = "the terminal is paused (Ctrl-S)"
            except (OSError, ValueError):
                error = "the terminal is gone"
        on_done(error)

    def withdraw(self) -> None:
        """Do nothing: what was written to a terminal stays there."""

    def check(self, on_result: Callable[[str | None, str], None]) -> None:
        """Check whether there is a terminal."""
        on_result(self._find_error(), "this terminal")

    def _find_error(self) -> str | None:
        try:
            is_terminal = self._stream is not None and self._stream.isatty()
        except ValueError:
            # The stream is closed.
            is_terminal = False
        return None if is_terminal else "unplugd was not started in a terminal"


def make(_now: Callable[[], float], _check_session: Callable[[], str | None]) -> Terminal:
    """Return the channel."""
    return Terminal()
