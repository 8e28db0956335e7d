"""`unplugd status --prometheus`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.cli.test_status import DEVICE, STATUS
from unplugd.cli.metrics import HELP, format_metrics
from unplugd.journal.station import UNKNOWN, Station

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rig.command_line import Shell

STATION = Station("0123456789abcdef", "fedcba9876543210")
PLUGGED_IN = 1763960400
"""When `DEVICE` was plugged in."""
NOW = PLUGGED_IN + 4000.7


def values(text: str) -> dict[str, int]:
    """Return the value of each metric, by name and labels."""
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: int(value) for name, value in rows}


def device_values(**fields: Any) -> dict[str, int]:
    """Return what the metrics say of a device, by the end of their names."""
    found = values(format_metrics({**STATUS, "devices": [{**DEVICE, **fields}]}, UNKNOWN, NOW))
    return {
        name.removeprefix("unplugd_device_").partition("{")[0]: value
        for name, value in found.items()
        if "device" in name
    }


def test_every_metric_comes_with_its_meaning_and_its_labels() -> None:
    """Each once, in order, with the session, since several people's may run on one computer."""
    text = format_metrics({**STATUS, "devices": [DEVICE]}, STATION, NOW)
    assert re.findall(r"(?m)^# HELP (\w+) ", text) == list(HELP)
    assert re.findall(r"(?m)^# TYPE (\w+) gauge$", text) == list(HELP)
    session = 'session="fedcba9876543210"'
    device = f'{{id="0a21:8001",port="1-1.2",{session}}}'
    assert values(text) == {
        f"unplugd_up{{{session}}}": 1,
        f'unplugd_info{{version="1.2.3",station="0123456789abcdef",{session}}}': 1,
        f"unplugd_answered_timestamp_seconds{{{session}}}": int(NOW),
        f"unplugd_start_timestamp_seconds{{{session}}}": PLUGGED_IN + 3600,
        f"unplugd_delivery_failed{{{session}}}": 0,
        f"unplugd_journal_waiting_events{{{session}}}": 0,
        f"unplugd_device_plugged_in_timestamp_seconds{device}": PLUGGED_IN,
        f"unplugd_device_in_use{device}": 0,
        f"unplugd_device_unused_timestamp_seconds{device}": PLUGGED_IN,
        f"unplugd_device_reminders{device}": 0,
    }


def test_only_the_heartbeat_changes_while_nothing_happens() -> None:
    """Times are since when, not for how long."""
    later = {**DEVICE, "plugged_for": 3900, "idle_for": 3900}
    first = format_metrics({**STATUS, "devices": [DEVICE]}, STATION, NOW)
    second = format_metrics({**STATUS, "devices": [later]}, STATION, NOW + 300)
    changed = set(second.splitlines()) - set(first.splitlines())
    assert [line.partition("{")[0] for line in changed] == ["unplugd_answered_timestamp_seconds"]


def test_a_device_in_use_is_not_unused() -> None:
    """What is in use, even by a program without a name, has no time since which it is unused."""
    for program in ("CareLink Uploader", ""):
        assert device_values(program=program) == {
            "plugged_in_timestamp_seconds": PLUGGED_IN,
            "in_use": 1,
            "reminders": 0,
        }


def test_a_device_is_unused_since_its_last_use() -> None:
    """Whether or not it can be told who uses it now; and a forgotten window is no use."""
    used = {"used_until": "2025-11-24T05:30:00.400Z", "reminded": 2}
    for more in ({}, {"use": "unknown"}, {"forgotten_by": "java"}):
        assert device_values(**used, **more) == {
            "plugged_in_timestamp_seconds": PLUGGED_IN,
            "in_use": 0,
            "unused_timestamp_seconds": PLUGGED_IN + 1800,
            "reminders": 2,
        }


def test_reminders_that_reach_nobody_are_told() -> None:
    failed = {
        "last_delivery": {"time": "2025-11-24T06:05:00Z", "channel": "plyer", "error": "no"},
        "journal": {"trouble": "No space", "hint": "x", "waiting": 3},
    }
    found = values(format_metrics({**STATUS, **failed}, UNKNOWN, NOW))
    assert (found["unplugd_delivery_failed"], found["unplugd_journal_waiting_events"]) == (1, 3)


def test_no_name_and_no_program_is_told(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """Of a device its id and port, of a program nothing."""
    secrets = {
        name: f"planted-{name}" for name in ("name", "program", "evidence", "held_back_by", "forgotten_by")
    }
    answering({**STATUS, "devices": [{**DEVICE, **secrets, "strangers": ["planted-stranger"]}]})
    done = shell.run("status", "--prometheus")
    assert (done.code, done.stderr) == (0, "")
    assert "unplugd_device_in_use" in done.stdout
    assert "planted" not in done.stdout


def test_a_label_stays_one_label() -> None:
    """Whatever a port is called."""
    odd = format_metrics({**STATUS, "devices": [{**DEVICE, "device": 'a"b\\c'}]}, UNKNOWN, NOW)
    assert 'port="a\\"b\\\\c"' in odd


def test_an_unplugd_that_does_not_run_is_a_metric(shell: Shell) -> None:
    """Nothing is an error, so that a timer writes it down."""
    done = shell.run("status", "--prometheus")
    assert (done.code, done.stderr) == (0, "")
    (up,) = values(done.stdout).items()
    assert up[0].startswith("unplugd_up")
    assert up[1] == 0


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"error": "unknown command"},
        {**STATUS, "since": "nonsense"},
        {**STATUS, "devices": [{}]},
        {**STATUS, "version": 3},
    ],
)
def test_an_answer_of_another_version_is_no_answer(
    shell: Shell, answering: Callable[[dict[str, Any]], list[dict[str, Any]]], answer: dict[str, Any]
) -> None:
    """The metrics say that it does not answer, and stderr why."""
    answering(answer)
    done = shell.run("status", "--prometheus")
    assert done.code == 0
    assert list(values(done.stdout).values()) == [0]
    assert "different version" in done.stderr


def test_there_is_one_form_at_a_time(shell: Shell) -> None:
    assert shell.run("status", "--json", "--prometheus").code == 2
