"""The units that write the metrics for node_exporter, and what rsyslogd's has to allow; run by the real systemd."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from tests.rig.daemon import UNPLUGD
from tests.rig.recipe import EXAMPLES, fill_in
from tests.rig.system_manager import SystemManager
from tests.rig.tools import need
from tests.rig.user_manager import UID
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "/var/lib/prometheus/node-exporter"
PROGRAM = {"ExecStart=unplugd status": f'ExecStart="{UNPLUGD}" status'}
SOON = {"OnActiveSec=30s": "OnActiveSec=0", "5min": "100ms", "AccuracySec=30s": "AccuracySec=1ms"}
LOG_IN = f"""[Service]
User=%i
Type=notify
Environment=XDG_RUNTIME_DIR=/run/user/%i
ExecStart="{UNPLUGD}" run
"""
"""In place of the user's own service manager, which would start unplugd."""
AROUND = (
    "basic.target",
    "shutdown.target",
    "sysinit.target",
    "timers.target",
    "user@1000.service",
    "rsyslog.service",
)


def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    """Nor of what begins them at log-in."""
    need("systemd-analyze")
    for name in AROUND:
        (tmp_path / name).write_text(
            "[Service]\nExecStart=/bin/true\n" if name.endswith(".service") else "[Unit]\nDescription=x\n"
        )
    for place, example in {
        "unplugd-metrics@1000.service": "unplugd-metrics@.service",
        "unplugd-metrics@1000.timer": "unplugd-metrics@.timer",
        "user@1000.service.d/unplugd-metrics.conf": "unplugd-metrics.conf",
        "rsyslog.service.d/unplugd.conf": "rsyslog-service.conf",
    }.items():
        changed = PROGRAM if example.endswith(".service") else {}
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(fill_in(EXAMPLES / example, changed))
    done = subprocess.run(
        ["systemd-analyze", "verify", "user@1000.service", "rsyslog.service", "unplugd-metrics@1000.timer"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_file_is_there_while_the_person_is_logged_in(tmp_path: Path) -> None:
    """It has what their unplugd answers, appears whole each time, and goes when they log out."""
    folder = tmp_path / "computer/node-exporter"
    place = {FOLDER: folder}
    manager = SystemManager(
        tmp_path / "computer",
        {
            "user@.service": LOG_IN,
            "user@.service.d/unplugd-metrics.conf": fill_in(EXAMPLES / "unplugd-metrics.conf", place),
            "unplugd-metrics@.service": fill_in(EXAMPLES / "unplugd-metrics@.service", {**PROGRAM, **place}),
            "unplugd-metrics@.timer": fill_in(EXAMPLES / "unplugd-metrics@.timer", SOON),
        },
    )
    folder.mkdir(mode=0o755)
    file = folder / f"unplugd-{UID}.prom"
    manager.start()
    try:
        manager.systemctl("start", f"user@{UID}.service")
        wait_until(file.exists, "the metrics", 30)
        assert re.search(r"(?m)^unplugd_up(\{.*\})? 1$", file.read_text())
        assert (file.stat().st_mode & 0o777, file.stat().st_uid) == (0o644, 0)
        with file.open() as kept:
            # Open, so that its number is not given to the next.
            first = os.fstat(kept.fileno()).st_ino
            wait_until(lambda: file.stat().st_ino != first, "the next metrics", 30)
            assert "unplugd_start_timestamp_seconds" in kept.read()
        manager.systemctl("stop", f"user@{UID}.service")
        assert not file.exists()
        assert "inactive" in manager.systemctl(
            "show", "--property=ActiveState", f"unplugd-metrics@{UID}.timer"
        )
    finally:
        manager.stop()
