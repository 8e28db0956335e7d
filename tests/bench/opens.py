"""From a program that opens the device to the end of the reminder on the screen, with and without inotify."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from tests.bench.listener import wait_for_call
from tests.bench.row import Row, milliseconds, percentile
from tests.bench.surroundings import rest, surroundings
from tests.rig.programs import Programs, compiled
from tests.rig.usb import METER
from unplugd.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.surroundings import Surroundings

TIMES = 40
TIMES_WITHOUT = 8
AT_A_TIME = 8
"""Openings after which the daemon is started anew: more in so short a time would be slowed down as a storm."""
USUAL = Settings().look_every
"""Seconds between two looks by default, without inotify."""
APART = 1.0
"""Seconds from the plug-in to the opening: longer than the second look, and than an opening's second look."""
# The second, since the uploader that runs would hold the reminder back.
AT_ONCE = '[remind]\nafter_plug_in = "0s"\nrunning_counts_for = "0s"\n'


def opens() -> Iterator[Row]:
    """Measure with inotify, then the regular looks alone; the openings are spread over the time between two looks."""
    with surroundings() as here:
        here.daemon.write_config(AT_ONCE)
        here.daemon.start()
        seen = list(_cycles(here, [APART] * TIMES))
    with surroundings() as here:
        deaf = here.compiled("deaf", shared=True)
        here.daemon.environment["LD_PRELOAD"] = f"{deaf} {here.daemon.environment['LD_PRELOAD']}"
        here.daemon.write_config(AT_ONCE)
        here.daemon.start()
        waits = [max(APART, USUAL * (number + 0.5) / TIMES_WITHOUT) for number in range(TIMES_WITHOUT)]
        without = list(_cycles(here, waits))
    yield Row(
        "a program opens the device → CloseNotification on the bus",
        f"{milliseconds(seen)}; by regular looks alone {milliseconds(without)}",
        "p99 ≤ 100 ms",
        f"{TIMES} openings of a hidraw node, umockdev, a monitor on the bus takes the time; "
        f"{TIMES_WITHOUT} openings without inotify, a look every {USUAL:g} s",
        percentile(seen, 0.99) <= 0.1,
    )


def _cycles(here: Surroundings, waits: list[float]) -> Iterator[float]:
    """Yield how long each reminder stays after the opening; the device is opened so long after it was plugged in."""
    listener = here.process(sys.executable, "-m", "tests.bench.listener", here.bus.address)
    programs = Programs(compiled(here.folder), here.folder / "programs", here.usb.environment)
    uploader = programs.uploader()
    try:
        for number, wait in enumerate(waits):
            if number % AT_A_TIME == 0 and number:
                here.daemon.stop()
                here.daemon.start()
            # Another port each time: a replug within ten seconds would be the same period, and reminded of later.
            meter = here.usb.plug(METER, f"1-1.{number + 2}")
            wait_for_call(listener, "Notify")
            rest(wait)
            opened = time.monotonic()
            uploader.open(meter.nodes[-1])
            yield wait_for_call(listener, "CloseNotification") - opened
            uploader.close()
            meter.unplug()
            here.daemon.wait_for("unplugged", number + 1)
            # Heard as it goes: the server waits for it in the end.
            assert not here.server.refused
    finally:
        programs.close()
