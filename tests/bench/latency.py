"""From an announcement to the notification on the bus or to its end, side by side with a bare C program."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.bench.listener import wait_for_call
from tests.bench.row import Row, milliseconds, percentile
from tests.bench.surroundings import rest, surroundings
from tests.rig.usb import STICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.child import Process
    from tests.rig.usb import Testbed

TIMES = 120
APART = 0.25
"""Seconds between two plug-ins: longer than the daemon's second look."""


def latency() -> Iterator[Row]:
    """Measure both in turns, each with a test bed of its own, so that neither sees the other's devices."""
    with surroundings() as here:
        # The second, since upload software that runs on this machine would hold the reminder back.
        here.daemon.write_config('[remind]\nafter_plug_in = "0s"\nrunning_counts_for = "0s"\n')
        here.daemon.start()
        other = here.testbed()
        yardstick = here.compiled("yardstick", "udev", "systemd")
        here.process(yardstick, **other.environment, **here.bus.environment)
        listener = here.process(sys.executable, "-m", "tests.bench.listener", here.bus.address)
        ours: list[_Took] = []
        theirs: list[_Took] = []
        for number in range(TIMES + 1):
            # Another port each time: a replug within ten seconds would be the same period, and reminded of later.
            for testbed, times in ((here.usb, ours), (other, theirs)):
                try:
                    times.append(_once(testbed, f"1-1.{number + 2}", listener))
                except pytest.fail.Exception:
                    who = "unplugd" if times is ours else "the C program"
                    print(f"{who}, plug-in {number}:\n{here.daemon.stderr}", file=sys.stderr)
                    print(*here.daemon.events()[-4:], sep="\n", file=sys.stderr)
                    raise
                # Heard as it goes: the server would wait for it in the end.
                refused = here.server.refused
    assert not refused, refused
    # The first of each finds everything cold.
    first, first_of_c = ours.pop(0).notify, theirs.pop(0).notify
    notify, notify_of_c = [one.notify for one in ours], [one.notify for one in theirs]
    close, close_of_c = [one.close for one in ours], [one.close for one in theirs]
    ratio = statistics.median(notify) / statistics.median(notify_of_c)
    ratio_of_close = statistics.median(close) / statistics.median(close_of_c)
    yield Row(
        "announcement → Notify on the bus",
        f"{milliseconds(notify)}; C: {milliseconds(notify_of_c)}; {ratio:.2f} times C",
        "at most 2 times C, p99 ≤ 20 ms",
        f"{TIMES} plug-ins each in turns, umockdev, a monitor on the bus takes the time; "
        f"fastest tenth {percentile(notify, 0.1) * 1000:.1f} ms, C {percentile(notify_of_c, 0.1) * 1000:.2f} ms; "
        f"the very first {first * 1000:.1f} ms, C {first_of_c * 1000:.1f} ms",
        ratio <= 2 and percentile(notify, 0.99) <= 0.020,
    )
    yield Row(
        "announcement of the unplug → CloseNotification on the bus",
        f"{milliseconds(close)}; C: {milliseconds(close_of_c)}; {ratio_of_close:.2f} times C",
        "at most 2 times C, p99 ≤ 20 ms",
        f"the unplugs after these {TIMES} plug-ins",
        ratio_of_close <= 2 and percentile(close, 0.99) <= 0.020,
    )


class _Took(NamedTuple):
    notify: float
    close: float


def _once(testbed: Testbed, port: str, listener: Process) -> _Took:
    device = testbed.plug(STICK, port)
    notified = wait_for_call(listener, "Notify")
    rest(APART)
    device.unplug()
    closed = wait_for_call(listener, "CloseNotification")
    rest(APART)
    return _Took(notified - device.plugged[0].monotonic, closed - device.unplugged[0].monotonic)
