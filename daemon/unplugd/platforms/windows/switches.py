"""Whether notifications are switched off for this account: Windows then takes each one, says nothing, and shows none."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from unplugd_service.errors import Failure
from unplugd_service.windows_registry import read_value

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS: Final = "notifications are turned off in the settings of Windows"
POLICY: Final = "a policy turns notifications off"
SWITCHES: Final = (
    (r"HKCU\Software\Microsoft\Windows\CurrentVersion\PushNotifications", "ToastEnabled", 0, SETTINGS),
    (
        r"HKCU\Software\Policies\Microsoft\Windows\CurrentVersion\PushNotifications",
        "NoToastApplicationNotification",
        1,
        POLICY,
    ),
    (
        r"HKCU\Software\Microsoft\Windows\CurrentVersion\Policies\Explorer",
        "TaskbarNoNotification",
        1,
        POLICY,
    ),
    (
        r"HKLM\Software\Microsoft\Windows\CurrentVersion\Policies\Explorer",
        "TaskbarNoNotification",
        1,
        POLICY,
    ),
)
"""The key, the name and the value of each switch that is off, and what that means."""


def find_switch(read: Callable[[str, str], object] = read_value) -> str | None:
    """Return why no notification is ever shown, None if they are, or if that cannot be read."""
    for key, name, off, reason in SWITCHES:
        with suppress(Failure):
            if read(key, name) == off:
                return reason
    return None
