"""The clocks of a Mac, and the id of a boot."""

from __future__ import annotations

import contextlib
import time
from ctypes import byref, c_size_t, create_string_buffer
from typing import Final

from unplugd.platforms.macos import frameworks

CONTINUOUS: Final[int] = getattr(time, "CLOCK_MONOTONIC_RAW", 4)
"""On a Mac it counts sleep and is never set (clock_gettime(3))."""
AWAKE: Final[int] = getattr(time, "CLOCK_UPTIME_RAW", CONTINUOUS)
"""It stops during sleep. Systems without it, such as Linux, report no sleep."""
MAX_CORRECTION_SECONDS: Final = 1000
"""Largest correction of the wall clock, in seconds, that does not count as setting it."""


def now() -> float:
    """Return seconds on the clock that counts sleep and is never set."""
    return time.clock_gettime(CONTINUOUS)


def sleep_seconds(awake: int = AWAKE) -> float:
    """Return the total seconds of sleep in this boot."""
    return max(0.0, now() - time.clock_gettime(awake)) if awake != CONTINUOUS else 0.0


def boot_id(library: str | None = None) -> str:
    """Return the id of this boot. `library` is the path of the C library."""
    with contextlib.suppress(OSError):
        if session := _sysctl("kern.bootsessionuuid", library).decode("ascii", "ignore").strip("\0 "):
            return session
    with contextlib.suppress(OSError):
        # A struct timeval. It moves when somebody sets the wall clock, and then looks like another boot.
        return _sysctl("kern.boottime", library).hex()
    return f"boot-{round((time.time() - now()) / MAX_CORRECTION_SECONDS)}"


def _sysctl(name: str, library: str | None) -> bytes:
    value = create_string_buffer(64)
    size = c_size_t(len(value))
    code = frameworks.load_system(library).sysctlbyname(name.encode(), value, byref(size), None, 0)
    frameworks.check_result(code, f"sysctlbyname({name})")
    return value.raw[: size.value]
