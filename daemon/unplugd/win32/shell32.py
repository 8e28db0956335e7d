"""shell32.dll: icons in the notification area of the taskbar."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_int, c_long, c_wchar, wintypes
from functools import cache
from typing import TYPE_CHECKING, Final

from unplugd.win32.guid import Guid
from unplugd.win32.library import load_library

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import CDLL

    from unplugd.win32.library import Types

# What is done with an icon: NIM_ADD, NIM_MODIFY, NIM_DELETE.
ADD: Final = 0
MODIFY: Final = 1
DELETE: Final = 2
# Which fields count: NIF_MESSAGE, NIF_ICON, NIF_TIP, NIF_INFO.
WITH_MESSAGE: Final = 0x01
WITH_ICON: Final = 0x02
WITH_TIP: Final = 0x04
WITH_BALLOON: Final = 0x10
# NIIF_USER, NIIF_NOSOUND, NIIF_LARGE_ICON, NIIF_RESPECT_QUIET_TIME.
OWN_ICON: Final = 0x04
NO_SOUND: Final = 0x10
LARGE_ICON: Final = 0x20
RESPECT_QUIET_TIME: Final = 0x80
# What is reported of a balloon: NIN_BALLOONTIMEOUT, NIN_BALLOONUSERCLICK.
BALLOON_TIMEOUT: Final = 0x0404
BALLOON_CLICK: Final = 0x0405

LONGEST_MILLISECONDS: Final = 30_000
"""The longest time for a balloon. Windows takes the one that the person has set for all; Wine asks for it."""
MAX_TIP: Final = 127
"""The longest text beside the pointer, in UTF-16 units."""
MAX_TITLE: Final = 63
"""The longest title of a balloon, in UTF-16 units."""
MAX_TEXT: Final = 255
"""The longest text of a balloon, in UTF-16 units."""


class IconData(Structure):
    """NOTIFYICONDATAW."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("window", wintypes.HWND),
        ("number", wintypes.UINT),
        ("flags", wintypes.UINT),
        ("message", wintypes.UINT),
        ("icon", wintypes.HICON),
        ("tip", c_wchar * 128),
        ("state", wintypes.DWORD),
        ("state_mask", wintypes.DWORD),
        ("text", c_wchar * 256),
        ("timeout", wintypes.UINT),
        ("title", c_wchar * 64),
        ("balloon_flags", wintypes.DWORD),
        ("guid", Guid),
        ("balloon_icon", wintypes.HICON),
    )


_FUNCTIONS: Final[Mapping[str, Types]] = {
    "Shell_NotifyIconW": (wintypes.BOOL, wintypes.DWORD, POINTER(IconData)),
    "SHQueryUserNotificationState": (c_long, POINTER(c_int)),
}


@cache
def load() -> CDLL:
    """Return the library; OSError if this is not Windows."""
    return load_library("shell32.dll", _FUNCTIONS)
