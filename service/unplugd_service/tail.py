"""Shows the end of a text file, and what is added to it: python -m unplugd_service.tail [--follow] LINES FILE."""

from __future__ import annotations

import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.5


def main(arguments: list[str]) -> int:
    """Print the last lines, and with --follow go on until Ctrl-C."""
    follow = arguments[0] == "--follow"
    lines, name = arguments[-2:]
    path = Path(name)
    with suppress(KeyboardInterrupt, BrokenPipeError):
        position = _print_end(path, int(lines))
        while follow:
            time.sleep(POLL_SECONDS)
            position = _print_more(path, position)
    return 0


def _print_end(path: Path, lines: int) -> int:
    """Print the last lines of a file, and return where it ends; nothing of one that does not exist."""
    try:
        with path.open("rb") as file:
            _print(b"".join(deque(file, lines)))
            return file.tell()
    except FileNotFoundError:
        return 0


def _print_more(path: Path, position: int) -> int:
    """Print what was added behind a position, and return the new one."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            # It is emptied when it gets too long.
            file.seek(position if position <= size else 0)
            _print(file.read())
            return file.tell()
    except FileNotFoundError:
        return 0


def _print(text: bytes) -> None:
    # A console's, too, is UTF-8.
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
