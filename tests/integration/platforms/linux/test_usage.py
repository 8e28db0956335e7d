"""Who uses the device decides whether there is a reminder: real processes that hold its nodes open."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import LOOK_EVERY
from tests.rig.journal_reader import ROUNDED
from tests.rig.programs import Programs
from tests.rig.usb import METER, STICK, Model
from tests.rig.wait import never, wait_until

if TYPE_CHECKING:
    from tests.rig.daemon import Daemon
    from tests.rig.programs import Program
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

UPLOADER = "CareLink Uploader"
NOBODY = 65534
HOSTILE = "<b>x</b>\x1b[31m"


@pytest.mark.parametrize(("model", "which"), [(METER, 0), (METER, -1), (STICK, 0), (STICK, -1)])
def test_no_reminder_during_an_upload(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, model: Model, which: int
) -> None:
    """While upload software holds any node of the device nobody is reminded; `after_use` after its end they are."""
    daemon.config(after_plug_in="800ms", after_use="400ms")
    daemon.start()
    uploader = programs.uploader()
    device = usb.plug(model)
    node = device.nodes[which]
    uploader.open(node)
    uploader.write()
    began = daemon.wait_for("use_began")
    assert (began["device"], began["program"]) == (device.port, UPLOADER)
    assert node in began["evidence"]
    never(lambda: server.notifications, "a reminder during an upload", 1.2)
    uploader.close()
    uploader.end()
    ended = daemon.wait_for("use_ended")
    assert ended["program"] == UPLOADER
    server.notified()
    assert daemon.wait_for("reminded")["uptime"] - ended["uptime"] >= 0.4 - ROUNDED
    device.unplug()
    unplugged = daemon.wait_for("unplugged")
    assert unplugged["idle_for"] == pytest.approx(unplugged["plugged_for"] - ended["used_for"], abs=0.01)


def test_upload_withdraws_the_reminder(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """A reminder that is shown goes away within one look when an upload begins."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    meter = usb.plug(METER)
    daemon.wait_for("reminded")
    programs.uploader().open(meter.nodes[-1])
    server.cleared()
    ended = daemon.wait_for("reminder_ended")
    assert (ended["outcome"], ended["uptime"]) == ("in_use", daemon.wait_for("use_began")["uptime"])


