"""Big journals as unplugd writes them: mostly checkpoints, with uses and reminders, rotated, of several stations."""

from __future__ import annotations

import json
import random
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from unplugd.journal import writer
from unplugd.journal.files import NAME, list_files
from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BEGIN: Final = 1_600_000_000.0
DEVICES: Final = (
    {"device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB"},
    {"device": "1-1.3", "id": "1a79:6002", "name": "Contour Next Link 2.4"},
)
_UPTIME: Final = re.compile(r', "uptime": [0-9.]+')


def lines(host: str, seed: int = 1) -> Iterator[str]:
    """Yield the lines of one computer, for ever: each boot a few weeks, each plug-in from minutes to days."""
    chance = random.Random(seed)  # noqa: S311 - the same journal every time
    wall = BEGIN + chance.random() * 3600
    while True:
        boot = f"{chance.getrandbits(128):032x}"
        booted = wall - 20
        uptime = 20.0

        def line(event: str, **fields: Any) -> str:
            head = {"time": format_timestamp(booted + uptime), "event": event, "host": host, "boot": boot}  # noqa: B023 - used at once
            who = {"station": f"{seed:016x}", "session": f"{seed + 1:016x}"}
            return json.dumps({**head, "schema": 1, "uptime": round(uptime, 3), **who, **fields}) + "\n"  # noqa: B023

        yield line("started", version="0.1.0")
        yield line("config_loaded")
        for _ in range(chance.randrange(5, 40)):
            device = chance.choice(DEVICES)
            uptime += chance.expovariate(1 / 20_000)
            yield line("plugged_in", **device, address=chance.randrange(2, 120))
            began, used, count, in_use = uptime, 0.0, 0, False
            for _ in range(round(chance.expovariate(1 / 200)) + 1):
                if not in_use and chance.random() < 0.03:
                    uptime += chance.random() * 250
                    in_use = True
                    use = {"program": "CareLink Uploader", "evidence": "holds the device open"}
                    yield line("use_began", **device, **use)
                elif not in_use and chance.random() < 0.08:
                    uptime += 17.25
                    count += 1
                    urgency = "critical" if count > 1 else "normal"
                    ports = [device["device"]]
                    yield line(
                        "reminded", count=count, urgency=urgency, channel="desktop", devices=ports, due=ports
                    )
                elif in_use:
                    long = chance.random() * 250
                    uptime += long
                    used += long
                    in_use = False
                    yield line("use_ended", **device, program="CareLink Uploader", used_for=round(long, 3))
                uptime += 300 + chance.random() * 0.02
                so_far = round(uptime - began, 3)
                yield line(
                    "checkpoint", **device, plugged_for=so_far, idle_for=round(max(0.0, so_far - used), 3)
                )
            uptime += chance.random() * 250
            if in_use:
                yield line("use_ended", **device, program="CareLink Uploader", used_for=12.5)
            if count:
                yield line("reminder_ended", **device, outcome="unplugged")
            so_far = round(uptime - began, 3)
            yield line("unplugged", **device, plugged_for=so_far, idle_for=round(max(0.0, so_far - used), 3))
        uptime += chance.random() * 5000
        yield line("stopped", reason="SIGTERM")
        wall = booted + uptime + 60


def mix(folders: Iterable[Path], place: Path, *, with_uptime: bool = True) -> Path:
    """Write the lines of these journals into one file, in turns, as a collector may; return its folder."""
    place.mkdir()
    with (place / NAME).open("w") as file:
        for turn in zip_longest(*map(_read_lines, folders), fillvalue=""):
            file.writelines(turn if with_uptime else (_UPTIME.sub("", line) for line in turn))
    return place


def _read_lines(folder: Path) -> Iterator[str]:
    for path in list_files(folder / NAME):
        with path.open() as file:
            yield from file


def make(folder: Path, events: int, stations: int = 1, rotate_at: int = writer.ROTATE_BYTES) -> list[Path]:
    """Write a journal of so many events in all, a folder a station, rotated as earlier versions did; return the folders."""
    folders = []
    for number in range(stations):
        place = folder / f"station-{number + 1}"
        place.mkdir(parents=True)
        parts: list[list[str]] = [[]]
        size = 0
        source = lines(f"station-{number + 1}", number)
        files = 0
        for _ in range(events // stations + (number < events % stations)):
            one = next(source)
            if size + len(one) > rotate_at and size:
                (place / f"part-{files}").write_bytes("".join(parts.pop()).encode())
                parts.append([])
                files += 1
                size = 0
            parts[-1].append(one)
            size += len(one)
        (place / NAME).write_bytes("".join(parts[-1]).encode())
        for part in range(files):
            (place / f"part-{part}").rename(place / f"{NAME}.{files - part}")
        folders.append(place)
    return folders
