"""make: what can be run where."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import PROJECT
from tests.rig.tools import need

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize("way", ["file", "folder", "link"])
def test_what_is_somebody_elses_stays(tmp_path: Path, way: str) -> None:
    """Such as a desktop entry that the person has changed: it is neither replaced nor removed; the links come and go."""
    need("make")
    share = tmp_path / "share"
    installed, theirs, linked = (
        share / name for name in ("unplugd/venv", "applications/unplugd.desktop", "man/man1/unplugd.1")
    )
    installed.mkdir(parents=True)
    theirs.parent.mkdir()
    if way == "file":
        theirs.write_text("mine")
    elif way == "folder":
        theirs.mkdir()
    else:
        theirs.symlink_to("elsewhere")
    before = theirs.lstat()
    files = [str(path.relative_to(share)) for path in (theirs, linked)]
    tool = PROJECT / "tools/shared-files"
    for _ in range(2):
        subprocess.run(["sh", tool, "link", installed / "share", share, *files], check=True)
        assert linked.readlink() == installed / "share/man/man1/unplugd.1"
    subprocess.run(
        ["make", "-C", PROJECT, "uninstall", f"PREFIX={tmp_path}"], check=True, capture_output=True
    )
    assert not linked.is_symlink()
    assert not installed.exists()
    assert theirs.lstat() == before
    assert way != "folder" or not list(theirs.iterdir())