def test_helper_of_an_uploader_holds_it_for_it(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """A child process of upload software that holds the device is the upload software's use."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    stick = usb.plug(STICK)
    programs.uploader().start("helper-linux").open(stick.nodes[0])
    assert daemon.wait_for("use_began")["program"] == UPLOADER
    assert not daemon.events("stranger")
    assert not server.notifications


def test_stranger_is_warned_of_once(daemon: Daemon, server: Server, usb: Testbed, programs: Programs) -> None:
    """An unknown program that holds the device is named once, with the command that makes it known."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    meter = usb.plug(METER)
    stranger = programs.start("photo-tool")
    stranger.open(meter.nodes[-1])
    event = daemon.wait_for("stranger")
    assert (event["device"], event["program"]) == (meter.port, "photo-tool")
    warning = server.notified()
    assert "photo-tool" in warning.text
    assert "unplugd config add-uploader photo-tool" in warning.body
    stranger.close()
    server.cleared()
    stranger.open(meter.nodes[0])
    never(
        lambda: server.notifications[1:] or daemon.events("stranger")[1:], "a second warning", 5 * LOOK_EVERY
    )
    assert not daemon.events("use_began")


def test_stranger_is_added_by_its_button(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """It is upload software from then on, in the file too, which keeps what is in it; so its use holds reminders back."""
    daemon.config("# My own words.", after_plug_in="0s", repeat=["1h"])
    daemon.start()
    meter = usb.plug(METER)
    daemon.wait_for("reminded")
    programs.start("photo-tool").open(meter.nodes[-1])
    wait_until(lambda: "photo-tool" in server.notifications[-1].body, "the warning")
    server.press(server.notifications[-1], "add-uploader:photo-tool")
    assert daemon.wait_for("reminder_ended")["outcome"] == "in_use"
    assert daemon.wait_for("use_began")["program"] == "photo-tool"
    assert server.on_screen == []
    written = daemon.read_config()
    assert "# My own words." in written
    assert 'process = ["photo-tool"]' in written
    assert len(daemon.events("config_loaded")) == 2


def test_a_button_that_is_pressed_twice_adds_once(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """The notification goes with the first press, and the file has one entry."""
    server.imitate("gnome-48")
    daemon.config(after_plug_in="1h")
    daemon.start()
    programs.start("photo-tool").open(usb.plug(METER).nodes[-1])
    warning = server.notified()
    for _ in range(3):
        server.press(warning, "add-uploader:photo-tool")
    daemon.wait_for("use_began")
    server.press(warning, "add-uploader:photo-tool")
    never(lambda: len(daemon.events("config_loaded")) > 2, "a second entry", 1)
    assert daemon.read_config().count("photo-tool") == 2, "in its name, and in its process"
    server.cleared()
    assert len(server.notifications) == 1


def test_why_a_stranger_was_not_added_is_said(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """The file has an error: nothing is written to it, and the person learns the reason."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    programs.start("photo-tool").open(usb.plug(METER).nodes[-1])
    warning = server.notified()
    daemon.write_config("[remind]\nsnooze = 7\n")
    server.press(warning, "add-uploader:photo-tool")
    failure = server.notified(2)
    assert failure.summary == "“photo-tool” was not added"
    assert "config.toml:2" in failure.body
    assert failure.timeout == -1
    assert daemon.read_config() == "[remind]\nsnooze = 7\n"


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("pipe", "config.toml: it is a pipe, not a file"),
        ("folder", "config.toml: it is a folder, not a file"),
        ("dangling", "config.toml: No such file or directory"),
    ],
)
def test_a_file_that_nothing_can_be_added_to(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, way: str, reason: str
) -> None:
    """What is in its place stays, nobody waits for it, and reminders go on."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    programs.start("photo-tool").open(usb.plug(METER).nodes[-1])
    warning = server.notified()
    file = Path(daemon.environment["XDG_CONFIG_HOME"], "unplugd/config.toml")
    file.unlink()
    if way == "pipe":
        os.mkfifo(file)
    elif way == "folder":
        file.mkdir()
    else:
        file.symlink_to("missing/config.toml")
    server.press(warning, "add-uploader:photo-tool")
    failure = server.notified(2)
    assert reason in failure.body
    assert daemon.status()["devices"]
    assert len(daemon.stderr.splitlines()) == 1, "that it watches"


def test_only_what_was_found_is_added(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """A server that reports a press of a button that was never there adds no program of its choice."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    before = daemon.read_config()
    meter = usb.plug(METER)
    programs.start("bash").open(meter.nodes[-1])
    warning = server.notified()
    assert warning.buttons == []
    for key in ("add-uploader:bash", "add-uploader:other", "add-uploader:"):
        server.press(warning, key)
    programs.start("photo-tool").open(meter.nodes[-1])
    server.notified(2)
    assert daemon.read_config() == before
    assert (
        "unplugd config"
        not in daemon.command("status").stdout.partition("bash")[2].partition("photo-tool")[0]
    )


def test_stranger_holds_no_reminder_back(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """An unknown program is no upload: the reminder comes, in one notification with the warning."""
    daemon.config(after_plug_in="600ms")
    daemon.start()
    meter = usb.plug(METER)
    programs.start("photo-tool").open(meter.nodes[-1])
    daemon.wait_for("stranger")
    daemon.wait_for("reminded")

    def says_both() -> bool:
        return any("photo-tool" in one.text and "disconnect it" in one.text for one in server.on_screen)

    # On a busy machine the reminder may be the first of the two.
    wait_until(says_both, "one notification with both")
    assert len(server.on_screen) == 1


@pytest.mark.parametrize("markup", [True, False])
def test_stranger_with_a_hostile_name(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, markup: bool
) -> None:
    """A program's name is shown as it is or less: no markup, no escape sequence."""
    server.offer("body", *(["body-markup"] if markup else []))
    daemon.config(after_plug_in="1h")
    daemon.start()
    meter = usb.plug(METER)
    stranger = programs.start("x")
    stranger.call_itself(HOSTILE)
    stranger.open(meter.nodes[-1])
    daemon.wait_for("stranger")
    warning = server.notified()
    # The server has refused, and so failed this test, what was not well-formed, and buttons that it does not have.
    assert ("&lt;b&gt;x&lt;/b&gt;" if markup else "<b>x</b>") in warning.body
    for shown in (warning.text, daemon.journal.read_text(), daemon.command("status").stdout, daemon.stderr):
        assert "\x1b" not in shown


def test_a_system_service_is_nobody(daemon: Daemon, server: Server, usb: Testbed, programs: Programs) -> None:
    """ModemManager tries every serial port: that is neither a use nor a stranger."""
    daemon.config(after_plug_in="600ms")
    daemon.start()
    stick = usb.plug(STICK)
    programs.start("ModemManager").open(stick.nodes[-1])
    server.notified()
    assert not daemon.events("stranger")
    assert not daemon.events("use_began")


def test_configured_uploader(daemon: Daemon, server: Server, usb: Testbed, programs: Programs) -> None:
    """What the configuration calls upload software is."""
    daemon.config('[[uploader]]\nname = "My uploader"\nprocess = ["my-uploader"]', after_plug_in="1h")
    daemon.start()
    stick = usb.plug(STICK)
    programs.start("my-uploader").open(stick.nodes[-1])
    assert daemon.wait_for("use_began")["program"] == "My uploader"
    assert not server.notifications


@pytest.mark.parametrize("after_plug_in", ["0s", "400ms"])
def test_running_uploader_counts_for_a_while(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs, after_plug_in: str
) -> None:
    """Upload software that runs and touches nothing holds the reminder back for `running_counts_for`, not for ever."""
    daemon.config(after_plug_in=after_plug_in, running_counts_for="800ms")
    programs.uploader()
    daemon.start()
    usb.plug(STICK)
    server.notified()
    waited = daemon.wait_for("reminded")["uptime"] - daemon.wait_for("plugged_in")["uptime"]
    assert waited >= 0.8 - ROUNDED


def test_a_program_that_starts_for_ever_silences_nobody(
    daemon: Daemon, server: Server, usb: Testbed, compiled_program: Path, open_folder: Path
) -> None:
    """Not even another user's, each time before it ends; the journal, `status` and `report` name it."""
    if os.geteuid():
        pytest.skip("needs root to be somebody else")
    programs = Programs(compiled_program, open_folder / "programs", {"PATH": os.environ["PATH"]}, NOBODY)
    running: list[Program] = []

    def restart() -> bool:
        """Start it anew; whether there has been a reminder."""
        running.append(programs.start("tidepool-uploader"))
        # Each outlives a look, however busy the machine is: only then some of it always runs.
        if len(running) > 30:
            running.pop(0).end()
        return bool(server.notifications)

    try:
        restart()
        daemon.config(after_plug_in="0s", running_counts_for="1h", repeat=["1h"])
        daemon.start()
        usb.plug(STICK)
        held_back = daemon.wait_for("held_back")
        status = daemon.command("status").stdout
        daemon.config(after_plug_in="0s", running_counts_for="3s", repeat=["1h"])
        daemon.reload()
        wait_until(restart, "the reminder")
    finally:
        programs.close()
    assert "as Tidepool Uploader is running" in status
    assert (held_back["program"], held_back["evidence"]) == (
        "Tidepool Uploader",
        "runs as tidepool-uploader",
    )
    ended, reminded = daemon.wait_for("held_back_ended"), daemon.wait_for("reminded")
    assert (ended["program"], ended["how"]) == ("Tidepool Uploader", "over")
    plugged_in = daemon.wait_for("plugged_in")
    assert held_back["running_since"] <= plugged_in["uptime"]
    assert reminded["uptime"] - plugged_in["uptime"] >= 3 - ROUNDED
    report = json.loads(daemon.command("report", "--json").stdout)
    assert [(one["program"], one["times"]) for one in report["held_back"]] == [("Tidepool Uploader", 1)]
    assert report["held_back"][0]["held_for"] == pytest.approx(ended["held_for"], abs=ROUNDED)


def test_a_forgotten_window_is_reminded_of(
    daemon: Daemon, server: Server, usb: Testbed, programs: Programs
) -> None:
    """Upload software that has the device open and moves nothing is a use until then; with the next data it is again."""
    daemon.config(after_plug_in="1h", after_use="200ms", running_counts_for="1s", repeat=["1h"])
    daemon.start()
    stick = usb.plug(STICK)
    programs.uploader().open(stick.nodes[-1])
    began = daemon.wait_for("use_began")
    server.notified()
    ended = daemon.wait_for("use_ended")
    assert ended["forgotten"] is True
    assert ended["still_for"] + ended["used_for"] == pytest.approx(
        ended["uptime"] - began["uptime"], abs=0.01
    )
    assert ended["still_for"] >= 1 - ROUNDED
    assert "still open in CareLink Uploader, but nothing has moved since" in daemon.command("status").stdout
    stick.transfer()
    server.cleared()
    assert daemon.wait_for("use_began", 2)["program"] == UPLOADER
    server.notified(2)


def test_a_slow_transfer_is_a_use(daemon: Daemon, server: Server, usb: Testbed, programs: Programs) -> None:
    """Data that move now and then are enough, however long it takes."""
    # A busy machine may keep the test from its transfers for seconds.
    daemon.config(after_plug_in="1h", after_use="0s", running_counts_for="6s")
    daemon.start()
    stick = usb.plug(STICK)
    programs.uploader().open(stick.nodes[-1])
    daemon.wait_for("use_began")

    def is_reminded() -> bool:
        stick.transfer()
        return bool(server.notifications)

    never(is_reminded, "a reminder during an upload", 8)
    server.notified()


def test_claim_by_nobody_counts_for_a_while(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A claim by somebody who cannot be named is a use for `running_counts_for` at most."""
    daemon.config(after_plug_in="1h", after_use="0s", running_counts_for="600ms")
    daemon.start()
    meter = usb.plug(METER)
    daemon.wait_for("plugged_in")
    meter.claim()
    began = daemon.wait_for("use_began")
    assert "usbfs" in began["evidence"]
    ended = daemon.wait_for("use_ended")
    assert ended["used_for"] >= 0.6 - ROUNDED
    server.notified()


def test_status_tells_who_uses_it(daemon: Daemon, server: Server, usb: Testbed, programs: Programs) -> None:
    """`unplugd status` names the upload software and what shows that it uses the device."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    stick = usb.plug(STICK)
    programs.uploader("TOKEN").open(stick.nodes[-1])
    daemon.wait_for("use_began")
    text = daemon.command("status").stdout
    assert "CareLink USB" in text
    assert UPLOADER in text
    assert stick.nodes[-1] in text
    wait_until(lambda: daemon.running() and not server.notifications, "nothing to be shown")
