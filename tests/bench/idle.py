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
from unplugd.watch.observer import RAREST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET = 60.0
"""Seconds of watching a daemon that should do nothing."""
CROWD = 500
LOOKS = 200
MINUTES = 2
"""How long a daemon is watched that should look once a minute."""


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
    """Measure the daemon with its defaults, and many looks in a short time."""
    with surroundings() as here:
        here.process(here.compiled("crowd"), str(CROWD))
        here.daemon.start()
        here.usb.plug(STICK)
        here.daemon.wait_for("plugged_in")
        settle(here.daemon.pid)
        before = spent(here.daemon.pid)
        rest(MINUTES * 60)
        used = spent(here.daemon.pid).since(before)
        others = sum(entry.name.isdigit() for entry in Path("/proc").iterdir())
        bare = _without_umockdev(here.usb.root / "sys")
    share = used.cpu / (MINUTES * 60)
    yield Row(
        f"CPU, a stick plugged in and idle, {CROWD} sleepers",
        f"{share:.4%} of a core, {used.waits} waits; without umockdev {bare * 1000:.1f} ms a look, "
        f"{bare / RAREST_SECONDS:.4%}",
        "≤ 0.02 % of one core",
        f"schedstat over {MINUTES} min, a look every {RAREST_SECONDS:g} s; {others} processes; "
        f"without umockdev, which every call of the daemon passes through: {LOOKS} looks in the benchmark's process",
        bare / RAREST_SECONDS <= 0.0002,
    )


def _without_umockdev(sysfs: Path) -> float:
    """Return the processor time of a look at the test bed's device; some real node stands for the device's."""
    linux = Linux(sysfs=sysfs)
    settings = Settings()
    sources = linux.sources(lambda: None, lambda: None)
    with patch.object(Tree, "find_nodes", lambda *_: ["/dev/full"]):
        before = time.thread_time()
        for number in range(LOOKS):
            watched = linux.scan(settings.watches)
            assert watched
            running = linux.find_running(settings.uploaders)
            linux.find_usage(watched, settings.uploaders, running, number * RAREST_SECONDS)
        took = time.thread_time() - before
    for source in sources:
        source.close()
    return took / LOOKS
