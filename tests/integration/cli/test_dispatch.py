"""Any command, when nobody reads what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.wait import GIVE_UP
from tests.unit.cli.test_log_reading import EVENTS

UNPLUGD = str(Path(sys.executable).with_name("unplugd"))


@pytest.mark.parametrize("command", ["log", "log --format jsonl", "report", "report --json", "doctor"])
@pytest.mark.parametrize("reader", ["gone", "none"])
def test_output_that_nobody_reads_is_no_error(tmp_path: Path, command: str, reader: str) -> None:
    """The other end of the pipe is closed, or stdout itself is."""
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(EVENTS[0]) + "\n")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [UNPLUGD, *command.split(), *([file] if command != "doctor" else [])],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=GIVE_UP,
        check=False,
        preexec_fn=(lambda: os.close(1)) if reader == "none" else None,
    )
    os.close(write)
    # The doctor finds what is wrong here, and says so.
    assert (done.returncode, done.stderr) == (0, "") or (command, done.returncode) == ("doctor", 1)
    assert "Traceback" not in done.stderr
