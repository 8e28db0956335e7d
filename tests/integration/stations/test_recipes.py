"""The recipes of docs/stations.md are run as they are written."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.rig import journal_maker
from tests.rig.daemon import UNPLUGD
from tests.rig.recipe import find_commands
from tests.rig.tools import need

if TYPE_CHECKING:
    from pathlib import Path

SSH = """#!/bin/sh
# For rsync: the shell of a user of that computer, at home.
cd "{homes}/$1" && shift && exec "$@"
"""


def test_ten_stations_are_copied_and_read(tmp_path: Path) -> None:
    """Journals travel, nothing else, and twice is once."""
    need("rsync")
    homes, here = tmp_path / "homes", tmp_path / "here"
    here.mkdir()
    for number, folder in enumerate(journal_maker.make(tmp_path / "made", 400, 2, rotate_at=30_000), 1):
        (folder / "events.lock").write_text("4711\n~/somewhere\n")
        state = homes / f"station-{number}" / ".local/state"
        state.mkdir(parents=True)
        folder.rename(state / "unplugd")
    ssh = tmp_path / "ssh"
    ssh.write_text(SSH.format(homes=homes))
    ssh.chmod(0o755)
    environment = {**os.environ, "PATH": f"{UNPLUGD.parent}:{os.environ['PATH']}", "RSYNC_RSH": str(ssh)}
    reports = [
        subprocess.run(
            ["sh", "-ec", find_commands("rsync")], cwd=here, env=environment, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    ]
    original = [homes / f"station-{number}/.local/state/unplugd" for number in (1, 2)]
    expected = subprocess.run([UNPLUGD, "report", *original], capture_output=True, check=True).stdout
    assert reports == [expected, expected]
    copied = sorted(path.relative_to(here) for path in here.rglob("*") if path.is_file())
    assert len(copied) > 2
    assert all(path.name.startswith("events.jsonl") for path in copied)
