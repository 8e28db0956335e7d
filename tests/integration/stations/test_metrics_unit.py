"""The units that write the metrics for node_exporter.

They are the system's. What only the system's manager can do (become the user, write where only root may) is left out
where they are run: by the service manager of a user who writes into the home.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import UNPLUGD
from tests.rig.recipe import EXAMPLES, fill_in
from tests.rig.tools import need
from tests.rig.user_manager import UserManager
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "/var/lib/prometheus/node-exporter"
PROGRAM = {"ExecStart=unplugd status": f'ExecStart="{UNPLUGD}" status'}
SYSTEM_ONLY = """# It asks through a socket of this machine and writes nothing.
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
RestrictAddressFamilies=AF_UNIX
"""
AROUND = ("basic.target", "shutdown.target", "sysinit.target", "timers.target", "user@1000.service")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[UserManager]:
    """Yield the service manager of somebody who has just logged in."""
    manager = UserManager(tmp_path / "visitor")
    manager.start()
    yield manager
    print(manager.journal())
    manager.stop()


def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    """Nor of what begins them at log-in."""
    need("systemd-analyze")
    for name in AROUND:
        (tmp_path / name).write_text(
            "[Service]\nExecStart=/bin/true\n" if "@" in name else "[Unit]\nDescription=x\n"
        )
    (tmp_path / "user@1000.service.d").mkdir()
    for place, example in {
        "unplugd-metrics@1000.service": "unplugd-metrics@.service",
        "unplugd-metrics@1000.timer": "unplugd-metrics@.timer",
        "user@1000.service.d/unplugd-metrics.conf": "unplugd-metrics.conf",
    }.items():
        changed = PROGRAM if example.endswith(".service") else {}
        (tmp_path / place).write_text(fill_in(EXAMPLES / example, changed))
    done = subprocess.run(
        ["systemd-analyze", "verify", "user@1000.service", "unplugd-metrics@1000.timer"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_file_appears_whole_again_and_again(manager: UserManager) -> None:
    """The timer brings it, each time as another file, and none is left half-written."""
    folder = manager.home / "node-exporter"
    manager.write(folder / "keep", "")
    changed = {**PROGRAM, "User=%i\n": "", SYSTEM_ONLY: "", FOLDER: str(folder)}
    service, timer = (EXAMPLES / f"unplugd-metrics@.{kind}" for kind in ("service", "timer"))
    manager.unit("unplugd-metrics@.service", fill_in(service, changed))
    soon = {"OnActiveSec=30s": "OnActiveSec=0", "5min": "100ms", "AccuracySec=30s": "AccuracySec=1ms"}
    manager.unit("unplugd-metrics@.timer", fill_in(timer, soon))
    manager.systemctl("start", "unplugd-metrics@1000.timer")
    file = folder / "unplugd-1000.prom"
    wait_until(file.exists, "the metrics", 30)
    first = file.stat().st_ino
    assert file.read_text().startswith("# HELP unplugd_up ")
    assert file.stat().st_mode & 0o777 == 0o644
    with file.open() as kept:
        # Open, so that its number is not given to the next.
        wait_until(lambda: file.stat().st_ino != first, "the next metrics", 30)
        assert "\nunplugd_up" in kept.read()
    manager.systemctl("stop", "unplugd-metrics@1000.timer")
    wait_until(lambda: manager.show("unplugd-metrics@1000.service", "ActiveState") == "inactive", "the end")
    assert {path.name for path in folder.iterdir()} == {"keep", file.name}
