"""The names of all events, and the order of events of one moment. Pure."""

from __future__ import annotations

from typing import Final

FIRST: Final = ("started", "config_loaded", "resumed")
OF_A_DEVICE: Final = (
    "use_ended",
    "reminder_ended",
    "unplugged",
    "snooze_ended",
    "plugged_in",
    "use_began",
    "snoozed",
    "stranger",
    "checkpoint",
)
LAST: Final = ("reminded", "delivery_failed", "gap", "stopped")
KINDS: Final = (*FIRST, *OF_A_DEVICE, *LAST)
"""The names of `rules.events.NAMES`, which readers need not load for it."""

_PLACES: Final = {
    kind: (phase, place)
    for phase, kinds in enumerate((FIRST, OF_A_DEVICE, LAST))
    for place, kind in enumerate(kinds)
}
_BEGINS: Final = OF_A_DEVICE.index("use_began")


def sort_key(event: str, device: str, outcome: str) -> tuple[int, str, float]:
    """Return a sort key for events of one moment, which restores the order in which the daemon writes them."""
    phase, rank = _PLACES.get(event, (1, len(OF_A_DEVICE)))
    # A reminder that ends because of a use comes after that use began.
    after_use = event == "reminder_ended" and outcome == "in_use"
    return phase, device, _BEGINS + 0.5 if after_use else rank
