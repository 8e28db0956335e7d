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


def run_tests(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    """Run two tests as `make` does: a good one, and `test`, which can append to a file named tries."""
    (folder / "tries").touch()
    (folder / "test_two.py").write_text(f"def test_good(): pass\n\n{test}\n")
    tool, pytest_there = PROJECT / "tools/run-tests", [sys.executable, "-m", "pytest", "--rootdir=."]
    return subprocess.run(
        ["sh", tool, "goal", *pytest_there], cwd=folder, capture_output=True, text=True, check=False
    )


TRIES = """def test_tries():
    with open("tries", "a+") as file:
        file.write("tried ")
        file.seek(0)
        assert file.read() == %r"""


def test_a_test_that_fails_by_chance_is_run_once_more(tmp_path: Path) -> None:
    """By itself, and its name is shown."""
    done = run_tests(tmp_path, TRIES % "tried tried ")
    assert done.returncode == 0
    first, _, second = done.stdout.partition("make goal: running once more what has failed\n")
    assert "1 failed, 1 passed" in first
    assert "test_two.py::test_tries PASSED" in second
    assert "1 passed" in second
    assert second.endswith("make goal: the tests above passed only the second time\n")


def test_a_test_that_fails_again_fails(tmp_path: Path) -> None:
    """It is run twice and no more, also if it failed in an earlier run, too."""
    for _ in range(2):
        (tmp_path / "tries").unlink(missing_ok=True)
        done = run_tests(tmp_path, TRIES % "tried tried tried ")
        assert done.returncode == 1
        assert (tmp_path / "tries").read_text() == "tried tried "
        assert "test_two.py::test_tries FAILED" in done.stdout


EXAMPLES = """from hypothesis import Phase, given, settings, strategies as st

@settings(database=None, derandomize=False, phases=[Phase.generate])
@given(st.integers(0, 2**32))
def test_examples(number):
    with open("tries", "a") as file:
        print(number, file=file)
    assert number == 0"""


def test_what_hypothesis_finds_is_found_again(tmp_path: Path) -> None:
    """Both times it tries the same examples."""
    done = run_tests(tmp_path, EXAMPLES)
    assert done.returncode == 1
    tries = (tmp_path / "tries").read_text().split()
    first, second = tries[: len(tries) // 2], tries[len(tries) // 2 :]
    assert first == second


@pytest.mark.parametrize("broken", ["import nothing_of_this_name", "import os; os._exit(7)"])
def test_tests_that_cannot_run_are_not_run_once_more(tmp_path: Path, broken: str) -> None:
    """Nor is what failed in an earlier run, which could pass now."""
    assert run_tests(tmp_path, "def test_bad(): assert 0").returncode == 1
    done = run_tests(tmp_path, f"def test_bad(): pass\n{broken}")
    assert done.returncode not in (0, 1)
    assert "once more" not in done.stdout
