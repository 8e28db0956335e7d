"""`unplugd demo --fast`, really run: what a newcomer without the stick sees."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.child import killed_in_the_end
from tests.rig.opener import place_opener
from tests.rig.scripted import Machine
from tests.rig.wait import GIVE_UP, wait_until
from unplugd.config.settings import Settings
from unplugd.platforms import simulated

if TYPE_CHECKING:
    from tests.rig.bus import Bus
    from tests.rig.server import Server

UNPLUGD = str(Path(sys.executable).with_name("unplugd"))
ENDLESS = """
import sys
from unplugd.cli import main
from unplugd.platforms import simulated
simulated.STORY, simulated.END_SECONDS = simulated.STORY[:1], 1e9
sys.exit(main(["demo", *sys.argv[1:]]))
"""
"""A demo in which the stick stays plugged in and unused, so that it is not over before the test has come to it."""


@pytest.fixture
def environment(tmp_path: Path, bus: Bus) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/no-bus",
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        **bus.environment,
    }


def run_demo(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the fast demo to its end."""
    return subprocess.run(
        [UNPLUGD, "demo", "--fast"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=GIVE_UP,
        check=False,
    )


def start_endless_demo(environment: dict[str, str], *options: str) -> subprocess.Popen[str]:
    """Start a demo that has to be ended."""
    return subprocess.Popen(
        [sys.executable, "-c", ENDLESS, *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_whole_story(tmp_path: Path, environment: dict[str, str], server: Server) -> None:
    """Plug in, reminder, upload, reminder again, unplug: told in the terminal, notified for real, in a journal of its own."""
    done = run_demo(environment)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    journal = tmp_path / ".local/state/unplugd/demo/events.jsonl"
    events: list[dict[str, Any]] = [json.loads(line) for line in journal.read_text().splitlines()]
    story = [event["event"] for event in events if event["event"] not in ("config_loaded", "checkpoint")]
    expected = "started plugged_in reminded use_began reminder_ended use_ended reminded( reminded)+ reminder_ended unplugged stopped"
    assert re.fullmatch(expected, " ".join(story)), story
    ended = [event["outcome"] for event in events if event["event"] == "reminder_ended"]
    assert ended == ["in_use", "unplugged"]
    # Real notifications, a new one for each reminder, and none is left.
    wait_until(lambda: not server.on_screen, "the withdrawal")
    assert {shown.summary for shown in server.notifications} == {"Unplug the CareLink USB"}
    assert len({shown.id for shown in server.notifications}) == story.count("reminded")
    told = done.stdout
    for step in simulated.STORY:
        assert f"> {step.narration}" in told
    for said in (
        "): plugged in",
        "reminder 1 by desktop",
        "in use by CareLink Uploader",
        "unplugged after",
        "| Unplug the CareLink USB",
        ". Please disconnect it.",
    ):
        assert said in told
    assert done.stderr.splitlines()[-2:] == [
        "That was the demo. To read its journal: unplugd log ~/.local/state/unplugd/demo/events.jsonl",
        "To watch for real: unplugd run",
    ]
    # The user's own journal knows nothing of it.
    assert not (tmp_path / ".local/state/unplugd/events.jsonl").exists()


def test_without_a_desktop_the_words_are_in_the_terminal(environment: dict[str, str]) -> None:
    """Once, since nothing else shows them, and with what to do about it."""
    environment["DBUS_SESSION_BUS_ADDRESS"] = environment["DBUS_SYSTEM_BUS_ADDRESS"]
    done = run_demo(environment)
    assert done.returncode == 0, done.stderr
    assert "reminder not delivered by desktop" in done.stdout
    assert done.stdout.count("| Unplug the CareLink USB") == 1
    assert "Please disconnect it." in done.stdout
    assert "hint: unplugd doctor --notify" in done.stderr


def test_ctrl_c_ends_it(tmp_path: Path, environment: dict[str, str], server: Server) -> None:
    """At any moment: status 130, and the notification is withdrawn. A second demo at the same time is refused."""
    with killed_in_the_end(start_endless_demo(environment, "--fast")) as process:
        server.notified()
        second = run_demo(environment)
        assert second.returncode == 1
        assert second.stderr.splitlines()[-2:] == [
            "unplugd: another demo is running",
            "hint: wait until it is over, or stop it with Ctrl-C",
        ]
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=GIVE_UP)
        assert process.returncode == 130
    assert "Traceback" not in stderr
    wait_until(lambda: not server.on_screen, "the withdrawal")
    assert not (tmp_path / "run/unplugd/demo/control").exists()


def test_a_click_opens_the_review_of_the_demo(
    tmp_path: Path, environment: dict[str, str], server: Server
) -> None:
    """Not that of the person's own journal, of which the demo says nothing."""
    opened = place_opener(tmp_path, environment)

    def click() -> bool:
        for shown in server.on_screen:
            server.press(shown, "default")
        return opened.exists()

    with killed_in_the_end(start_endless_demo(environment)) as process:
        # One that the next reminder replaces meanwhile opens nothing.
        wait_until(click, "the page to be opened", 30)
        assert "CareLink USB" in Path(opened.read_text().strip()).read_text()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=GIVE_UP)
    assert "could not be opened" not in stderr


@pytest.mark.parametrize("speed", [1.0, simulated.FAST_FACTOR])
def test_the_story_is_told_by_the_real_rules(speed: float) -> None:
    """Its settings are settings that a configuration file could have, in the proportions of the real ones."""
    told = simulated.demo_settings(speed)
    real = Settings()
    assert told.policy.after_use < told.policy.after_plug_in < told.policy.repeat[0]
    assert told.look_every <= 1 / speed
    assert told.channels == real.channels
    assert [turn.at for turn in simulated.STORY] == sorted(turn.at for turn in simulated.STORY)
    assert simulated.STORY[-1].at < simulated.END_SECONDS


def test_a_late_machine_leaves_nothing_of_the_story_out() -> None:
    """Each step waits until the one before it was told; not for reminders that nothing can show, nor forever."""
    over = simulated.END_SECONDS / simulated.FAST_FACTOR
    for reminder in ("reminded", "delivery_failed"):
        story, machine, told = make_story()
        machine.clock += over
        for number, step in enumerate(simulated.STORY, 1):
            for _ in range(3):
                story.expire(machine.clock)
            assert told == [step.narration for step in simulated.STORY[:number]]
            for event in step.events:
                story.expire(machine.clock)
                story.follow(reminder if event == "reminded" else event)
        story.expire(machine.clock)
        assert told[len(simulated.STORY) :] == ["the end"]
    story, machine, told = make_story()
    machine.clock += over + simulated.PATIENCE_SECONDS
    for _ in range(len(simulated.STORY) + 1):
        story.expire(machine.clock)
    assert told[-1] == "the end"


def make_story() -> tuple[simulated.SimulatedPlatform, Machine, list[str]]:
    """Return the fast story, the machine with its clock, and what will have been told of it."""
    machine = Machine([], 0)
    told: list[str] = []
    story = simulated.SimulatedPlatform(
        machine, simulated.FAST_FACTOR, told.append, lambda: told.append("the end")
    )
    return story, machine, told
