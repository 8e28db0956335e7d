"""Whether Ctrl-C is for this process, and for those that it starts from now on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from unplugd.win32 import kernel32

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def keep_interrupts() -> Iterator[None]:
    """Have the processes that are started meanwhile ignore Ctrl-C."""
    library = kernel32.load()
    library.SetConsoleCtrlHandler(None, True)
    try:
        yield
    finally:
        library.SetConsoleCtrlHandler(None, False)
