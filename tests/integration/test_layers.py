"""The direction of imports is held by `make check`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def check(tmp_path: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Return what checks the imports of a copy of the product code, below `tmp_path`."""
    for folder in ("daemon", "service"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path / 'daemon'}:{tmp_path / 'service'}", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_imports_are_in_order(check: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    """The code as it stands keeps every contract."""
    checked = check()
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("daemon/unplugd/watch/lock.py", "from unplugd.review import figures"),
        ("daemon/unplugd/review/figures.py", "from unplugd.watch import lock"),
        ("daemon/unplugd/rules/model.py", "from unplugd.config import settings"),
        ("daemon/unplugd/journal/kinds.py", "from unplugd.notify import message"),
        ("service/unplugd_service/stamp.py", "from unplugd import durations"),
    ],
)
def test_a_wrong_import_is_found(
    check: Callable[[], subprocess.CompletedProcess[str]], tmp_path: Path, module: str, statement: str
) -> None:
    """An import against the layers breaks a contract, and the check names the module."""
    source = tmp_path / module
    source.write_text(source.read_text() + f"\n{statement}\n")
    checked = check()
    assert checked.returncode == 1
    assert f"{source.parent.name}.{source.stem} " in checked.stdout
