"""The clock that counts sleep, the time spent asleep, the boot id and the computer's id on macOS."""

from __future__ import annotations

import contextlib
import time
from ctypes import byref, c_size_t, create_string_buffer
from typing import Final

from unplugd.clock_offset import read_offset
from unplugd.platforms.macos import frameworks

CONTINUOUS: Final[int] = getattr(time, "CLOCK_MONOTONIC_RAW", 4)
"""On macOS this clock counts sleep and is never set (clock_gettime(3))."""
AWAKE: Final[int] = getattr(time, "CLOCK_UPTIME_RAW", CONTINUOUS)
"""This clock stops during sleep. Systems without it, such as Linux, report no sleep."""
MAX_CORRECTION_SECONDS: Final = 1000
"""Largest change of the wall clock, in seconds, that is tolerated in the boot id of last resort."""


def now() -> float:
    """Return the seconds on the clock that counts sleep and is never set."""
    return time.clock_gettime(CONTINUOUS)


def sleep_seconds(awake: int = AWAKE) -> float:
    """Return how many seconds the machine has been asleep since it booted."""
    if awake == CONTINUOUS:
        return 0.0
    return max(0.0, read_offset(now, lambda: time.clock_gettime(awake)))


def boot_id(library: str | None = None) -> str:
    """Return the id of this boot. `library` is the path of the C library."""
    with contextlib.suppress(OSError):
        if session := _sysctl("kern.bootsessionuuid", library).decode("ascii", "ignore").strip("\0 "):
            return session
    with contextlib.suppress(OSError):
        # A struct timeval. It changes when the wall clock is set, and then looks like another boot.
        return _sysctl("kern.boottime", library).hex()
    return f"boot-{round(read_offset(time.time, now) / MAX_CORRECTION_SECONDS)}"


def machine_id(library: str | None = None) -> str:
    """Return the id of this computer, "" if the system has none. `library` is the path of the C library."""
    value = create_string_buffer(16)
    with contextlib.suppress(OSError):
        # The zeros are a timespec: do not wait.
        code = frameworks.load_system(library).gethostuuid(value, bytes(16))
        frameworks.check_result(code, "gethostuuid")
    return value.raw.hex() if any(value.raw) else ""


def _sysctl(name: str, library: str | None) -> bytes:
    value = create_string_buffer(64)
    size = c_size_t(len(value))
    code = frameworks.load_system(library).sysctlbyname(name.encode(), value, byref(size), None, 0)
    frameworks.check_result(code, f"sysctlbyname({name})")
    return value.raw[: size.value]
