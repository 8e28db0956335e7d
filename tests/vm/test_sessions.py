"""The reminder is for the person in front, as the real login manager tells who that is."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.vm.build import OTHER_USER, USER

if TYPE_CHECKING:
    from tests.rig.command_line import Shell
    from tests.vm.conftest import Daemon, Front
    from tests.vm.machine import Machine

# It looks so rarely that whatever it notices in time was announced.
LEFT_IN = """
[remind]
after_plug_in = "0s"
after_use = "0s"
repeat = ["1h"]
[watch]
look_every = "1h"
"""


def test_behind_a_locked_screen_reminders_wait(machine: Machine, daemon: Daemon, front: Front) -> None:
    """Locked at plug-in: the first reminder comes with the unlocking. Locked all night: the second, not the ninth."""
    front.lock(USER, locked=True)
    daemon.start(LEFT_IN)
    daemon.plug("stick")
    assert daemon.until("away")["why"] == "locked"
    daemon.screenshot("vm-locked")
    front.lock(USER, locked=False)
    assert daemon.until("reminded")["count"] == 1
    assert daemon.seen()[-4:] == ["plugged_in", "away", "back", "reminded"]
    daemon.shown(1)
    daemon.screenshot("vm-unlocked")

    front.lock(USER, locked=True)
    daemon.until("away", why="locked")
    machine.sleep()
    machine.wake(after=8 * 3600)
    daemon.until("resumed")
    daemon.screenshot("vm-locked-all-night")
    front.lock(USER, locked=False)
    assert daemon.until("reminded")["count"] == 2
    assert daemon.seen()[-2:] == ["back", "reminded"]
    assert [daemon.seen().count(name) for name in ("back", "reminded")] == [2, 2]
    daemon.shown(1)
    daemon.screenshot("vm-unlocked-in-the-morning")


def test_of_two_people_the_one_in_front_is_reminded_and_both_journals_tell_one_story(
    daemon: Daemon, other_daemon: Daemon, front: Front, shell: Shell
) -> None:
    """The reminder follows the person in front; reviewed together, what both daemons saw happened once."""
    daemon.start(LEFT_IN)
    other_daemon.start(LEFT_IN)
    daemon.plug("stick")
    assert daemon.until("reminded")["count"] == 1
    assert other_daemon.until("away")["why"] == "inactive"
    daemon.shown(1)
    photograph(daemon, other_daemon, "the-first-in-front")

    front.switch(OTHER_USER)
    assert daemon.until("away")["why"] == "inactive"
    assert other_daemon.until("reminded")["count"] == 1
    daemon.shown(0)
    other_daemon.shown(1)
    photograph(daemon, other_daemon, "the-other-in-front")

    front.switch(USER)
    daemon.until("back")
    other_daemon.until("away", why="inactive")
    daemon.shown(1)
    other_daemon.shown(0)
    photograph(daemon, other_daemon, "the-first-in-front-again")

    # Into the first person's programs the other one cannot look.
    uploader = daemon.program("tidepool-uploader")
    assert uploader.ask(f"o {daemon.node('/dev/ttyUSB0')}") == "0"
    daemon.until("use_began", program="Tidepool Uploader")
    daemon.shown(0)
    uploader.stop()
    used = daemon.until("use_ended")
    assert daemon.until("reminded")["count"] == 1
    daemon.unplug("stick")
    gone = daemon.until("unplugged")
    also_gone = other_daemon.until("unplugged")
    daemon.shown(0)
    for one in (daemon, other_daemon):
        one.stop()
        one.until("stopped")
    assert [daemon.seen().count(name) for name in ("reminded", "away", "back")] == [2, 1, 1]
    assert [other_daemon.seen().count(name) for name in ("reminded", "away", "back")] == [1, 2, 1]

    report, text, page = review(shell, daemon, other_daemon)
    assert report["notes"] == {}
    [period] = report["periods"]
    assert [use["program"] for use in period["uses"]] == ["Tidepool Uploader"]
    assert period["used_for"] == report["total"]["used_for"]
    # The journal rounds each moment, and the time between two of them, to milliseconds.
    assert period["used_for"] == pytest.approx(used["used_for"], abs=0.0015)
    # Neither sees the stick come and go at the very moment that the other one does.
    shorter, longer = sorted((gone["plugged_for"], also_gone["plugged_for"]))
    assert shorter - 0.01 <= period["plugged_for"] < shorter + longer
    reminders = [(reminder["session"], reminder["outcome"]) for reminder in period["reminders"]]
    first, other = (one.events[0]["session"] for one in (daemon, other_daemon))
    assert reminders == [(first, "in_use"), (other, "unplugged"), (first, "unplugged")]
    assert [
        words for words in ("Plugged in once,", "Used once,", "3, to 2 people") if words not in text
    ] == []
    assert [words for words in ("Times plugged in 1", "1 use", "3 to 2 people") if words not in page] == []


def test_a_login_manager_that_hangs_or_restarts_costs_only_a_later_answer(
    machine: Machine, daemon: Daemon, front: Front
) -> None:
    """While it does not answer the person counts as in front; afterwards unplugd knows again."""
    front.lock(USER, locked=True)
    machine.run("systemctl", "kill", "--signal=STOP", "systemd-logind")
    try:
        daemon.start(LEFT_IN)
        daemon.plug("stick")
        daemon.until("reminded")
    finally:
        machine.run("systemctl", "kill", "--signal=CONT", "systemd-logind")
    daemon.until("away", why="locked")
    # It forgets that a screen is locked when it ends.
    machine.run("systemctl", "restart", "systemd-logind")
    daemon.until("back")
    front.lock(USER, locked=True)
    daemon.until("away", why="locked")
    front.lock(USER, locked=False)
    daemon.until("back")
    assert daemon.seen().count("reminded") == 1
    daemon.shown(1)


def photograph(daemon: Daemon, other_daemon: Daemon, name: str) -> None:
    """Save what both desktops show."""
    for one in (daemon, other_daemon):
        one.screenshot(f"vm-{name}-{one.user}")


def review(shell: Shell, *daemons: Daemon) -> tuple[dict[str, Any], str, str]:
    """Review what the daemons wrote, together: as JSON, and the words of the text and of the page."""
    files = [str(shell.journal(*one.events, name=f"{one.user}.jsonl")) for one in daemons]
    page = shell.home / "report.html"
    shell.run("report", "--html", str(page), *files)
    texts = (shell.run("report", *files).stdout, html.unescape(re.sub(r"<[^>]*>", " ", page.read_text())))
    text, words = (" ".join(one.split()) for one in texts)
    return json.loads(shell.run("report", "--json", *files).stdout), text, words
