"""What the system itself tells: the I/O Registry by IOKit and by ioreg, announcements, clocks, who is in front."""

from __future__ import annotations

import pytest

from unplugd.eventloop.loop import turn
from unplugd.platforms.macos import backend, clock, iokit
from unplugd.platforms.macos.frameworks import LIBRARIES, Frameworks
from unplugd.platforms.macos.ioreg import Ioreg
from unplugd.platforms.macos.platform import MacOS
from unplugd.rules import devices, uploaders


def test_iokit_and_ioreg_list_the_same_devices() -> None:
    """With their ports and ids; ioreg is what is asked if IOKit cannot be called."""
    by_iokit = iokit.list_entries(Frameworks(LIBRARIES), lambda _node: True)
    by_ioreg = Ioreg(clock.now).wait()
    assert backend.make_devices(by_iokit) == backend.make_devices(by_ioreg)


def test_iokit_does_the_work() -> None:
    """Every function of the frameworks is there, and nothing falls back on ioreg."""
    mac = MacOS()
    mac.scan(devices.BUILT_IN)
    assert mac.mechanisms()["USB devices"] == "IOKit"
    assert mac.check_use_detection() is None
    assert mac.find_usage((), uploaders.BUILT_IN, mac.find_running(uploaders.BUILT_IN), mac.now()) == ()


def test_announcements_can_be_received() -> None:
    """Of devices, and of sleep; and they end."""
    mac = MacOS()
    sources = mac.sources(lambda: None)
    try:
        turn(sources, mac.now, mac.now() + 0.2)
        assert mac.mechanisms()["plug-in events"] == "I/O Registry notifications, power notifications"
    finally:
        for source in sources:
            source.close()


def test_the_clocks_and_ids() -> None:
    """The clock that counts sleep is never behind the one that does not."""
    mac = MacOS()
    before = mac.now()
    assert mac.sleep_seconds() >= 0
    assert mac.now() >= before > 0
    assert mac.boot_id() == MacOS().boot_id() != ""
    assert mac.machine_id() == MacOS().machine_id() != ""


def test_who_is_in_front_is_known() -> None:
    """If there is a session on the screen at all."""
    reason = MacOS().check_presence()
    if reason:
        pytest.skip(f"needs a session on the screen: {reason}")
