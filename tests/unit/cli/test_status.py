"""`unplugd status`, in words and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rig.command_line import Shell


STATUS: dict[str, Any] = {
    "running": True, "version": "1.2.3", "process": 4711, "since": "2025-11-24T06:00:00.000Z", "devices": [],
    "upload_software_runs_since": None, "quiet_until": None, "away": None, "channels": ["desktop"], "last_delivery": None,
    "journal": {"trouble": None, "hint": None, "waiting": 0}, "lock": {"trouble": None, "hint": None},
    "configuration": {"problems": []},
}  # fmt: skip


DEVICE: dict[str, Any] = {
    "device": "1-1.2", "id": "0a21:8001", "name": "CareLink USB", "plugged_in": "2025-11-24T05:00:00.000Z",
    "plugged_for": 3600, "idle_for": 3600, "use": "idle", "program": None, "evidence": None, "used_until": None,
    "strangers": [], "reminded": 0, "next_reminder": None, "snoozed_until": None,
    "held_back_by": None, "held_back_until": None, "uploading_until": None, "forgotten_by": None, "moved_at": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        ({}, ["unplugd 1.2.3 has been running since 2025-11-24 06:00 (process 4711).", "No watched device is plugged in.", "", "Reminders are sent via desktop; none has been needed yet."]),
        ({"last_delivery": {"time": "2025-11-24T06:05:00Z", "channel": "plyer"}}, ["The last reminder was sent via plyer at 2025-11-24 06:05."]),
        ({"quiet_until": "2025-11-25T07:00:00Z"}, ["Quiet hours until 2025-11-25 07:00."]),
        ({"away": "locked"}, ["The screen is locked; reminders wait until it is unlocked."]),
        ({"away": "inactive"}, ["Somebody else is in front of the computer; reminders wait until you are."]),
        ({"journal": {"trouble": "No space left on device", "hint": "x", "waiting": 3}}, ["The journal cannot be written: No space left on device. Events waiting: 3."]),
        ({"configuration": {"problems": ["config.toml:2: x; y"]}}, ["The new configuration has errors; the previous one is still in effect:", "  config.toml:2: x; y"]),
        ({"devices": [DEVICE]}, ["CareLink USB, port 1-1.2", "  plugged in since 2025-11-24 05:00, not used"]),
        ({"devices": [{**DEVICE, "used_until": "2025-11-24T05:30:00Z", "next_reminder": "2025-11-24T07:00:00Z", "reminded": 2}]}, ["  plugged in since 2025-11-24 05:00, not used since 2025-11-24 05:30", "  next reminder at 2025-11-24 07:00 (2 so far)"]),
        ({"devices": [{**DEVICE, "snoozed_until": "2025-11-24T07:00:00Z", "strangers": ["cat"]}]}, ["  held open by cat, which is not known as upload software", "  if you upload with it, run: unplugd config add-uploader cat", "  snoozed until 2025-11-24 07:00"]),
        ({"devices": [{**DEVICE, "held_back_by": "Tidepool\x1b Uploader", "held_back_until": "2025-11-24T07:00:00Z"}]}, ["  reminder held back until 2025-11-24 07:00, as Tidepool Uploader is running"]),
        ({"devices": [{**DEVICE, "uploading_until": "2025-11-24T07:00:00Z"}]}, ["  no reminder until 2025-11-24 07:00, as you said that you are uploading"]),
        ({"devices": [{**DEVICE, "forgotten_by": "ja\x1bva", "moved_at": "2025-11-24T05:10:00Z"}]}, ["  still open in java, but nothing has moved since 2025-11-24 05:10: a forgotten window"]),
        ({"devices": [{**DEVICE, "forgotten_by": "java"}]}, ["  still open in java, but nothing has moved: a forgotten window"]),
        ({"devices": [{**DEVICE, "use": "in use", "program": "java", "evidence": "holds /dev/ttyUSB0"}]}, ["  plugged in since 2025-11-24 05:00, in use by java (holds /dev/ttyUSB0)", "  no reminders while it is in use"]),
        ({"devices": [{**DEVICE, "use": "unknown", "used_until": "2025-11-24T05:30:00Z"}]}, ["  plugged in since 2025-11-24 05:00, last used at 2025-11-24 05:30", "  cannot tell whether it is in use now, so it counts as unused"]),
        ({"devices": [{**DEVICE, "use": "unknown"}]}, ["  plugged in since 2025-11-24 05:00", "  cannot tell whether it is in use now, so it counts as unused"]),
        ({"devices": [{**DEVICE, "name": "\x1b[31m", "strangers": ["\x1b]0;x\x07"]}]}, ["[31m, port 1-1.2", "  held open by ]0;x, which is not known as upload software"]),
    ],
)  # fmt: skip
def test_status_tells_what_there_is(
    shell: Shell,
    answering: Callable[[dict[str, Any]], list[dict[str, Any]]],
    status: dict[str, Any],
    lines: list[str],
) -> None:
    """In words, in the local time, harmless; as JSON the very answer."""
    requests = answering({**STATUS, **status})
    done = shell.run("status")
    assert done.code == 0
    for line in lines:
        assert line in done.stdout.splitlines()
    assert requests == [{"command": "status"}]


def test_each_trouble_comes_with_its_hint_once(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """What a full disk takes from the journal and from the lock has one way out."""
    full = {"trouble": "the lock file cannot be used: No space", "hint": "free up some disk space"}
    answering({**STATUS, "journal": {**full, "waiting": 3}, "lock": full})
    done = shell.run("status")
    assert done.stderr == "hint: free up some disk space\n"
    assert done.stdout.endswith("\nThe lock file cannot be used: No space.\n")


def test_status_as_json_is_the_daemons_answer(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """Whole, for other programs."""
    answering({**STATUS, "devices": [DEVICE]})
    assert json.loads(shell.run("status", "--json").stdout) == {**STATUS, "devices": [DEVICE]}


def test_a_failed_delivery_comes_with_a_hint(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """The person learns that reminders do not reach them, and what to do."""
    answering(
        {**STATUS, "last_delivery": {"time": "2025-11-24T06:05:00Z", "channel": "plyer", "error": "no"}}
    )
    done = shell.run("status")
    assert "The last reminder could not be delivered via plyer: no." in done.stdout
    assert done.stderr == "hint: unplugd doctor\n"


@pytest.mark.parametrize("answer", [{}, {"error": "unknown command"}, {"running": True}])
def test_an_answer_of_another_version_is_borne(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]], answer: dict[str, Any]
) -> None:
    """A daemon that was not restarted after an update may answer anything: one line and a hint, no traceback."""
    answering(answer)
    for command in ("status", "snooze", "snooze --cancel"):
        assert shell.run(*command.split()).code == 1
