"""`unplugd doctor`: its exit status, and the notification channels of a daemon that runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.rig.usb import STICK
from unplugd.languages.language import ENGLISH
from unplugd.notify import message

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.rig.bus import Bus
    from tests.rig.command_line import Shell
    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Testbed


def test_doctor_ends_with_one_where_something_fails(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure with its hint; as JSON a row for each layer."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    done = shell.run("doctor", "--json")
    assert (done.code, done.stderr) == (1, "")
    rows = {row["layer"]: row for row in json.loads(done.stdout)}
    assert (rows["daemon"]["ok"], rows["use detection"]["ok"]) == (False, True)
    done = shell.run("doctor")
    assert done.code == 1
    assert "NO  daemon: unplugd is not running\n      hint: unplugd service install\n" in done.stdout


# --- with a daemon that runs


def examine(daemon: Daemon, *options: str) -> dict[str, dict[str, Any]]:
    """Return what the doctor says of each channel."""
    rows = json.loads(daemon.command("doctor", "--json", *options).stdout)
    begin = "notification by "
    return {row["layer"].removeprefix(begin): row for row in rows if row["layer"].startswith(begin)}


def leave_session(daemon: Daemon, folder: Path) -> None:
    """Go on in a shell without a session bus, as over ssh."""
    daemon.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={folder}/nowhere"


def test_the_channel_of_the_daemon_is_tried(daemon: Daemon, server: Server, tmp_path: Path) -> None:
    """From a shell that has no session, too; that this one has none is said."""
    daemon.start()
    assert examine(daemon)["desktop"]["what"] == "a notification server is there"
    leave_session(daemon, tmp_path)
    found = examine(daemon)
    assert (found["desktop"]["ok"], found["plyer"]["ok"] is False) == (True, False)
    assert found["desktop"]["what"] == (
        "a notification server is there, for the running unplugd; "
        "not for this shell: the bus cannot be reached: No such file or directory"
    )
    assert server.notifications == []


def test_a_channel_that_only_this_shell_has_is_no_channel(
    daemon: Daemon, bus: Bus, server: Server, tmp_path: Path
) -> None:
    """The daemon was started outside the session: nobody is reminded, whatever this shell can show."""
    del server
    leave_session(daemon, tmp_path)
    daemon.start()
    daemon.environment.update(bus.environment)
    for options in ((), ("--notify",)):
        found = examine(daemon, *options)["desktop"]
        assert found["ok"] is False
        assert found["what"].endswith(", for the running unplugd; this shell has one")
        assert found["hint"].endswith("unplugd service restart")


def test_the_daemon_shows_the_test_notification(daemon: Daemon, server: Server, tmp_path: Path) -> None:
    """Once, also for a shell without a session; it goes away by itself."""
    daemon.start()
    leave_session(daemon, tmp_path)
    found = examine(daemon, "--notify")
    assert [(row["layer"], row["what"]) for row in found.values() if row["ok"]] == [
        ("notification by desktop", "the running unplugd sent the test notification")
    ]
    assert [(shown.summary, shown.timeout) for shown in server.notifications] == [
        (message.test(ENGLISH).title, -1)
    ]


def test_a_reminder_on_the_screen_is_the_test(
    daemon: Daemon, server: Server, usb: Testbed, tmp_path: Path
) -> None:
    """It is not replaced by one; a shell of the session shows one beside it."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("reminded")
    beside = examine(daemon, "--notify")["desktop"]
    assert (beside["ok"], beside["what"]) == (True, "the test notification was sent, beside the reminder")
    assert [shown.replaces for shown in server.on_screen] == [0, 0]
    leave_session(daemon, tmp_path)
    assert examine(daemon, "--notify")["desktop"]["what"] == "a reminder is on the screen"
    assert len(server.notifications) == 2


def test_a_server_that_refuses_the_test_is_a_failure(daemon: Daemon, server: Server) -> None:
    """Although it is there."""
    daemon.config('[notify]\nchannels = ["desktop"]')
    daemon.start()
    assert examine(daemon)["desktop"]["ok"] is True
    server.behave("fail")
    found = examine(daemon, "--notify")["desktop"]
    assert (found["ok"], bool(found["hint"])) == (False, True)
    assert found["what"].startswith("the notification server refused: ")


def test_a_server_or_bus_that_hangs_is_said_to_hang(daemon: Daemon, bus: Bus, server: Server) -> None:
    """Not to be missing."""
    daemon.config('[notify]\nchannels = ["desktop"]')
    daemon.start()
    assert examine(daemon)["desktop"]["ok"] is True
    server.behave("hang")
    assert examine(daemon)["desktop"]["what"].startswith("the notification server does not answer")
    server.catch_up()
    bus.freeze()
    found = examine(daemon)["desktop"]
    bus.thaw()
    assert (found["ok"], found["what"]) == (False, "the notification server does not answer")
