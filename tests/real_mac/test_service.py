"""The service of the person who runs the tests: installed, looked at, killed and removed by the real launchd.

It is never touched if that person has unplugd installed already.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import PROJECT
from tests.rig.daemon import Done
from tests.rig.wait import wait_until
from unplugd.errors import Failure
from unplugd_service.launchd import LABEL, NOT_LOADED, Launchd
from unplugd_service.system import run

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
PREFIX = HOME / ".unplugd-tests"
"""Not in a temporary folder, from which no service may be started."""
RESTART_SECONDS = 60
"""Seconds within which launchd starts it again; it waits for 30."""


def unplugd(*arguments: str) -> Done:
    """Run a command of the installed unplugd."""
    command = [str(PREFIX / "bin/unplugd"), *arguments]
    environment = {**os.environ, "HOME": str(HOME)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def do(*arguments: str) -> None:
    """Run a command that has to succeed."""
    done = unplugd(*arguments)
    assert done.code == 0, done


def look() -> dict[str, Any]:
    """Return what `service status` says."""
    seen: dict[str, Any] = json.loads(unplugd("service", "status", "--json").stdout)
    return seen


@pytest.fixture(scope="module")
def _installed() -> Iterator[None]:
    """Install the program, and remove it with whatever a failed test has left."""
    launchd = Launchd(HOME)
    if launchd.file.exists() or launchd.applet.path.exists():
        pytest.skip("needs an account without unplugd: unplugd service uninstall")
    try:
        launchd.check()
    except Failure as failure:
        pytest.skip(f"needs a session on the screen: {failure}")
    environment = {**os.environ, "HOME": str(HOME)}
    subprocess.run(["make", "install", f"PREFIX={PREFIX}"], cwd=PROJECT, env=environment, check=True)
    yield
    unplugd("service", "uninstall")
    shutil.rmtree(PREFIX)


@pytest.mark.usefixtures("_installed")
def test_the_whole_life_of_the_service() -> None:
    """Installed it runs, killed it is started again, stopped it stays away, removed it leaves nothing."""
    do("service", "install")
    seen = look()
    assert (seen["installed"], seen["enabled"], seen["state"], seen["problems"]) == (
        True,
        True,
        "running",
        [],
    )
    do("status")

    first = seen["process"]
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: look()["process"] not in (None, first), "launchd to start it again", RESTART_SECONDS)

    do("service", "restart")
    assert look()["state"] == "running"
    do("service", "stop")
    assert look()["state"] == "not loaded"
    do("service", "start")
    assert look()["state"] == "running"

    do("service", "uninstall")
    launchd = Launchd(HOME)
    assert not launchd.file.exists()
    assert not launchd.applet.path.exists()
    assert run("launchctl", "print", f"gui/{os.getuid()}/{LABEL}").code in NOT_LOADED
    assert not look()["installed"]


def test_launchctl_says_what_it_is_taken_to_say() -> None:
    """Its exit statuses for what is not there; nothing is changed."""
    domain = f"gui/{os.getuid()}"
    assert run("launchctl", "print", f"{domain}/{LABEL}.nothing").code in NOT_LOADED
    assert run("launchctl", "bootout", f"{domain}/{LABEL}.nothing").code in {*NOT_LOADED, 5, 36}
