"""What the kernel says that a process has cost."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from tests.bench.surroundings import rest


class Spent(NamedTuple):
    """Seconds of processor time, and how often the process waited."""

    cpu: float
    waits: int

    def since(self, before: Spent) -> Spent:
        """Return what was spent between two readings."""
        return Spent(self.cpu - before.cpu, self.waits - before.waits)


def spent(pid: int) -> Spent:
    """Return what a process with one thread has spent until now."""
    folder = Path(f"/proc/{pid}")
    waits = next(
        int(line.split()[1])
        for line in folder.joinpath("status").read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )
    return Spent(int(folder.joinpath("schedstat").read_text().split()[0]) / 1e9, waits)


def settle(pid: int, seconds: float = 2) -> None:
    """Return once the process has spent nothing for a while."""
    before = spent(pid)
    rest(seconds)
    while before != (now := spent(pid)):
        before = now
        rest(seconds)


class Memory(NamedTuple):
    """Megabytes: PSS, PSS as if no other Python ran on the machine, and RSS."""

    pss: float
    alone: float
    rss: float

    def __str__(self) -> str:
        return f"{self.pss:.1f} MB"


def memory(pid: int) -> Memory:
    """Return the memory of a process once it has stopped changing."""
    before = _memory(pid)
    while True:
        rest(0.3)
        now = _memory(pid)
        if now == before:
            return now
        before = now


def _memory(pid: int) -> Memory:
    rollup = {
        line.split(":")[0]: int(line.split()[1])
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    }
    # The benchmark itself is a Python that shares its pages with the daemon's.
    shared = 0
    pythons = False
    own = (sys.base_prefix, sys.prefix, os.path.realpath(sys.base_prefix))
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            pythons = words[-1].startswith(own)
        elif pythons and words[0] in ("Rss:", "Pss:"):
            shared += int(words[1]) * (1 if words[0] == "Rss:" else -1)
    return Memory(rollup["Pss"] / 1024, (rollup["Pss"] + shared) / 1024, rollup["Rss"] / 1024)
