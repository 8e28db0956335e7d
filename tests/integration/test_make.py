"""make: what can be run where."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import PROJECT
from tests.rig.tools import need


@pytest.mark.parametrize("goal", ["test-mac", "test-mac-unit", "test-mac-service"])
def test_what_needs_a_mac_says_so(goal: str) -> None:
    """In one line, before anything is done."""
    need("make")
    if sys.platform == "darwin":
        pytest.skip("needs another system than macOS")
    done = subprocess.run(["make", "-C", PROJECT, goal], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if "make[" not in line]
    assert line.endswith(f"{goal} needs macOS.  Stop.")
