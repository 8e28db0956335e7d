"""`unplugd report` over journals of growing length."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd.journal import time_of

from .row import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (10_000, 100_000, 1_000_000, 3_000_000)
BUDGET = 1_000_000
DAY = 288
"""Events of a day in which a device stays plugged in, nearly all of them checkpoints."""


def report() -> Iterator[Row]:
    """Measure the whole command, as text and as JSON."""
    unplugd = Path(sys.executable).with_name("unplugd")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        for size in SIZES:
            with file.open("w") as journal:
                journal.writelines(_events(size))
            for form in ("text", "JSON"):
                took, memory = _run(
                    [str(unplugd), "report", *(["--json"] if form == "JSON" else []), str(file)]
                )
                yield Row(
                    f"report over {size:,} events, {form}",
                    f"{took:.2f} s, {memory / 1000:.0f} MB",
                    "≤ 2 s, ≤ 150 MB" if size == BUDGET else "-",
                    f"one run, {file.stat().st_size / 1e6:.0f} MB of journal, start included, peak RSS",
                    (took <= 2 and memory <= 150_000) if size == BUDGET else None,
                )


def _run(command: list[str]) -> tuple[float, int]:
    """Return seconds and the most kB of memory."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return took, usage.ru_maxrss


def _events(count: int) -> Iterator[str]:
    """Yield the lines of a computer on which a device stays plugged in for a day each time, and is used once."""
    about = {"device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"}
    head = {"host": "station-1", "boot": "a4c1f0de-5a3b-4f6e-9a57-2f4e1c0b7d11", "schema": 1}
    program = {"program": "Tidepool Uploader", "evidence": "holds the device open"}
    for number in range(count):
        at, place = number * 300.0, number % DAY
        plugged = place * 300.0
        so_far = {"plugged_for": plugged, "idle_for": max(0.0, plugged - 600.0)}
        if place == 0:
            event = {"event": "plugged_in", **about, "address": 5}
        elif place == 1:
            event = {"event": "use_began", **about, **program}
        elif place == 3:
            event = {"event": "use_ended", **about, **program, "used_for": 600.0}
        elif place == DAY - 1:
            event = {"event": "unplugged", **about, **so_far}
        else:
            event = {"event": "checkpoint", **about, **so_far}
        kind = event.pop("event")
        moment = {"time": time_of(1_000_000_000.0 + at), "event": kind}
        yield json.dumps({**moment, **head, "uptime": 100.0 + at, **event}) + "\n"
