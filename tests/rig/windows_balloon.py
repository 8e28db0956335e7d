"""A program there that shows a balloon as plainly as any can, until its input ends.

It shows whether Explorer draws any. Only the declarations of the functions are those of unplugd.
"""

from __future__ import annotations

import sys
from ctypes import byref, sizeof

from unplugd.win32 import shell32, user32


def main() -> None:
    icons = shell32.load()
    data = shell32.IconData(
        size=sizeof(shell32.IconData),
        window=user32.load().CreateWindowExW(
            0, "STATIC", "any program", 0, 0, 0, 1, 1, None, None, None, None
        ),
        number=1,
        flags=shell32.WITH_BALLOON,
        title="Any program",
        text="It has something to say.",
        timeout=shell32.LONGEST_MILLISECONDS,
    )
    assert icons.Shell_NotifyIconW(shell32.ADD, byref(data))
    sys.stdin.read()
    icons.Shell_NotifyIconW(shell32.DELETE, byref(data))


if __name__ == "__main__":
    main()
