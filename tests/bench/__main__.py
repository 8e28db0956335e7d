"""Run the benchmarks named on the command line, or all: `python -m tests.bench [NAME…]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys

import pytest

from tests.bench.burst import burst
from tests.bench.footprint import footprint, imports
from tests.bench.idle import look, wakeups
from tests.bench.journal import journals
from tests.bench.latency import latency
from tests.bench.opens import opens
from tests.bench.row import HEAD
from tests.bench.start import start
from tests.bench.stations import stations

BENCHMARKS = {
    "latency": latency,
    "opens": opens,
    "footprint": footprint,
    "imports": imports,
    "wakeups": wakeups,
    "look": look,
    "start": start,
    "burst": burst,
    "journals": journals,
    "stations": stations,
}


def main() -> int:
    """Print a row for each result as it comes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="*", help=", ".join(BENCHMARKS))
    names = parser.parse_args().name or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    # Ended from outside it takes away what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(HEAD, flush=True)
    for name in names:
        try:
            for row in BENCHMARKS[name]():
                print(row, flush=True)
        except (pytest.fail.Exception, pytest.skip.Exception) as reason:
            print(f"{name}: {reason}", file=sys.stderr)
            return 1
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}",
        file=sys.stderr,
    )
    return 0


sys.exit(main())
