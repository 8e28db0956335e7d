"""Plug in, be reminded, unplug: on the installed program, a real bus and a server that reports what it is asked."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from tests.rig.bus import NOTIFICATIONS
from tests.rig.daemon import LOOK_EVERY, SLACK
from tests.rig.journal_reader import ROUNDED
from tests.rig.opener import place_opener
from tests.rig.usb import METER, MOUSE, STICK
from tests.rig.wait import never, wait_until

if TYPE_CHECKING:
    from tests.rig.bus import Bus
    from tests.rig.daemon import Daemon
    from tests.rig.desktop import Desktop
    from tests.rig.programs import Programs
    from tests.rig.server import Server
    from tests.rig.usb import Testbed


def test_reminder_comes_at_once(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Without a grace period the reminder comes with the plug-in; `make bench` says in how many milliseconds."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    for count in range(1, 10):
        # Each on a port of its own: the same one would go on with the period before.
        stick = usb.plug(STICK, f"1-1.{count}")
        server.notified(count)
        reminded = daemon.wait_for("reminded", count)
        assert reminded["devices"] == [stick.port]
        stick.unplug()
        server.cleared()


def test_a_click_opens_the_review(daemon: Daemon, server: Server, usb: Testbed, tmp_path: Path) -> None:
    """The page is made anew each time; the reminder goes on, and nothing else is started, not even by a double click."""
    opened = place_opener(tmp_path, daemon.environment)
    daemon.config(after_plug_in="0s")
    daemon.start()
    server.imitate("gnome-48")
    usb.plug(STICK)
    notification = server.notified()
    page = Path(daemon.environment["XDG_RUNTIME_DIR"], "unplugd/report.html")
    server.press(notification, "default")
    server.press(notification, "default")
    wait_until(opened.exists, "the page to be opened")
    assert "CareLink USB" in page.read_text()
    assert opened.read_text() == f"{page}\n"
    page.unlink()

    def click_again() -> bool:
        # A click is in vain while the page of the one before is being opened.
        server.press(notification, "default")
        return page.exists()

    wait_until(click_again, "the page to be made anew")
    assert page.stat().st_mode & 0o777 == 0o600
    assert server.on_screen == [notification]
    assert len(daemon.events("started")) == 1
    assert daemon.status()["devices"][0]["reminded"] == 1
    assert daemon.stop() == 0


def test_a_review_that_does_not_open_is_no_failure(
    daemon: Daemon, server: Server, usb: Testbed, tmp_path: Path
) -> None:
    """The daemon's log says so, and how to see why."""
    place_opener(tmp_path, daemon.environment, code=3)
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    server.press(server.notified(), "default")
    wait_until(lambda: "could not be opened" in daemon.stderr, "the complaint")
    assert daemon.stderr.splitlines()[-2:] == [
        "unplugd: the review could not be opened (exit status 1)",
        "hint: unplugd report --open",
    ]


