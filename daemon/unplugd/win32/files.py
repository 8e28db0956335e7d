"""How CreateFileW opens files."""

from __future__ import annotations

from typing import Final

GENERIC_READ: Final = 0x8000_0000
GENERIC_WRITE: Final = 0x4000_0000
SHARE_ALL: Final = 1 | 2 | 4
"""FILE_SHARE_READ, FILE_SHARE_WRITE and FILE_SHARE_DELETE: others may do as on any other system."""
CREATE_NEW: Final = 1
OPEN_EXISTING: Final = 3
OPEN_ALWAYS: Final = 4
FILE_ATTRIBUTE_NORMAL: Final = 0x80
