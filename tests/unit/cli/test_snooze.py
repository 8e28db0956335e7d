"""`unplugd snooze`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rig.command_line import Shell


@pytest.mark.parametrize(
    ("arguments", "request_", "answer", "code", "said"),
    [
        ("snooze", {}, {"plugged_in": 1, "limit": 3600, "snoozed": [{"name": "Stick", "until": "2025-11-24T07:00:00Z"}]}, 0, "No reminders for Stick until 2025-11-24 07:00.\n"),
        ("snooze 30m", {"seconds": 1800}, {"plugged_in": 1, "limit": 3600, "snoozed": [{"name": "\x1b[m", "until": "2025-11-24T07:00:00Z"}]}, 0, "No reminders for [m until 2025-11-24 07:00.\n"),
        ("snooze", {}, {"plugged_in": 0, "limit": 3600, "snoozed": []}, 1, "unplugd: nothing is plugged in, so there is nothing to snooze\nhint: unplugd status\n"),
        ("snooze", {}, {"plugged_in": 1, "limit": 3600, "snoozed": []}, 1, "unplugd: no snooze time is left for this plug-in (limit: 1 h)\nhint: unplug the device\n"),
        ("snooze --cancel", {"cancel": True}, {"cancelled": ["Stick", "Meter"]}, 0, "Reminders are on again for Stick, Meter.\n"),
        ("snooze --cancel", {"cancel": True}, {"cancelled": []}, 0, "Nothing was snoozed.\n"),
    ],
)  # fmt: skip
def test_snooze_asks_and_tells(
    shell: Shell,
    answering: Callable[[dict[str, Any]], list[dict[str, Any]]],
    arguments: str,
    request_: dict[str, Any],
    answer: dict[str, Any],
    code: int,
    said: str,
) -> None:
    """What is snoozed until when, or why nothing is."""
    requests = answering(answer)
    assert shell.run(*arguments.split()) == (code, "", said)
    assert requests == [{"command": "snooze", **request_}]
