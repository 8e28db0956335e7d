"""From the start of the process to READY=1."""

from __future__ import annotations

import select
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.bench.process import spent
from tests.bench.row import Row
from tests.bench.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.daemon import Daemon

STARTS = 21
COLD_STARTS = 5


def start() -> Iterator[Row]:
    """Measure it with the byte code that an installation leaves, and without any."""
    with surroundings() as here:
        _once(here.daemon)
        times, cpu = zip(*(_once(here.daemon) for _ in range(STARTS)), strict=True)
        here.daemon.environment |= {
            "PYTHONPYCACHEPREFIX": str(here.folder / "nothing"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        cold = [_once(here.daemon)[0] for _ in range(COLD_STARTS)]
    bare = [_bare() for _ in range(STARTS)]
    median = statistics.median(times)
    yield Row(
        "start → READY",
        f"median {median * 1000:.0f} ms, {min(times) * 1000:.0f} to {max(times) * 1000:.0f} ms",
        "≤ 150 ms",
        f"{STARTS} starts, from spawn to the datagram, of it {statistics.median(cpu) * 1000:.0f} ms of CPU; "
        f"Python alone {statistics.median(bare) * 1000:.0f} ms; "
        f"without any byte code, Python's own included, {statistics.median(cold) * 1000:.0f} ms ({COLD_STARTS} starts)",
        median <= 0.15,
    )


def _once(daemon: Daemon) -> tuple[float, float]:
    began = time.monotonic()
    daemon.launch()
    select.select([daemon._service_manager], (), (), 10)
    took, cpu = time.monotonic() - began, spent(daemon.pid).cpu
    assert "READY=1" in daemon.manager_lines(), daemon.stderr
    daemon.stop()
    daemon.manager_lines()
    return took, cpu


def _bare() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return time.monotonic() - began
