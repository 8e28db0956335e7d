"""What a Mac announces: on a run loop in a thread, taken by the loop."""

from __future__ import annotations

import pytest

from tests.rig.turning import Clock, turn_once
from unplugd.eventloop.timer import Timer
from unplugd.platforms.macos.announcements import CAN_SLEEP, HAS_POWERED_ON, WILL_POWER_ON, WILL_SLEEP


def test_the_constants_are_apples() -> None:
    """iokit_common_msg(x) is err_system(0x38) | err_sub(0) | x, as IOMessage.h and IOReturn.h have it."""
    system = (0x38 & 0x3F) << 26
    assert [message - system for message in (CAN_SLEEP, WILL_SLEEP)] == [0x270, 0x280]
    assert [message - system for message in (WILL_POWER_ON, HAS_POWERED_ON)] == [0x320, 0x300]


# --- looking without an announcement


@pytest.mark.not_on_windows("it waits for nothing but time, and Windows waits for sockets only")
def test_the_poll_comes_again_and_again() -> None:
    """After each interval, which may change meanwhile; a look that came late does not come twice."""
    clock, interval, looks = Clock(), [45.0], list[float]()
    poll = Timer(clock, lambda: interval[0], lambda: looks.append(clock.now))
    assert poll.deadline() == 1045
    for clock.now in (1044, 1045, 1046, 1200, 1201):
        turn_once(clock, poll)
    assert looks == [1045, 1200]
    interval[0] = 4.0
    clock.now = 1204
    turn_once(clock, poll)
    assert looks[2:] == [1204]
    assert poll.fileno() == -1
