"""Windows' GUIDs."""

from __future__ import annotations

from ctypes import Structure, c_ubyte, wintypes


class Guid(Structure):
    """A GUID."""

    _fields_ = (
        ("first", wintypes.DWORD),
        ("second", wintypes.WORD),
        ("third", wintypes.WORD),
        ("rest", c_ubyte * 8),
    )


def make_guid(text: str) -> Guid:
    """Return the GUID that is written as `text`, without braces."""
    first, second, third, *rest = text.split("-")
    return Guid(int(first, 16), int(second, 16), int(third, 16), (c_ubyte * 8)(*bytes.fromhex("".join(rest))))
