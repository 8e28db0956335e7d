"""Memory, and what the parts of the daemon add to it."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.bench.process import memory
from tests.bench.row import Row
from tests.bench.surroundings import rest, surroundings
from tests.rig.usb import STICK
from unplugd.config.settings import Settings
from unplugd.config.write import format_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.process import Memory

STARTS = 5
MEGABYTES = 16
"""The budget, at work too."""
LOOKS = 2.0
"""Seconds with a device plugged in before memory is read: the looks and their imports are over."""
CONFIGURATION = format_settings(Settings())
STEPS = (
    "",
    "argparse json selectors socket subprocess tomllib",
    "structlog: from unplugd.journal import writer; writer._load_structlog()",
    "usb.core: import usb",
    "jeepney",
    "unplugd.cli",
    "unplugd.watch.daemon",
    "unplugd.platforms.linux.platform",
    "psutil",
)
"""Imports, or what imports, in this order, each in a process with all before it."""


def footprint() -> Iterator[Row]:
    """Measure the daemon without and with a configuration file, before, during and after a plug-in."""
    for configuration, named in (("", "no configuration file"), (CONFIGURATION, "a file with every setting")):
        idle: list[Memory] = []
        plugged: list[Memory] = []
        after: list[Memory] = []
        for _ in range(STARTS):
            with surroundings() as here:
                if configuration:
                    here.daemon.write_config(configuration)
                here.daemon.start()
                idle.append(memory(here.daemon.pid))
                stick = here.usb.plug(STICK)
                here.daemon.wait_for("plugged_in")
                rest(LOOKS)
                plugged.append(memory(here.daemon.pid))
                stick.unplug()
                here.daemon.wait_for("unplugged")
                rest(LOOKS)
                after.append(memory(here.daemon.pid))
        yield _row(f"memory, nothing plugged in, {named}", idle)
        yield _row(f"memory, a stick plugged in, {named}", plugged)
        yield _row(f"memory, unplugged again, {named}", after)


def _row(what: str, readings: list[Memory]) -> Row:
    pss = statistics.median(reading.pss for reading in readings)
    alone = statistics.median(reading.alone for reading in readings)
    rss = statistics.median(reading.rss for reading in readings)
    how = f"PSS by smaps_rollup, median of {len(readings)} starts; {alone:.1f} MB if no other Python ran, RSS {rss:.1f} MB"
    return Row(what, f"{pss:.1f} MB", f"≤ {MEGABYTES} MB", how, pss <= MEGABYTES)


def imports() -> Iterator[Row]:
    """Measure what each import adds to a bare Python: private memory, so that nothing shared blurs it."""
    code = """
import json, sys
def private():
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private"))
found = []
for step in json.loads(sys.argv[1]):
    _, _, code = step.partition(": ")
    before = private()
    exec(code or "\\n".join(f"import {name}" for name in step.split()))
    found.append(private() - before)
print(json.dumps([private(), *found]))
"""
    command = [sys.executable, "-c", code, json.dumps(STEPS)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(STARTS)
    ]
    total, *steps = (statistics.median(column) / 1024 for column in zip(*runs, strict=True))
    parts = ", ".join(
        f"{step.partition(':')[0]} +{size:.1f}" for step, size in zip(STEPS, steps, strict=True) if step
    )
    yield Row(
        "memory by imports, in MB", f"{parts}; {total:.1f} in all", "-", f"private memory, median of {STARTS}"
    )
