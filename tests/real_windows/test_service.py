"""The service of the person who runs the tests: installed, looked at and removed, in the real registry.

It is never touched if that person has unplugd installed already. The installed `unplugd` is tested, not the checkout.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.daemon import Done
from unplugd.errors import Failure
from unplugd_service.windows import KEY, VALUE, Windows
from unplugd_service.windows_registry import read_value

if TYPE_CHECKING:
    from collections.abc import Iterator


def unplugd(*arguments: str) -> Done:
    """Run a command of the installed unplugd."""
    command = shutil.which("unplugd")
    assert command
    done = subprocess.run([command, *arguments], capture_output=True, encoding="utf-8", check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def look() -> dict[str, Any]:
    """Return what `service status` says."""
    seen: dict[str, Any] = json.loads(unplugd("service", "status", "--json").stdout)
    return seen


@pytest.fixture
def _clean() -> Iterator[None]:
    """Remove whatever a failed test has left."""
    # Use a variable, since mypy treats sys.platform as a constant.
    if str(sys.platform) != "win32":
        pytest.skip("needs Windows")
    if Windows().inspect(None).installed:
        pytest.skip("needs an account without unplugd: unplugd service uninstall")
    try:
        Windows().check()
    except Failure as failure:
        pytest.skip(f"needs a session on the screen: {failure}")
    yield
    unplugd("service", "uninstall")


@pytest.mark.usefixtures("_clean")
def test_it_is_installed_stopped_started_and_removed() -> None:
    """The console that installs it can be closed; stopping it leaves it the time to write that it has stopped."""
    done = unplugd("service", "install")
    assert done.code == 0, done
    first = look()
    assert (first["enabled"], first["problems"]) == (True, [])
    assert "pythonw.exe" in str(read_value(KEY, VALUE))
    assert unplugd("service", "stop").code == 0
    assert " stopped" in unplugd("log", "--last", "1").stdout
    assert look()["problems"] == [{"what": "it is not running", "repair": "unplugd service start"}]
    assert unplugd("service", "start").code == 0
    assert look()["process"] not in {None, first["process"]}
    assert unplugd("service", "uninstall").code == 0
    assert read_value(KEY, VALUE) is None
    assert not look()["installed"]
