"""Makes the channels that are the same on every platform; the channel `plyer` is in `notify/plyer.py`, and so on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from unplugd.rules.events import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.notify.channel import Channel

DESKTOP: Final = "desktop"


def make_channel(
    name: str, now: Callable[[], float], check_session: Callable[[], str | None] = lambda: None
) -> Channel:
    """Return the channel of this name; ValueError if it is not common to all platforms.

    `check_session` returns the reason why nothing can be shown in this session yet, or None.
    """
    # Each platform has its own desktop channel.
    if name not in CHANNELS or name == DESKTOP:
        raise ValueError(f'there is no channel called "{name}"')
    # Import only the channels that the configuration names.
    channel: Channel = import_module(f"unplugd.notify.{name}").make(now, check_session)
    return channel
