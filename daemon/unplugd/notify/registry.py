"""The channels that are the same on every platform, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.eventloop.loop import Source
    from unplugd.notify.channel import Channel
from unplugd.notify.plyer import Plyer
from unplugd.notify.terminal import Terminal


def _make_plyer(
    now: Callable[[], float], hindrance: Callable[[], str | None]
) -> tuple[Channel, Source | None]:
    plyer = Plyer(now, hindrance)
    return plyer, plyer


def _make_terminal(
    _now: Callable[[], float], _hindrance: Callable[[], str | None]
) -> tuple[Channel, Source | None]:
    return Terminal(), None


MAKERS: Final = {Plyer.name: _make_plyer, Terminal.name: _make_terminal}
"""What makes each channel that is the same on every platform."""


def make_channel(
    name: str, now: Callable[[], float], hindrance: Callable[[], str | None] = lambda: None
) -> tuple[Channel, Source | None]:
    """Return the channel of this name that is the same on every platform; ValueError for a name that none has."""
    if name not in MAKERS:
        raise ValueError(f'there is no channel called "{name}"')
    return MAKERS[name](now, hindrance)
