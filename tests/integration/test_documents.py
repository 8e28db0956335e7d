"""The repository keeps no lock files."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests import PROJECT

ROOT = PROJECT


def test_no_lock_files_are_kept() -> None:
    """The project is a program that is installed with what is there: pinned versions would go stale in it."""
    # A hosted machine's checkout may belong to another user than the one who runs the tests.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files"]
    kept = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if kept.returncode:
        pytest.skip("not in a git repository")
    assert not re.findall(
        r"(?m)^(?:.*/)?(?:.*\.lock|.*lock\.json|requirements.*\.txt|Pipfile.*)$", kept.stdout
    )
