"""The clock that counts sleep, the time spent asleep, and the boot id on Linux."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from unplugd.clock_offset import read_offset

CLOCK_BOOTTIME: Final[int] = getattr(time, "CLOCK_BOOTTIME", 7)


def now() -> float:
    """Return the seconds on the clock that counts sleep and is never set."""
    return time.clock_gettime(CLOCK_BOOTTIME)


def sleep_seconds() -> float:
    """Return how many seconds the machine has been asleep since it booted."""
    return max(0.0, read_offset(now, time.monotonic))


def boot_id() -> str:
    """Return the id of the current boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
