"""Two hundred plug-ins and unplugs in ten seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.process import memory, spent
from tests.bench.row import Row
from tests.bench.surroundings import rest, surroundings
from tests.rig.usb import STICK

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIRS = 200
SECONDS = 10.0
SETTLED = 2.0


def burst() -> Iterator[Row]:
    """Measure what it costs, whether the journal tells it as it was, and what is left behind."""
    with surroundings() as here:
        daemon = here.daemon
        daemon.start()
        # Once before, so that what is loaded at the first plug-in is not taken for a leak.
        here.usb.plug(STICK).unplug()
        daemon.wait_for("unplugged")
        stick = here.usb.plug(STICK, "1-1.3")
        rest(SETTLED)
        stick.unplug()
        rest(SETTLED)
        memory_before, descriptors_before, spent_before = (
            memory(daemon.pid),
            daemon.descriptors(),
            spent(daemon.pid),
        )
        events_before = len(daemon.events())
        began = time.monotonic()
        late = 0.0
        for half in range(2 * PAIRS):
            due = began + half * SECONDS / (2 * PAIRS)
            late = max(late, time.monotonic() - due)
            rest(max(0, due - time.monotonic()))
            if half % 2:
                stick.unplug()
            else:
                stick = here.usb.plug(STICK)
        took = time.monotonic() - began
        rest(SETTLED)
        used = spent(daemon.pid).since(spent_before)
        memory_after, descriptors_after = memory(daemon.pid), daemon.descriptors()
        events = [event["event"] for event in daemon.events()[events_before:]]
        there = daemon.status()["devices"]
    seen = events.count("plugged_in")
    turns = [event for event in events if event in ("plugged_in", "unplugged")]
    right = turns == ["plugged_in", "unplugged"] * PAIRS and not there
    yield Row(
        f"{PAIRS} plug/unplug pairs in {took:.1f} s",
        f"{used.cpu:.2f} s of CPU, {seen} plug-ins and {events.count('unplugged')} unplugs in the journal "
        f"({'in turns' if turns == ['plugged_in', 'unplugged'] * (len(turns) // 2) else 'NOT in turns'}), "
        f"{memory_before} → {memory_after}, {descriptors_before} → {descriptors_after} descriptors",
        "journal right, memory and descriptors level",
        f"one run under umockdev, {len(events)} events in all, never more than {late * 1000:.0f} ms behind the plan",
        right and memory_after.pss - memory_before.pss < 1 and descriptors_after == descriptors_before,
    )