def test_reminder_says_what_to_do(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """It names the device, offers to snooze and to say that an upload goes on, and the journal says that it came."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    notification = server.notified()
    assert notification.app_name == "unplugd"
    assert notification.replaces == 0
    assert "CareLink USB" in notification.summary
    assert "disconnect it" in notification.body
    assert notification.actions[::2] == ["snooze", "uploading", "default"]
    assert notification.buttons == ["Snooze 15 min", "I am uploading"]
    assert notification.hints["urgency"] == 1
    assert notification.timeout == 0
    plugged_in = daemon.wait_for("plugged_in")
    assert (plugged_in["device"], plugged_in["id"], plugged_in["name"]) == (
        stick.port,
        stick.id,
        "CareLink USB",
    )
    assert (
        daemon.wait_for("reminded").items()
        >= {
            "count": 1,
            "urgency": "normal",
            "channel": "desktop",
            "devices": [stick.port],
        }.items()
    )


@pytest.mark.parametrize("framing", ["udev", "kernel"])
@pytest.mark.parametrize("lingering", [False, True])
def test_unplug_withdraws_it(
    daemon: Daemon, server: Server, usb: Testbed, framing: str, lingering: bool
) -> None:
    """It is closed at the unplug, also where that is announced before it can be seen."""
    usb.speaker.framing = framing
    daemon.config('[notify]\nchannels = ["desktop"]', after_plug_in="0s")
    daemon.start()
    meter = usb.plug(METER)
    server.notified()
    daemon.wait_for("reminded")
    meter.unplug(lingering=lingering)
    if lingering:
        meter.vanish()
    assert server.cleared().known
    assert daemon.wait_for("reminder_ended")["outcome"] == "unplugged"
    daemon.wait_for("unplugged")


def test_journal_tells_how_long(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """How long it was plugged in, and unused, is right to the second."""
    daemon.config(after_plug_in="1200ms")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("plugged_in")
    known = monotonic()
    server.notified()
    stick.unplug()
    unplugged = daemon.wait_for("unplugged")
    least, most = stick.unplugged[0].monotonic - known, monotonic() - stick.plugged[0].monotonic
    assert least - ROUNDED <= unplugged["plugged_for"] <= most + ROUNDED
    assert unplugged["idle_for"] == unplugged["plugged_for"]


def test_reminder_is_repeated(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Each time as a new notification, the only one, urgent from the second on, with no time in between skipped."""
    pauses = (0.2, 0.3, 0.3)
    daemon.config(after_plug_in="0s", repeat=[*(f"{pause * 1000:.0f}ms" for pause in pauses), "1h"])
    daemon.start()
    usb.plug(STICK)
    for count, pause in enumerate((SLACK, *pauses), 1):
        fourth = daemon.wait_for("reminded", count, pause + SLACK)
    assert (fourth["count"], fourth["urgency"]) == (4, "critical")
    first, *others = server.notifications[:4]
    assert [shown.replaces for shown in (first, *others)] == [0, 0, 0, 0]
    assert [closing.id for closing in server.closings[:3]] == [shown.id for shown in (first, *others[:-1])]
    assert [shown.hints["urgency"] for shown in (first, *others)] == [1, 2, 2, 2]
    assert len(server.on_screen) == 1
    for before, after, pause in zip((first, *others[:-1]), others, pauses, strict=True):
        assert pause <= after.boottime - before.boottime


def test_two_devices_share_a_notification(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A second device joins the notification, and leaves it when it is unplugged."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(STICK, "1-1.1")
    daemon.wait_for("reminded")
    meter = usb.plug(METER, "1-1.2")
    daemon.wait_for("reminded", 2)
    assert "Contour" in server.notifications[-1].text
    (shown,) = server.on_screen
    assert "CareLink" in shown.text
    meter.unplug()
    wait_until(lambda: "Contour" not in server.notifications[-1].text, "the second device to leave it")
    assert [shown.id for shown in server.on_screen] == [server.notifications[1].id]
    assert len(server.notifications) == 3


@pytest.mark.parametrize("model", ["gnome-43", "gnome-48", "lxqt", "notify-osd", "budgie", "elementary"])
def test_each_desktop_shows_what_it_should(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, model: str
) -> None:
    """Each of five reminders with its buttons, the second device, the unknown program; in the end nothing is left."""
    server.imitate(model)
    daemon.config(after_plug_in="0s", repeat=[*["200ms"] * 4, "1h"])
    daemon.start()
    assert daemon.command("doctor", "--notify").code in (0, 1)
    passing = server.notified()
    stick = usb.plug(STICK, "1-1.1")
    buttons = [] if model == "notify-osd" else ["Snooze 15 min", "I am uploading"]
    daemon.wait_for("reminded", 5)
    reminders = [shown for shown in server.notifications if shown != passing]
    assert len(reminders) == 5
    for shown in reminders:
        assert (shown.drawn, shown.buttons) == (True, buttons)
    assert [shown.hints["urgency"] for shown in reminders] == [1, 2, 2, 2, 2]
    assert [shown.id for shown in server.on_screen] == [reminders[-1].id]
    # elementary withdraws nothing from its list.
    assert model == "elementary" or server.in_list == []

    meter = usb.plug(METER, "1-1.2")
    daemon.wait_for("reminded", 10)
    assert [shown.summary for shown in server.on_screen] == ["Unplug 2 devices"]
    assert server.on_screen[0].drawn

    programs.start("photo-tool").open(meter.nodes[-1])
    wait_until(lambda: "photo-tool" in server.notifications[-1].body, "the unknown program")
    warning = server.notifications[-1]
    assert warning.drawn
    assert warning.buttons == (buttons and [*buttons, "I upload with photo-tool"])
    assert [shown.id for shown in server.on_screen] == [warning.id]

    meter.unplug()
    wait_until(lambda: "Contour" not in server.notifications[-1].text, "the meter to leave the notification")
    latest = server.notifications[-1]
    assert latest.summary == "Unplug the CareLink USB"
    # In this order, since it may move on at any moment.
    assert latest in (*server.on_screen, *server.in_list)
    stick.unplug()
    daemon.wait_for("unplugged", 2)
    wait_until(lambda: not server.on_screen, "the notification to go")
    assert model == "elementary" or server.in_list == []
    assert not daemon.events("delivery_failed")
    assert not server.refused


def test_what_a_desktop_moved_to_its_list_goes_with_the_unplug(
    daemon: Daemon, server: Server, usb: Testbed
) -> None:
    """A reminder that expired can be read there as long as it is true, and the next one is urgent."""
    server.imitate("budgie")
    daemon.config(after_plug_in="0s", critical_after=9)
    daemon.start()
    stick = usb.plug(STICK, "1-1.1")
    assert daemon.wait_for("reminder_ended")["outcome"] == "expired"
    never(lambda: not server.in_list, "what is true was withdrawn from the list", 3 * LOOK_EVERY)
    stick.unplug()
    wait_until(lambda: not server.in_list, "the notification to leave the list")
    assert server.on_screen == []

    usb.plug(STICK, "1-1.2")
    daemon.wait_for("reminder_ended", 2)
    daemon.config(after_plug_in="0s", repeat=["100ms", "1h"], critical_after=9)
    daemon.reload()
    last = server.notified(3)
    assert [shown.hints["urgency"] for shown in server.notifications] == [1, 1, 2]
    assert [shown.id for shown in server.on_screen] == [last.id]
    assert server.in_list == []


def press_at_once(daemon: Daemon, bus: Bus, server: Server, key: str) -> None:
    """Press a button of the reminder; all that the server says of it reaches the program together."""
    reminder = server.notified()
    with daemon.frozen():
        server.press(reminder, key)
        # When the bus answers, it has passed on what the server said before.
        bus.owner(NOTIFICATIONS)


@pytest.mark.parametrize("desktop", ["", "awesome"])
def test_snooze_button(daemon: Daemon, bus: Bus, server: Server, usb: Testbed, desktop: str) -> None:
    """After a snooze the reminder comes again by itself, and not before, even if the close is reported first."""
    server.imitate(desktop)
    daemon.config(after_plug_in="0s", snooze="2s", repeat=["1h"])
    daemon.start()
    usb.plug(STICK)
    press_at_once(daemon, bus, server, "snooze")
    assert daemon.wait_for("reminder_ended")["outcome"] == "snoozed"
    # Only now, so that the button is that of the latest reminder.
    daemon.config(after_plug_in="0s", snooze="2s", repeat=["1s"])
    daemon.reload()
    snoozed = daemon.wait_for("snoozed")
    daemon.wait_for("snooze_ended")
    assert snoozed["snoozed_for"] == pytest.approx(2, abs=0.05)
    first, again = server.notifications[0], server.notified(2)
    assert again.boottime - first.boottime >= 2


@pytest.mark.parametrize("desktop", ["", "awesome"])
def test_uploading_button(daemon: Daemon, bus: Bus, server: Server, usb: Testbed, desktop: str) -> None:
    """Who says that an upload goes on is left alone for as long as a running program would be."""
    server.imitate(desktop)
    daemon.config(after_plug_in="0s", running_counts_for="2s", repeat=["1h"])
    daemon.start()
    usb.plug(STICK)
    press_at_once(daemon, bus, server, "uploading")
    assert daemon.wait_for("reminder_ended")["outcome"] == "in_use"
    # Only now, so that the button is that of the latest reminder.
    daemon.config(after_plug_in="0s", running_counts_for="2s", repeat=["1s"])
    daemon.reload()
    assert server.notified(2).boottime - server.notified().boottime >= 2


def test_dismissed_reminder_stays_away(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Who closes the reminder has read it: it comes again in its time, not at the next look."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    server.dismiss(server.notified())
    assert daemon.wait_for("reminder_ended")["outcome"] == "dismissed"
    never(lambda: server.notifications[1:], "a reminder that was closed came back", 4 * LOOK_EVERY)


def test_snooze_command(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """`unplugd snooze` takes the reminder away, `--cancel` brings it back."""
    daemon.config(after_plug_in="0s", repeat=["100ms"])
    daemon.start()
    usb.plug(STICK)
    server.notified()
    done = daemon.command("snooze", "10m")
    assert done.code == 0, done.stderr
    server.cleared()
    assert daemon.wait_for("snoozed")["snoozed_for"] == 600
    before = len(server.notifications)
    assert daemon.command("snooze", "--cancel").code == 0
    server.notified(before + 1)


def test_quiet_hours(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """In quiet hours nothing is shown, and the journal goes on; the reminder comes when they end."""
    daemon.config(after_plug_in="0s", quiet_hours=["00:00-12:00", "12:00-00:00"])
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("plugged_in")
    never(lambda: server.notifications, "a reminder in quiet hours", 4 * LOOK_EVERY)
    daemon.config(after_plug_in="0s")
    daemon.reload()
    server.notified()


def test_replug_goes_on_with_the_period(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """Who replugs a hanging stick within ten seconds is not reminded again before the time."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    stick.unplug()
    daemon.wait_for("unplugged")
    usb.replug(stick)
    daemon.wait_for("plugged_in", 2)
    never(lambda: daemon.events("reminded")[1:], "a second reminder", 4 * LOOK_EVERY)
    assert server.notifications


def test_other_devices_are_nobodys_business(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A mouse and the hubs are neither journalled nor reminded of."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(MOUSE, "1-1.1")
    usb.plug(STICK, "1-1.2")
    daemon.wait_for("reminded")
    assert {event["device"] for event in daemon.events() if "device" in event} == {"1-1.2"}
    assert len(server.notifications) == 1


def test_nothing_plugged_in_wakes_nothing(daemon: Daemon, usb: Testbed) -> None:
    """While nothing watched is plugged in the program sleeps: the processor is never given to it."""
    daemon.config()
    daemon.start()
    mouse = usb.plug(MOUSE)
    mouse.unplug()
    # Its own settling down after the last announcement is over when it has stood still for a while.
    wait_until(lambda: rests(daemon, 0.5), "the program to sleep")
    before = daemon.switches()
    never(lambda: daemon.switches() - before, "the program woke up", 2)


def rests(daemon: Daemon, seconds: float) -> bool:
    """Whether the program rests for this long, and does not only wait for a processor."""
    before = daemon.resting()
    try:
        never(lambda: not before or daemon.resting() != before, "", seconds)
    except pytest.fail.Exception:
        return False
    return True


def test_dunst_shows_it(daemon: Daemon, desktop: Desktop, usb: Testbed) -> None:
    """A real notification server shows the reminder, the urgent one too, and takes it away; see tests/artifacts."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    empty = desktop.screenshot("nothing").read_bytes()
    stick = usb.plug(STICK)
    desktop.shows()
    normal = desktop.screenshot("reminder").read_bytes()
    assert normal != empty
    daemon.config(after_plug_in="0s", repeat=["100ms", "1h"])
    daemon.reload()
    daemon.wait_for("reminded", urgency="critical")
    wait_until(lambda: desktop.screenshot("reminder-critical").read_bytes() != normal, "the urgent reminder")
    assert desktop.displayed() == 1
    stick.unplug()
    desktop.shows(0)
    assert "CareLink USB" in desktop.history()[0]["summary"]


def test_doctor_leaves_the_reminder_alone(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A test notification does not take the place of a reminder that is still true."""
    daemon.config('[notify]\nchannels = ["desktop"]', after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("reminded")
    reminder = server.notifications[-1].id
    daemon.command("doctor", "--notify")
    wait_until(lambda: "can reach you" in server.notifications[-1].text, "the test notification")
    assert server.notifications[-1].replaces == 0
    assert reminder in [shown.id for shown in server.on_screen]
