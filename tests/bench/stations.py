"""What a report on many computers costs: processor time, wall time and memory of the whole process tree."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from tests.bench.row import Row
from tests.rig.journal_maker import lines
from unplugd.journal import writer
from unplugd.journal.files import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STATIONS: Final = (10, 50, 200)
EVENTS: Final = int(os.environ.get("BENCH_EVENTS", "10000"))
"""Events a station; a year has 100,000."""
CPU_SECONDS: Final = 8.0
MEGABYTES: Final = 64.0
SINCE_DAYS: Final = 30
TEMPLATES: Final = 10
_TIME: Final = re.compile(rb'\{"time": "([^"]+)"')


class Cost(NamedTuple):
    """What a command took, with all processes that it started."""

    cpu: float
    seconds: float
    megabytes: float
    """The most proportional memory (PSS) at a time."""


def stations() -> Iterator[Row]:
    """Measure the report on ever more stations, of all of the time and of its last days."""
    with tempfile.TemporaryDirectory(prefix="unplugd-bench-") as folder:
        made = make_stations(Path(folder), max(STATIONS), EVENTS)
        ended = find_end(made[0])
        for number in STATIONS:
            for options in ((), ("--since", f"{SINCE_DAYS}d")):
                command = ["report", *(["--since", find_since(ended), "--until", ended] if options else [])]
                cost = measure([sys.executable, "-m", "unplugd", *command, *map(str, made[:number])])
                budgeted = number == max(STATIONS) and bool(options)
                yield Row(
                    f"`{' '.join(['report', *options])}`, {number} stations of {EVENTS:,} events",
                    f"{cost.cpu:.1f} s CPU, {cost.seconds:.1f} s, {cost.megabytes:.0f} MB",
                    f"≤ {CPU_SECONDS:.0f} s CPU, ≤ {MEGABYTES:.0f} MB" if budgeted else "-",
                    "a whole command into /dev/null with all its processes, largest PSS; files of 8 MB",
                    (cost.cpu <= CPU_SECONDS and cost.megabytes <= MEGABYTES) if budgeted else None,
                )


def make_stations(folder: Path, number: int, events: int) -> list[Path]:
    """Write the journals of so many stations, which are alike in tens but for names and boots; return their folders."""
    templates = [
        "".join(islice(lines("template", seed), events)).encode() for seed in range(min(TEMPLATES, number))
    ]
    folders = []
    for station in range(number):
        text = templates[station % TEMPLATES]
        mark = f"{station:04x}".encode()
        text = text.replace(b'"template"', f'"station-{station + 1}"'.encode())
        text = text.replace(b'"boot": "', b'"boot": "' + mark).replace(
            b'"station": "', b'"station": "' + mark
        )
        place = folder / f"station-{station + 1}"
        place.mkdir(parents=True)
        parts = list(_cut(text))
        for part, content in enumerate(parts):
            later = len(parts) - 1 - part
            (place / (f"{NAME}.{later}" if later else NAME)).write_bytes(content)
        folders.append(place)
    return folders


def _cut(text: bytes) -> Iterator[bytes]:
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin + writer.ROTATE_BYTES) + 1 or len(text)
        yield text[begin:end]
        begin = end


def find_end(place: Path) -> str:
    """Return when the last event of a station was."""
    found: list[bytes] = _TIME.findall((place / NAME).read_bytes())
    return found[-1].decode()


def find_since(ended: str) -> str:
    """Return when the last days begin, for a report that ends then."""
    return (datetime.fromisoformat(ended) - timedelta(days=SINCE_DAYS)).isoformat()[:19] + "Z"


def measure(command: Sequence[str], environment: dict[str, str] | None = None) -> Cost:
    """Run a command; the memory is looked at as often as that is cheap."""
    began = time.perf_counter()
    before = os.times()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})}, start_new_session=True
    )
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(map(_read_pss, _list_tree(process.pid))))
        time.sleep(0.1)
    after = os.times()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Cost(cpu, time.perf_counter() - began, most / 1024)


def _list_tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(psutil.NoSuchProcess):
        yield from (child.pid for child in psutil.Process(pid).children(recursive=True))


def _read_pss(pid: int) -> int:
    """Return the memory of a process in kB, with its share of what it has in common with others."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss: +(\d+)", rollup, re.MULTILINE)
    return int(found[1]) if found else 0
