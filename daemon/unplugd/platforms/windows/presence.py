"""Whether the person is in front of this session: it is the active one, and not locked."""

from __future__ import annotations

import errno
from ctypes import POINTER, byref, c_void_p, cast, sizeof, wintypes
from typing import TYPE_CHECKING

from unplugd.win32 import library, wtsapi32

if TYPE_CHECKING:
    from unplugd.rules.events import Absence


def find_absence() -> Absence | None:
    """Return why the person is not in front of this session, None if the person is; OSError if nothing tells."""
    services = wtsapi32.load()
    buffer, size = c_void_p(), wintypes.DWORD()
    result = services.WTSQuerySessionInformationW(
        None, wtsapi32.OWN_SESSION, wtsapi32.EXTENDED_INFORMATION, byref(buffer), byref(size)
    )
    library.check(result, "WTSQuerySessionInformation")
    try:
        if not buffer.value or size.value < sizeof(wtsapi32.SessionInformation):
            raise OSError(errno.ENODATA, "Windows says nothing of this session")
        session = cast(buffer, POINTER(wtsapi32.SessionInformation)).contents
        return describe_session(session.state, session.flags)
    finally:
        services.WTSFreeMemory(buffer)


def describe_session(state: int, flags: int) -> Absence | None:
    """Return why nobody is in front of a session in this state, None if somebody is; OSError if that is not known."""
    if state != wtsapi32.ACTIVE:
        return "inactive"
    if flags == wtsapi32.UNKNOWN:
        raise OSError(errno.ENODATA, "Windows does not say whether the session is locked")
    return "locked" if flags == wtsapi32.LOCKED else None


def follow_change(change: int, absence: Absence | None) -> Absence | None:
    """Return why nobody is in front of the session after a change that was announced."""
    if change in wtsapi32.DISCONNECTS:
        return "inactive"
    if change == wtsapi32.LOCKS:
        return "locked"
    if change in (*wtsapi32.CONNECTS, wtsapi32.UNLOCKS):
        return None
    return absence
