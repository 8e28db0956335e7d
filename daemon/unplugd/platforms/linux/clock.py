"""Linux's clocks: the one that counts sleep, how long was slept, the boot's id."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

CLOCK_BOOTTIME: Final[int] = getattr(time, "CLOCK_BOOTTIME", 7)


def now() -> float:
    """Return seconds on the clock that counts sleep and that nobody sets."""
    return time.clock_gettime(CLOCK_BOOTTIME)


def sleep_seconds() -> float:
    """Return how many seconds this boot has slept in all."""
    return now() - time.clock_gettime(time.CLOCK_MONOTONIC)


def boot_id() -> str:
    """Return what tells this boot of the machine from others."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
