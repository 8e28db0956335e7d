"""`unplugd doctor`'s exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.rig.command_line import Shell


def test_doctor_ends_with_one_where_something_fails(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure with its hint; as JSON a row for each layer."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    done = shell.run("doctor", "--json")
    assert (done.code, done.stderr) == (1, "")
    rows = {row["layer"]: row for row in json.loads(done.stdout)}
    assert (rows["daemon"]["ok"], rows["use detection"]["ok"]) == (False, True)
    done = shell.run("doctor")
    assert done.code == 1
    assert "NO  daemon: unplugd is not running\n      hint: unplugd service install\n" in done.stdout
