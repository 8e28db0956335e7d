"""How long it takes to show and to sum up a long journal, and how much memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench.row import Row
from tests.rig.journal_maker import make

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES: Final = (10_000, 100_000, 1_000_000, 3_000_000)
BUDGETED: Final = 1_000_000
SECONDS: Final = 2.0
MEGABYTES: Final = 150.0
RUNS: Final = 3
STATIONS: Final = 5
COMMANDS: Final = (
    ("log", "--last", "20"),
    ("log", "--format", "jsonl"),
    ("report",),
    ("report", "--json"),
)


def journals() -> Iterator[Row]:
    """Measure each command at each size for one computer, and at a million events for several."""
    for size, stations in (*((size, 1) for size in SIZES), (BUDGETED, STATIONS)):
        with tempfile.TemporaryDirectory(prefix="unplugd-bench-") as folder:
            folders = make(Path(folder), size, stations)
            for command in COMMANDS:
                runs = [_run([*command, *map(str, folders)]) for _ in range(RUNS)]
                seconds = statistics.median(run[0] for run in runs)
                megabytes = max(run[1] for run in runs)
                budgeted = size <= BUDGETED and stations == 1
                yield Row(
                    f"`{' '.join(command)}`, {size:,} events"
                    + (f" of {stations} computers" if stations > 1 else ""),
                    f"{seconds:.2f} s, {megabytes:.0f} MB",
                    f"≤ {SECONDS:.0f} s, ≤ {MEGABYTES:.0f} MB" if budgeted else "-",
                    f"median of {RUNS} whole commands into /dev/null, largest peak RSS; files of 8 MB, 13 % no checkpoints",
                    (seconds <= SECONDS and megabytes <= MEGABYTES) if budgeted else None,
                )


def _run(arguments: list[str]) -> tuple[float, float]:
    """Return the seconds and the peak megabytes of one command."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "unplugd", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return seconds, usage.ru_maxrss / 1024
