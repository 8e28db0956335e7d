"""The names of all kinds of events, and the order of events with the same time. Pure."""

from __future__ import annotations

from typing import Final

FIRST: Final = ("started", "config_loaded", "resumed")
OF_A_DEVICE: Final = (
    "held_back_ended",
    "use_ended",
    "reminder_ended",
    "unplugged",
    "snooze_ended",
    "plugged_in",
    "use_began",
    "snoozed",
    "stranger",
    "held_back",
    "checkpoint",
)
LAST: Final = ("away", "back", "reminded", "delivery_failed", "gap", "stopped")
KINDS: Final = (*FIRST, *OF_A_DEVICE, *LAST)
"""The names in `rules.events.NAMES`, without having to import that module."""

_PLACES: Final = {
    kind: (phase, place)
    for phase, kinds in enumerate((FIRST, OF_A_DEVICE, LAST))
    for place, kind in enumerate(kinds)
}
_BEGINS: Final = OF_A_DEVICE.index("use_began")


def sort_key(event: str, device: str, outcome: str) -> tuple[int, str, float]:
    """Return a sort key for events with the same time: the order in which the daemon writes them."""
    phase, rank = _PLACES.get(event, (1, len(OF_A_DEVICE)))
    # A reminder that ends because of a use comes after the start of that use.
    after_use = event == "reminder_ended" and outcome == "in_use"
    return phase, device, _BEGINS + 0.5 if after_use else rank
