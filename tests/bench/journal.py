"""How long it takes to show and to sum up a long journal, and how much memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench.row import Row
from tests.rig.journal_maker import make, mix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZES: Final = (10_000, 100_000, 1_000_000, 3_000_000)
BUDGETED: Final = 1_000_000
SECONDS: Final = 2.0
MEGABYTES: Final = 150.0
RUNS: Final = 3
ONE_PASS_SECONDS: Final = 0.3
"""How long it takes to look once at each line of a mix."""
MIXED: Final = 100_000
STATIONS: Final = (5, 200)
COMMANDS: Final = (
    ("log", "--last", "20"),
    ("log", "--format", "jsonl"),
    ("report",),
    ("report", "--json"),
)


def journals() -> Iterator[Row]:
    """Measure each command at each size for one computer, and for several: in a file each, and mixed in one file."""
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="unplugd-bench-") as folder:
            folders = make(Path(folder), size)
            for command in COMMANDS:
                seconds, megabytes = _measure(command, folders)
                budgeted = size <= BUDGETED
                yield Row(
                    f"`{' '.join(command)}`, {size:,} events",
                    f"{seconds:.2f} s, {megabytes:.0f} MB",
                    f"≤ {SECONDS:.0f} s, ≤ {MEGABYTES:.0f} MB" if budgeted else "-",
                    f"median of {RUNS} whole commands into /dev/null, largest peak RSS; files of 8 MB, 13 % no checkpoints",
                    (seconds <= SECONDS and megabytes <= MEGABYTES) if budgeted else None,
                )
    for stations in STATIONS:
        yield from _measure_mixes(stations)


def _measure_mixes(stations: int) -> Iterator[Row]:
    """Compare the lines of several computers in a file each with the same lines in turns in one file."""
    with tempfile.TemporaryDirectory(prefix="unplugd-bench-") as name:
        folder = Path(name)
        each = make(folder, MIXED, stations)
        untimed = [mix([one], folder / f"{one.name}-untimed", with_uptime=False) for one in each]
        for command, (suffix, given) in product(COMMANDS, (("", each), (" without uptime", untimed))):
            if not (folder / f"mix{suffix}").exists():
                mix(given, folder / f"mix{suffix}")
            what = f"`{' '.join(command)}`, {MIXED:,} events of {stations} computers{suffix}"
            how = f"median of {RUNS} whole commands into /dev/null, largest peak RSS"
            seconds, megabytes = _measure(command, given)
            yield Row(f"{what}, a file each", f"{seconds:.2f} s, {megabytes:.0f} MB", "-", how, None)
            mixed_seconds, mixed_megabytes = _measure(command, [folder / f"mix{suffix}"])
            kept = mixed_seconds <= 2 * seconds + ONE_PASS_SECONDS and mixed_megabytes <= 2 * megabytes
            found = f"{mixed_seconds:.2f} s, {mixed_megabytes:.0f} MB"
            yield Row(f"{what}, in turns in one file", found, "≤ twice a file each, and one pass", how, kept)


def _measure(command: Sequence[str], folders: Sequence[Path]) -> tuple[float, float]:
    """Return the median seconds and the largest peak megabytes of a command."""
    runs = [_run([*command, *map(str, folders)]) for _ in range(RUNS)]
    return statistics.median(run[0] for run in runs), max(run[1] for run in runs)


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
