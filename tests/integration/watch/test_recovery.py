"""Servers and buses come and go: the reminder comes back, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import LOOK_EVERY, SLACK
from tests.rig.tools import need
from tests.rig.usb import METER, STICK
from tests.rig.wait import never, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.bus import Bus
    from tests.rig.daemon import Daemon
    from tests.rig.desktop import Desktop
    from tests.rig.login import Login
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

ONE_LOOK = LOOK_EVERY + SLACK
DESKTOP_ONLY = '[notify]\nchannels = ["desktop"]'


def reminded(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Have a reminder on the screen."""
    daemon.config(DESKTOP_ONLY, after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    server.notified()
    daemon.wait_for("reminded")


def back_once(daemon: Daemon, server: Server) -> None:
    """Wait for the reminder to be there again, and make sure that it is not there twice."""
    wait_until(lambda: server.on_screen, "the reminder to come back", ONE_LOOK)
    never(lambda: server.on_screen[1:], "two notifications", 3 * LOOK_EVERY)
    never(lambda: daemon.events("reminded")[1:], "counted twice", LOOK_EVERY)
    assert daemon.running()


def test_server_restarts(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """After the server's crash the reminder is back within one look."""
    reminded(daemon, server, usb)
    server.kill()
    server.start()
    back_once(daemon, server)
    assert server.notifications[-1].replaces == 0


def test_server_hands_over(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A server that gives up the name and takes it again is a new one."""
    reminded(daemon, server, usb)
    server.release()
    server.take()
    back_once(daemon, server)


def test_bus_restarts(daemon: Daemon, bus: Bus, server: Server, usb: Testbed) -> None:
    """After the bus's crash, and its server's, the reminder is back within one look of theirs."""
    reminded(daemon, server, usb)
    bus.kill()
    server.kill()
    bus.start()
    server.start()
    back_once(daemon, server)


def test_bus_then_server_again_and_again(daemon: Daemon, bus: Bus, server: Server, usb: Testbed) -> None:
    """Five crashes later nothing is lost, nothing doubled, and no descriptor is left over."""
    reminded(daemon, server, usb)
    # That takes one more descriptor than before the plug-in.
    wait_until(daemon.watched_nodes, "the stick's nodes to be watched")
    before = daemon.descriptors()
    for _ in range(5):
        bus.kill()
        server.kill()
        bus.start()
        server.start()
        back_once(daemon, server)
    # The connection to the screen saver's bus is made again by the next look.
    wait_until(lambda: daemon.descriptors() == before, "as many descriptors as before")


def test_dunst_then_bus_restart(daemon: Daemon, bus: Bus, desktop: Desktop, usb: Testbed) -> None:
    """On a real server, too: killed and restarted, then the bus."""
    daemon.config(DESKTOP_ONLY, after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    desktop.shows()
    desktop.kill()
    desktop.start()
    desktop.shows()
    bus.kill()
    desktop.kill()
    bus.start()
    desktop.start()
    desktop.shows()
    assert len(daemon.events("reminded")) == 1
    stick.unplug()
    desktop.shows(0)


def test_unplugged_while_the_server_is_away(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """What is no longer true does not come back."""
    daemon.config(DESKTOP_ONLY, after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    server.kill()
    stick.unplug()
    daemon.wait_for("unplugged")
    before = len(server.notifications)
    server.start()
    never(lambda: server.notifications[before:], "a reminder of nothing", 4 * LOOK_EVERY)


def test_server_hangs(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A server that takes calls and answers none blocks nothing; when it wakes up there is one reminder."""
    server.behave("hang")
    daemon.config(DESKTOP_ONLY, after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("plugged_in")
    assert daemon.status()["devices"]
    failed = daemon.wait_for("delivery_failed", seconds=20)
    assert (failed["channel"], bool(failed["error"])) == ("desktop", True)
    usb.plug(METER, "1-1.4")
    daemon.wait_for("plugged_in", 2)
    server.catch_up()
    daemon.wait_for("reminded")
    wait_until(lambda: any("Contour" in shown.text for shown in server.on_screen), "both devices to be shown")
    (shown,) = server.on_screen
    assert "CareLink" in shown.text
    stick.unplug()
    wait_until(
        lambda: ["CareLink" in shown.text for shown in server.on_screen] == [False],
        "the first device to leave",
    )


def test_server_hangs_while_the_device_is_unplugged(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A notification that shows up late, after the unplug, is withdrawn."""
    daemon.config(DESKTOP_ONLY, after_plug_in="0s")
    daemon.start()
    # It knows the server then, so that what hangs is the notification.
    meter = usb.plug(METER, "1-1.4")
    daemon.wait_for("reminded")
    meter.unplug()
    server.cleared()
    server.behave("hang")
    shown = len(server.notifications)
    stick = usb.plug(STICK)
    wait_until(lambda: "Notify" in server.unanswered, "the call")
    stick.unplug()
    daemon.wait_for("unplugged", 2)
    server.catch_up()
    wait_until(lambda: server.notifications[shown:], "the late notification")
    server.cleared()


def test_server_refuses(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A refused reminder is journalled as failed, once, and tried again until it is taken."""
    server.behave("fail")
    daemon.config(DESKTOP_ONLY, after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("delivery_failed")
    wait_until(lambda: len(server.unanswered) > 3, "more tries")
    assert len(daemon.events("delivery_failed")) == 1
    assert not daemon.events("reminded")
    server.behave("answer")
    daemon.wait_for("reminded")
    assert len(server.on_screen) == 1


@pytest.mark.parametrize("channels", [DESKTOP_ONLY, ""], ids=["desktop only", "every channel"])
def test_server_is_late(daemon: Daemon, bus: Bus, server: Server, usb: Testbed, channels: str) -> None:
    """Before the session's server is up nobody starts one; when it comes, so does the reminder."""
    server.kill()
    daemon.config(channels, after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    assert daemon.wait_for("delivery_failed")["channel"] == "desktop"
    never(bus.activations, "a server was started before the session was up", 1)
    server.start()
    daemon.wait_for("reminded", channel="desktop")
    assert len(server.on_screen) == 1
    assert not bus.activations()


@pytest.mark.parametrize("channels", [DESKTOP_ONLY, ""], ids=["desktop only", "every channel"])
def test_server_is_started_for_a_session(daemon: Daemon, bus: Bus, usb: Testbed, channels: str) -> None:
    """With a display there is a session: the bus is asked to start its server, once, not at every look."""
    need("notify-send")
    daemon.environment["DISPLAY"] = ":77"
    daemon.config(channels, after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    wait_until(bus.activations, "the request")
    daemon.wait_for("delivery_failed", channel="desktop" if channels else "terminal")
    never(lambda: bus.activations()[1:], "a second request", 10 * LOOK_EVERY)


@pytest.mark.parametrize("moment", ["before the start", "after the start", "server only"])
def test_bus_or_server_hangs_in_a_session(
    daemon: Daemon, bus: Bus, server: Server, usb: Testbed, tmp_path: Path, moment: str
) -> None:
    """One reminder within a look after it goes on, and withdrawn; nothing was shown by plyer, which would hang too."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "notify-send").write_text(f"#!/bin/sh\necho > {tmp_path}/used\n")
    (programs / "notify-send").chmod(0o755)
    daemon.environment.update(DISPLAY=":77", PATH=f"{programs}:{daemon.environment['PATH']}")
    daemon.config(after_plug_in="0s")
    if moment == "before the start":
        bus.freeze()
    daemon.start()
    if moment == "after the start":
        bus.freeze()
    elif moment == "server only":
        server.behave("hang")
    stick = usb.plug(STICK)
    # All channels have been tried.
    daemon.wait_for("delivery_failed", channel="terminal", seconds=20)
    assert not daemon.events("reminded")
    if moment == "server only":
        server.catch_up()
    else:
        bus.thaw()
    back_once(daemon, server)
    daemon.wait_for("reminded")
    assert [event["channel"] for event in daemon.events("reminded")] == ["desktop"]
    stick.unplug()
    server.cleared()
    assert not (tmp_path / "used").exists()


def test_bus_is_late(daemon: Daemon, bus: Bus, server: Server, usb: Testbed) -> None:
    """Without a bus the program starts all the same, and reminds once there is one."""
    server.kill()
    bus.kill()
    daemon.config(DESKTOP_ONLY, after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("delivery_failed")
    bus.start()
    server.start()
    back_once(daemon, server)


def test_waking_up_means_looking(
    daemon: Daemon, server: Server, usb: Testbed, login: Login, system_bus: Bus
) -> None:
    """After sleep the program looks at once: what was unplugged meanwhile, unannounced, is withdrawn."""
    daemon.environment.update(system_bus.environment)
    daemon.write_config('[remind]\nafter_plug_in = "0s"\n[watch]\nlook_every = "10m"\n')
    daemon.start()
    stick = usb.plug(STICK)
    server.notified()
    daemon.wait_for("reminded")
    # The second look after the announcement is over once it stands still.
    login.sleep()
    stick.vanish()
    login.wake()
    server.cleared()
    daemon.wait_for("unplugged")
