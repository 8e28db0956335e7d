"""A program there that shows a balloon as any program does, without a line of unplugd, until its input ends."""

from __future__ import annotations

import sys
from ctypes import CDLL, Structure, byref, c_byte, sizeof, wintypes

ADD, MODIFY, DELETE = 0, 1, 2
WITH_ICON, WITH_BALLOON = 2, 16
LONGEST_MILLISECONDS = 30_000
APPLICATION_ICON = 32512


class IconData(Structure):
    """NOTIFYICONDATAW of shellapi.h."""

    _fields_ = [
        ("size", wintypes.DWORD),
        ("window", wintypes.HWND),
        ("number", wintypes.UINT),
        ("flags", wintypes.UINT),
        ("message", wintypes.UINT),
        ("icon", wintypes.HICON),
        ("tip", wintypes.WCHAR * 128),
        ("state", wintypes.DWORD),
        ("state_mask", wintypes.DWORD),
        ("text", wintypes.WCHAR * 256),
        ("timeout", wintypes.UINT),
        ("title", wintypes.WCHAR * 64),
        ("balloon_flags", wintypes.DWORD),
        ("guid", c_byte * 16),
        ("balloon_icon", wintypes.HICON),
    ]


def main() -> None:
    user32, shell32 = CDLL("user32"), CDLL("shell32")
    create = user32.CreateWindowExW
    create.restype = wintypes.HWND
    load = user32.LoadIconW
    load.restype, load.argtypes = wintypes.HICON, [wintypes.HINSTANCE, wintypes.WPARAM]
    notify = shell32.Shell_NotifyIconW
    data = IconData(
        size=sizeof(IconData),
        window=create(0, "STATIC", "any program", 0, 0, 0, 1, 1, None, None, None, None),
        number=1,
        flags=WITH_ICON,
        icon=load(None, APPLICATION_ICON),
    )
    shown = [notify(ADD, byref(data))]
    data.flags |= WITH_BALLOON
    data.title, data.text, data.timeout = "Any program", "has something to say.", LONGEST_MILLISECONDS
    shown.append(notify(MODIFY, byref(data)))
    print(shown, flush=True)
    sys.stdin.read()
    notify(DELETE, byref(data))


if __name__ == "__main__":
    main()
