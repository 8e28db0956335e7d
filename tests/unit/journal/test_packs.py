"""What is kept of many computers while their reading is planned is small, and loses nothing."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd.journal import sources
from unplugd.journal.merge import Merger
from unplugd.journal.packs import Groups
from unplugd.journal.plan import Planner
from unplugd.journal.streams import ignore_error
from unplugd.journal.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unplugd.journal.sources import Source

NOON: Final = 1_764_000_000.0
DAY: Final = 86_400.0
BOOTS: Final = 60
BYTES_A_BOOT: Final = 500
"""As objects, a boot would take 3 kB."""


def write_station(folder: Path, number: int, host: str = "", station: str = "") -> Path:
    """Write the journal of a computer that is switched on every day."""
    file = folder / f"station-{number}.jsonl"
    with file.open("w") as written:
        for day in range(BOOTS):
            head = {"host": host or f"station-{number}", "boot": f"{number:04x}{day:032x}", "schema": 1}
            for uptime in (20.25, 300.5):
                event = {
                    "time": format_timestamp(NOON + day * DAY + uptime),
                    "event": "started" if uptime < 60 else "stopped",
                    **head,
                    "uptime": uptime,
                    "station": station or f"{number:020x}",
                }
                written.write(json.dumps(event) + "\n")
    return file


def find(files: Sequence[Path]) -> list[Source]:
    """Return the files to read."""
    return sources.find_sources(files, Path("/nowhere"), Counter(), ignore_error)


def measure(found: Sequence[Source]) -> int:
    """Return how many bytes of memory planning takes at most."""
    tracemalloc.start()
    try:
        kept = Planner(Counter(), ignore_error).plan(found)
        assert len(kept) == len(found)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_computers_take_little_memory(tmp_path: Path) -> None:
    """Only one computer at a time is more than a few bytes a boot, however many there are."""
    found = find([write_station(tmp_path, number) for number in range(24)])
    measure(found[:1])
    more = measure(found) - measure(found[:4])
    assert more < 20 * BOOTS * BYTES_A_BOOT


def test_what_is_packed_is_told_without_unpacking(tmp_path: Path) -> None:
    """Its size, its names and its journals are those of its segments; it is read forwards and backwards."""
    files = [write_station(tmp_path, 1), write_station(tmp_path, 2, "station-1", f"{1:020x}")]
    (groups,) = Planner(Counter(), ignore_error).plan(find(files)).values()
    assert isinstance(groups, Groups)
    assert groups.size == sum(file.stat().st_size for file in files)
    assert groups.hosts == {"station-1"}
    assert groups.journals == set(files)
    unpacked = list(groups)
    assert unpacked == [groups[at] for at in range(len(groups))] == groups[:]
    assert list(reversed(groups)) == unpacked[::-1]
    batches = Merger(Counter(), ignore_error).read(groups)
    assert sum(len(batch.events) for batch in batches) == 2 * 2 * BOOTS


def test_computers_that_may_be_one_are_planned_together(tmp_path: Path) -> None:
    """One that was renamed has the same station; one may be named as another of a name would be numbered."""
    renamed = [write_station(tmp_path, 1), write_station(tmp_path, 2, "another", f"{1:020x}")]
    text = renamed[1].read_text().replace('"boot": "0002', '"boot": "0001')
    renamed[1].write_text(text)
    numbered = [
        write_station(tmp_path, number, host)
        for number, host in enumerate(["ann", "ann (2)", "ann", "bert"], 3)
    ]
    planned = Planner(Counter(), ignore_error).plan(find([*renamed, *numbered]))
    assert list(planned) == ["ann", "ann (2)", "ann (3)", "another", "bert"]
    assert planned["another"].hosts == {"another", "station-1"}
