"""The time zone of the tests' own process."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

MACHINE: Final = "Europe/Berlin"
"""The zone of a machine with Windows; a process there can only change to one whose clocks never change."""

ANOTHER_ZONE = pytest.mark.not_on_windows("a process cannot change to another zone whose clocks change")

if sys.platform == "win32":
    from unplugd.win32.ucrtbase import read_zone

    def set_zone(name: str) -> None:
        """Have the process use a time zone."""
        if name == MACHINE:
            os.environ.pop("TZ", None)
        elif "/" in name:
            offset = ZoneInfo(name).utcoffset(datetime.now(UTC))
            assert offset is not None
            minutes = -int(offset.total_seconds() // 60)
            sign = "-" if minutes < 0 else ""
            os.environ["TZ"] = f"LOC{sign}{abs(minutes) // 60}:{abs(minutes) % 60:02}"
        else:
            os.environ["TZ"] = name
        read_zone()

else:

    def set_zone(name: str) -> None:
        """Have the process use a time zone."""
        os.environ["TZ"] = name
        time.tzset()
