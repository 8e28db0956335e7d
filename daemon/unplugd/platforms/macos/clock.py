"""The clocks of a Mac, and what tells one boot from another."""

from __future__ import annotations

import contextlib
import time
from ctypes import byref, c_size_t, create_string_buffer
from typing import Final

from unplugd.platforms.macos import frameworks

CONTINUOUS: Final[int] = getattr(time, "CLOCK_MONOTONIC_RAW", 4)
"""On a Mac it counts sleep (clock_gettime(3)), and nobody sets it."""
AWAKE: Final[int] = getattr(time, "CLOCK_UPTIME_RAW", CONTINUOUS)
"""It stands still in sleep. Where there is none, as on Linux, nothing is known of sleep."""
MAX_CORRECTION_SECONDS: Final = 1000
"""Seconds by which the wall clock is corrected at most, without being set."""


def now() -> float:
    """Return seconds on the clock that counts sleep and that nobody sets."""
    return time.clock_gettime(CONTINUOUS)


def sleep_seconds(awake: int = AWAKE) -> float:
    """Return how many seconds this boot has slept in all."""
    return max(0.0, now() - time.clock_gettime(awake)) if awake != CONTINUOUS else 0.0


def boot_id(library: str | None = None) -> str:
    """Return what tells this boot of the machine from others; `library`: where the C library is."""
    with contextlib.suppress(OSError):
        if session := _sysctl("kern.bootsessionuuid", library).decode("ascii", "ignore").strip("\0 "):
            return session
    with contextlib.suppress(OSError):
        # A struct timeval: it moves when somebody sets the wall clock, and is then taken for another boot.
        return _sysctl("kern.boottime", library).hex()
    return f"boot-{round((time.time() - now()) / MAX_CORRECTION_SECONDS)}"


def _sysctl(name: str, library: str | None) -> bytes:
    value = create_string_buffer(64)
    size = c_size_t(len(value))
    code = frameworks.load_system(library).sysctlbyname(name.encode(), value, byref(size), None, 0)
    frameworks.check_result(code, f"sysctlbyname({name})")
    return value.raw[: size.value]
