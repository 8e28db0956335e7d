"""Whoever travels is reminded by the clock of the place where they are."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.rig.usb import STICK
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from tests.rig.daemon import Daemon
    from tests.rig.server import Notification, Server
    from tests.rig.usb import Testbed

OWN_ETC = ("unshare", "--mount", "sh", "-ec", 'mount -t tmpfs tmpfs /etc; exec "$0" "$@"')


def travel(daemon: Daemon, zone: str) -> None:
    """Set the time zone of the daemon's own /etc, as timedatectl does."""
    etc = Path(f"/proc/{daemon.pid}/root/etc")
    (etc / "new").symlink_to(f"/usr/share/zoneinfo/{zone}")
    (etc / "new").replace(etc / "localtime")


def says_time(notification: Notification, zone: str) -> bool:
    """Whether it names the present time of a place, to the minute."""
    now = datetime.now(ZoneInfo(zone))
    return any(f"since {now - timedelta(minutes=ago):%H:%M}" in notification.body for ago in (0, 1))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a time zone apart from the machine's")
def test_time_zone_changes(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Quiet hours and the times in reminders follow the system's time zone without a restart."""
    there = datetime.now(UTC) + timedelta(hours=9)
    quiet = f"{there - timedelta(hours=1):%H:%M}-{there + timedelta(hours=2):%H:%M}"
    daemon.config(after_plug_in="0s", quiet_hours=[quiet])
    daemon.environment.pop("TZ", None)
    daemon.wrapper = OWN_ETC
    daemon.start()
    stick = usb.plug(STICK)
    assert says_time(server.notified(), "UTC")
    assert daemon.status()["quiet_until"] is None
    travel(daemon, "Asia/Tokyo")
    wait_until(lambda: daemon.status()["quiet_until"], "the quiet hours of Tokyo")
    travel(daemon, "America/Lima")
    wait_until(lambda: not daemon.status()["quiet_until"], "the day of Lima")
    stick.unplug()
    daemon.wait_for("unplugged")
    usb.plug(STICK, "1-1.3")
    assert says_time(server.notified(2), "America/Lima")
