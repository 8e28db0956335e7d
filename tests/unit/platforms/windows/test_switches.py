"""What Windows' registry says of notifications."""

from __future__ import annotations

import pytest

from unplugd.platforms.windows.switches import POLICY, SETTINGS, SWITCHES, find_switch
from unplugd_service.errors import Failure


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ToastEnabled", 0, SETTINGS),
        ("ToastEnabled", 1, None),
        ("ToastEnabled", None, None),
        ("NoToastApplicationNotification", 1, POLICY),
        ("NoToastApplicationNotification", 0, None),
        ("TaskbarNoNotification", 1, POLICY),
        ("TaskbarNoNotification", "1", None),
    ],
)
def test_only_what_is_switched_off_is_told(name: str, value: object, reason: str | None) -> None:
    """Without a value, as on a new computer, and with one of another kind, notifications are shown."""
    assert find_switch(lambda _, asked: value if asked == name else None) == reason


def test_what_cannot_be_read_hides_no_other_switch() -> None:
    """A key that is closed to this account says nothing; the next one is read."""

    def read(key: str, _: str) -> object:
        if key != SWITCHES[-1][0]:
            raise Failure("it cannot be read", "ask your administrator")
        return 1

    assert find_switch(read) == POLICY
