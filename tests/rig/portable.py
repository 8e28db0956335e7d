"""A program that is unplugd on the portable platform, to be run in a test bed with `python -P`.

python -P portable.py LIBUSB list | doctor | run

LIBUSB is "system", "packaged" or "none". `list` answers each number on its stdin: having listed the devices so often,
it says in JSON what is there, how many descriptors it has open and how many kB of memory are its own.
"""

from __future__ import annotations

import ctypes.util
import json
import os
import sys
from dataclasses import astuple
from pathlib import Path

from unplugd import doctor, paths
from unplugd.config.file import load_settings
from unplugd.platforms.portable import Portable, find_packaged_libusb
from unplugd.watch.daemon import Daemon

EVERY = 0.05
FINDERS = {
    "system": (ctypes.util.find_library,),
    "packaged": (find_packaged_libusb,),
    "none": (lambda _name: None,),
}


def listed(computer: Portable) -> None:
    """List the devices as often as told."""
    for line in sys.stdin:
        for _ in range(int(line)):
            devices = computer.list_all_devices()
        rollup = Path("/proc/self/smaps_rollup").read_text().splitlines()
        memory = next(int(row.split()[1]) for row in rollup if row.startswith("Anonymous:"))
        opened = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - it counts
        print(json.dumps([[astuple(device) for device in devices], opened, memory]), flush=True)


def diagnosed(computer: Portable) -> None:
    """Say what the doctor finds."""
    findings = doctor.examine(computer, paths.find_paths(), notify=False)
    print(json.dumps({finding.layer: (finding.ok, finding.what, finding.by) for finding in findings}))


def run(computer: Portable) -> None:
    """Watch, as `unplugd run` does."""
    where = paths.find_paths()
    try:
        daemon = Daemon(
            computer,
            where,
            lambda: load_settings(where.config),
            lambda text: print(f"unplugd: {text}", file=sys.stderr, flush=True),
        )
    except OSError as error:
        sys.exit(f"unplugd: {error.strerror}")
    try:
        daemon.run()
    finally:
        daemon.close()


if __name__ == "__main__":
    computer = Portable(EVERY, FINDERS[sys.argv[1]])
    {"list": listed, "doctor": diagnosed, "run": run}[sys.argv[2]](computer)
