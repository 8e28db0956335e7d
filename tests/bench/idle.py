"""What the daemon costs while nothing is plugged in, and while something is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from tests.bench.process import settle, spent
from tests.bench.row import Row
from tests.bench.surroundings import rest, surroundings
from tests.rig.usb import STICK
from unplugd.config.settings import Settings
from unplugd.platforms.linux.platform import Linux
from unplugd.platforms.linux.sysfs import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET = 60.0
"""Seconds of watching a daemon that should do nothing."""
CROWD = 500
EVERY = 0.25
"""Seconds between two looks while they are measured."""
LOOKS = 200
USUAL = 15.0
"""Seconds between two looks by default: the budget is meant for that."""


def wakeups() -> Iterator[Row]:
    """Measure the daemon before anything was ever plugged in, and after."""
    with surroundings() as here:
        here.daemon.start()
        for when in ("nothing plugged in yet", "unplugged again, after its ten seconds of patience"):
            settle(here.daemon.pid)
            before = spent(here.daemon.pid)
            rest(QUIET)
            used = spent(here.daemon.pid).since(before)
            yield Row(
                f"wake-ups a minute, {when}",
                f"{used.waits * 60 / QUIET:.1f}, {used.cpu * 1000 * 60 / QUIET:.2f} ms of CPU",
                "0, 0",
                f"voluntary switches and schedstat over {QUIET:.0f} s, with a session and a system bus",
                used == (0, 0),
            )
            stick = here.usb.plug(STICK)
            here.daemon.wait_for("plugged_in")
            stick.unplug()
            here.daemon.wait_for("unplugged")
            rest(12)


def look() -> Iterator[Row]:
    """Measure many looks in a short time, and scale."""
    with surroundings() as here:
        here.process(here.compiled("crowd"), str(CROWD))
        here.daemon.write_config(f'[watch]\nlook_every = "{EVERY * 1000:.0f}ms"\n')
        here.daemon.start()
        here.usb.plug(STICK)
        here.daemon.wait_for("plugged_in")
        rest(5 * EVERY)
        before = spent(here.daemon.pid)
        rest(LOOKS * EVERY)
        used = spent(here.daemon.pid).since(before)
        others = sum(entry.name.isdigit() for entry in Path("/proc").iterdir())
        bare = _without_umockdev(here.usb.root / "sys")
    each = used.cpu / used.waits
    yield Row(
        f"CPU, a stick plugged in and idle, {CROWD} sleepers",
        f"{each * 1000:.1f} ms a look, {each / USUAL:.3%} of a core; "
        f"without umockdev {bare * 1000:.1f} ms, {bare / USUAL:.3%}",
        "≤ 0.1 % of one core",
        f"schedstat over {used.waits} looks, every {EVERY:g} s, scaled to one in {USUAL:g} s; {others} processes; "
        f"without umockdev, which every call of the daemon passes through: {LOOKS} looks in the benchmark's process",
        bare / USUAL <= 0.001,
    )


def _without_umockdev(sysfs: Path) -> float:
    """Return the processor time of a look at the test bed's device; some real node stands for the device's."""
    linux = Linux(sysfs=sysfs)
    settings = Settings()
    with patch.object(Tree, "find_nodes", lambda *_: ["/dev/full"]):
        before = time.thread_time()
        for number in range(LOOKS):
            watched = linux.scan(settings.watches)
            assert watched
            running = linux.find_running(settings.uploaders)
            linux.find_usage(watched, settings.uploaders, running, number * USUAL)
        return (time.thread_time() - before) / LOOKS
