"""The program stops and starts, with or without a goodbye: what it knew goes on."""

from __future__ import annotations

import json
import signal
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import LOOK_EVERY
from tests.rig.journal_reader import ROUNDED
from tests.rig.usb import METER, STICK
from tests.rig.wait import never, wait_until

if TYPE_CHECKING:
    from tests.rig.daemon import Daemon
    from tests.rig.server import Server
    from tests.rig.usb import Testbed


def test_device_was_there_before(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A device that was plugged in before the start is found without an announcement."""
    stick = usb.plug(STICK)
    daemon.config(after_plug_in="0s")
    daemon.start()
    assert daemon.wait_for("plugged_in")["device"] == stick.port
    server.notified()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_period_goes_on(daemon: Daemon, server: Server, usb: Testbed, how: signal.Signals) -> None:
    """After a restart the device is still plugged in since its plug-in, and not reminded of before the time."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    known = monotonic()
    daemon.stop(how)
    daemon.start()
    never(lambda: daemon.events("reminded")[1:], "a second reminder", 4 * LOOK_EVERY)
    assert len(daemon.events("plugged_in")) == 1
    wait_until(lambda: server.on_screen, "the reminder to be shown again")
    stick.unplug()
    server.cleared()
    unplugged = daemon.wait_for("unplugged")
    least, most = stick.unplugged[0].monotonic - known, monotonic() - stick.plugged[0].monotonic
    assert least - ROUNDED <= unplugged["plugged_for"] <= most + ROUNDED


def test_reminder_comes_in_its_time(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """The time before a crash counts: the reminder comes `after_plug_in` after the plug-in, not after the start."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    usb.plug(STICK)
    at = daemon.wait_for("plugged_in")["uptime"]
    daemon.kill()
    # As if it had happened an hour earlier; on a computer that runs for less than two, half of that time.
    ago = min(3600, int(at / 2))
    earlier = [{**event, "uptime": event["uptime"] - ago} for event in daemon.events()]
    daemon.journal.write_text("".join(f"{json.dumps(event)}\n" for event in earlier))
    daemon.config(after_plug_in=f"{ago}s")
    daemon.start()
    server.notified()


def test_repeats_go_on_counting(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A crash does not start the reminders from the beginning."""
    daemon.config(after_plug_in="0s", repeat=["500ms", "1h"])
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("reminded", 2)
    daemon.kill()
    daemon.config(after_plug_in="0s", repeat=["500ms", "500ms", "1h"])
    daemon.start()
    third = daemon.wait_for("reminded", 3)
    assert (third["count"], third["urgency"]) == (3, "critical")
    wait_until(lambda: len(server.on_screen) == 1, "one notification")


def test_unplugged_while_stopped(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """What was unplugged while the program did not run is closed in the journal, and no longer shown."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    daemon.kill()
    stick.unplug()
    daemon.start()
    server.cleared()
    daemon.wait_for("unplugged", device=stick.port)
    assert daemon.status()["devices"] == []


def test_second_run_refuses(daemon: Daemon, usb: Testbed, server: Server) -> None:
    """A second program says who the first is, in one line and a hint, and the first goes on undisturbed."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    done = daemon.command("run")
    assert done.code == 1
    assert str(daemon.pid) in done.stderr
    assert done.stderr.splitlines()[1].startswith("hint: ")
    assert len(done.stderr.splitlines()) == 2
    usb.plug(STICK)
    server.notified()
    assert len(daemon.events("started")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_goodbye(daemon: Daemon, server: Server, usb: Testbed, number: signal.Signals) -> None:
    """Asked to end, it withdraws what it showed, says so in the journal and to systemd, and exits with 0."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("reminded")
    assert daemon.stop(number) == 0
    server.cleared()
    assert daemon.events()[-1]["event"] == "stopped"
    assert "STOPPING=1" in daemon.manager_lines()


def test_new_configuration(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """On SIGHUP the configuration is read again, and holds at once."""
    daemon.config(after_plug_in="1h")
    daemon.start()
    usb.plug(METER)
    daemon.wait_for("plugged_in")
    assert not server.notifications
    daemon.config(after_plug_in="0s")
    daemon.reload()
    daemon.wait_for("config_loaded", 2)
    server.notified()


def test_invalid_configuration_is_refused(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """On SIGHUP an invalid configuration is refused with every error in it, and the old one stays."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    daemon.config('[[device]]\nname = "x"\nid = "nonsense"', after_plug_in="-5m", mistake=1)
    daemon.reload()
    wait_until(lambda: "nonsense" in daemon.stderr, "the refusal")
    for named in ("config.toml", "after_plug_in", "-5m", "mistake"):
        assert named in daemon.stderr
    assert len(daemon.events("config_loaded")) == 1
    usb.plug(STICK)
    server.notified()
    status = daemon.command("status")
    assert status.code == 0
    assert "mistake" in status.stdout


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[remind", ["TOML"]),
        ("[remind]\nmistake = 1\n[typo]\n", ["mistake", "typo"]),
        ('[remind]\nafter_plug_in = "-5m"\nafter_use = 5\n', ["after_plug_in", "after_use"]),
        ('[[device]]\nname = "x"\nid = "0a21"\n', ["0a21"]),
    ],
)
@pytest.mark.parametrize("command", [["run"], ["config", "check"]])
def test_broken_configuration(daemon: Daemon, text: str, named: list[str], command: list[str]) -> None:
    """At the start each error has its line, there is one hint, and no traceback."""
    daemon.write_config(text)
    done = daemon.command(*command)
    assert done.code == 1
    *errors, hint = done.stderr.splitlines()
    assert hint.startswith("hint: ")
    assert len(errors) == len(named)
    for error, name in zip(errors, named, strict=True):
        assert "config.toml" in error
        assert name in error


def test_torn_journal_is_gone_on_with(daemon: Daemon, server: Server, usb: Testbed) -> None:
    """A last line that a crash has torn is left alone, and the next event has a line of its own."""
    daemon.config(after_plug_in="0s")
    daemon.start()
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    daemon.kill()
    whole = daemon.journal.read_text()
    daemon.journal.write_text(whole + '{"time": "2026-11-22T1')
    daemon.start()
    stick.unplug()
    server.cleared()
    assert daemon.stop() == 0
    lines = daemon.journal.read_text().removeprefix(whole).splitlines()
    assert lines[0] == '{"time": "2026-11-22T1'
    assert '"event": "started"' in lines[1]
