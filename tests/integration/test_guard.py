"""A unit test that starts a process fails, in a run of pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = """
import subprocess

def test_that_starts_one():
    subprocess.run(["true"])

def test_that_hides_it():
    try:
        subprocess.run(["true"])
    except BaseException:
        pass

def test_without():
    pass
"""


def test_a_unit_test_that_starts_a_process_fails(tmp_path: Path) -> None:
    """Also where the code that it tests catches every error; the tests after it run on."""
    file = tmp_path / "test_planted.py"
    file.write_text(PLANTED)
    # It takes the tests' settings from the project and the guard as a plugin, as tests/unit does.
    options = ["-q", "-p", "tests.unit.conftest", "-p", "no:cacheprovider", "--rootdir", str(PROJECT)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)],
        cwd=PROJECT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "test_that_starts_one - tests.unit.conftest.Forbidden: started a process" in done.stdout
    assert "test_that_hides_it - Failed: started a process" in done.stdout
    assert "1 failed, 2 passed, 2 errors" in done.stdout
