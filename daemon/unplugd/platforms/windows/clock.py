"""The clock that counts sleep, the time spent asleep, and the boot id on Windows."""

from __future__ import annotations

from ctypes import byref, c_ulonglong, sizeof
from typing import Final

from unplugd.clock_offset import read_offset
from unplugd.win32 import kernel32, kernelbase, library, ntdll

UNITS: Final = 1e7
"""Units of 100 ns in a second, in which Windows counts."""


def now() -> float:
    """Return the seconds on the clock that counts sleep and is never set."""
    try:
        read_clock = kernelbase.load().QueryInterruptTime
    except OSError:
        # Before Windows 10. It counts sleep, too, but in steps of 10 to 16 ms.
        milliseconds: int = kernel32.load().GetTickCount64()
        return milliseconds / 1000
    value = c_ulonglong()
    read_clock(byref(value))
    return value.value / UNITS


def sleep_seconds() -> float:
    """Return how many seconds the machine has been asleep since it booted."""
    return max(0.0, read_offset(now, _read_time_awake))


def _read_time_awake() -> float:
    awake = c_ulonglong()
    library.check(kernel32.load().QueryUnbiasedInterruptTime(byref(awake)), "QueryUnbiasedInterruptTime")
    return awake.value / UNITS


def boot_id() -> str:
    """Return the id of this boot: the time at which it began, as the wall clock had it then.

    With fast start-up, Windows only sleeps when it is shut down. Then the boot stays the same, and so do the clocks.
    """
    times = ntdll.TimeOfDay()
    status = ntdll.load().NtQuerySystemInformation(ntdll.TIME_OF_DAY, byref(times), sizeof(times), None)
    if status:
        raise library.make_error("NtQuerySystemInformation", status & 0xFFFFFFFF)
    # Whenever the wall clock is set, both change by as much.
    return f"boot-{times.boot_time - times.boot_time_bias}"
