"""The facts of a report, from what may be damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from unplugd.cli.doctor_facts import describe_journal
from unplugd.paths import Paths

if TYPE_CHECKING:
    from pathlib import Path


def test_a_journal_with_impossible_times_is_described(tmp_path: Path) -> None:
    """Events whose uptime no computer has are counted, but have no place in time."""
    where = Paths(tmp_path, tmp_path, tmp_path)
    uptimes = (10**400, float("nan"), float("inf"), -5, None, "7", 20.5, 25)
    lines = [
        json.dumps({"time": "", "event": "started", "boot": "b", "uptime": uptime}) for uptime in uptimes
    ]
    where.journal.write_text("\n".join(["not JSON", *lines]) + "\n")
    assert describe_journal(where) == [
        ("events", "8 started"),
        ("the last ones, and how many seconds before the last", "started 4, started 0"),
    ]
