"""Polls the list of USB devices where nothing announces that it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.eventloop.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd.rules.devices import Device


def make_poll(
    now: Callable[[], float],
    seconds: float,
    list_all_devices: Callable[[], list[Device]],
    on_change: Callable[[], None],
) -> Timer:
    """Return a timer that lists the devices every so many seconds, and calls `on_change` if others are plugged in."""

    def list_present() -> frozenset[tuple[int, int, str, str]] | None:
        # None on failure: the daemon then lists the devices and reports the error, once rather than at each poll.
        try:
            return frozenset(
                (device.bus, device.address, device.id, device.port) for device in list_all_devices()
            )
        except OSError:
            return None

    present = list_present()

    def poll() -> None:
        nonlocal present
        before, present = present, list_present()
        if present != before:
            on_change()

    return Timer(now, lambda: seconds, poll)
