"""The time zone of this computer, with its name."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from datetime import tzinfo

if sys.platform == "win32":
    import tzlocal

    def _list_names() -> list[str]:
        """Return the name of the zone that is set, in the terms of other systems."""
        try:
            return [tzlocal.get_localzone_name()]
        except (LookupError, OSError, ValueError):
            return []

else:

    def _list_names() -> list[str]:
        """Return what may be the name of the zone, or a path that ends with it."""
        names = [os.environ.get("TZ", "").removeprefix(":")]
        with contextlib.suppress(OSError):
            names.append(str(Path("/etc/localtime").resolve()))
        with contextlib.suppress(OSError, UnicodeDecodeError):
            names.append(Path("/etc/timezone").read_text(encoding="ascii").strip())
        return names


ZONES_FOLDER: Final = "/zoneinfo/"
WEEK_SECONDS: Final = 7 * 86400


def find_local_zone() -> tuple[tzinfo, str]:
    """Return the time zone of this computer and its name; a fixed offset if no zone matches the system's clock."""
    names = [name.rpartition(ZONES_FOLDER)[2] for name in _list_names()]
    if time.daylight:
        # The system may know its clock changes but not the name of its zone: take any zone with the same changes.
        names += [time.tzname[0], *sorted(available_timezones())]
    now = time.time()
    # Compare once a week over the past year.
    moments = [now - week * WEEK_SECONDS for week in range(53)]
    offsets = {moment: datetime.fromtimestamp(moment).astimezone().utcoffset() for moment in moments}
    for name in names:
        try:
            zone = ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            continue
        # A zone that disagrees with the system's clock is the wrong one.
        if all(
            datetime.fromtimestamp(moment, zone).utcoffset() == offset for moment, offset in offsets.items()
        ):
            return zone, name
    fixed = timezone(offsets[now] or timedelta())
    return fixed, datetime.now(fixed).isoformat()[-6:]
