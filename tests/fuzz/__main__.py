"""Fuzz: `pip install atheris`, then `python -m tests.fuzz [TARGET | all] [SECONDS] [option…]`; see targets.py.

Without a target, each is fuzzed for so many seconds (60). An input that fails is written to the present folder, its
traceback is shown once for each place where it happens, and fuzzing goes on; in the end the exit status is 1. What comes
after the seconds goes to libFuzzer, such as a file with an input that failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import TARGETS

MEMORY = Path("/dev/shm")
FAST = MEMORY if os.access(MEMORY, os.W_OK) else None
"""A file system in memory, if there is one: some targets write files for each input."""


def main() -> int:
    """Fuzz one target or all, each in a process of its own, which libFuzzer ends; return the exit status."""
    name, seconds, *options = [*sys.argv[1:], *("all", "60")[max(0, len(sys.argv) - 1) :]]
    before = {*Path().glob("failed-*")}
    status = 0
    for each in TARGETS if name == "all" else [name]:
        print(f"--- {each}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="unplugd-fuzz-", dir=FAST) as folder:
            done = subprocess.run(
                [sys.executable, "-m", "tests.fuzz.libfuzzer", each, seconds, *options],
                env={**os.environ, "TMPDIR": folder},
                check=False,
            )
        status = max(status, int(done.returncode != 0))
    return int(status or {*Path().glob("failed-*")} != before)


if __name__ == "__main__":
    sys.exit(main())
