"""`unplugd doctor --report`: one file with what can be measured and what a person answers, and nothing that is private."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import UNPLUGD, Daemon
from tests.rig.screen import CTRL_C, CTRL_D, converse
from tests.rig.tools import need_namespaces
from tests.rig.usb import METER, MOUSE, STICK, apart
from unplugd.cli.doctor_questions import STEPS
from unplugd.languages.language import ENGLISH
from unplugd.notify import message

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.bus import Bus
    from tests.rig.desktop import Desktop
    from tests.rig.programs import Programs
    from tests.rig.server import Server
    from tests.rig.usb import Testbed

SERIAL = "SN4711PLANTED"
TOKEN = "token-0815-planted"  # noqa: S105 - not a secret
USER = "planteduser"
HOST = "plantedhost"
PARTS = [
    "The computer",
    "The doctor's checks",
    "USB devices",
    "Service and daemon",
    "Times",
    "The journal",
]


def parts(text: str) -> list[str]:
    """Return the titles of the report's parts."""
    return [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]


def measure(daemon: Daemon, file: Path) -> str:
    """Have the report written without a terminal, and return it."""
    done = daemon.command("doctor", "--report", str(file))
    assert (done.code, done.stdout) == (0, ""), done
    return file.read_text()


def talk(daemon: Daemon, file: Path, *dialog: tuple[str, str]) -> tuple[int, str]:
    """Have the report written on a terminal."""
    return converse(apart([str(UNPLUGD), "doctor", "--report", str(file)]), dialog, daemon.environment)


@pytest.mark.usefixtures("server")
def test_without_a_terminal_it_measures_what_it_can(daemon: Daemon, usb: Testbed, tmp_path: Path) -> None:
    """And asks nothing; nobody else can read the file."""
    daemon.config()
    daemon.start()
    usb.plug(STICK)
    daemon.wait_for("plugged_in")
    text = measure(daemon, tmp_path / "report.md")
    assert parts(text) == PARTS
    assert text.endswith("\n")
    for line in (
        "- ok use detection: works (via the programs that have a device open, and the data that it transfers)\n",
        "- ok USB devices: can be listed; plugged in: CareLink USB (port 1-1.2) (via sysfs)\n",
        "- plugged in: 1 watched, 2 hubs, 0 others\n",
        "- watched: 0a21:8001, port 1-1.2, class 0\n",
        "- 0a21:8001: idle\n",
        "- notification server: another 1\n",
        "- daemon: running for ",
        "- an answer of the daemon: ",
        "- events: 1 started, 1 config_loaded, 1 plugged_in\n",
    ):
        assert line in text
    assert stat.S_IMODE((tmp_path / "report.md").stat().st_mode) == 0o600


def test_the_desktops_notification_server_is_named(daemon: Daemon, desktop: Desktop, tmp_path: Path) -> None:
    """With its version and what it can."""
    del desktop
    daemon.environment.update({"XDG_CURRENT_DESKTOP": f"ubuntu:GNOME:{USER}", "XDG_SESSION_TYPE": "wayland"})
    text = measure(daemon, tmp_path / "report.md")
    assert re.search(r"(?m)^- notification server: dunst [0-9.]+\n- it can: actions, .*body, ", text)
    assert "- desktop: ubuntu, GNOME, another\n- session: wayland\n" in text


def test_nothing_private_gets_into_it(
    usb: Testbed, bus: Bus, server: Server, programs: Programs, tmp_path: Path
) -> None:
    """No serial number, command line, name of a person, computer, file, device or program that is not known."""
    folder = tmp_path / USER
    folder.mkdir()
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/no-system-bus"}
    daemon = Daemon(folder, {**usb.environment, **nowhere, **bus.environment, "USER": USER, "LOGNAME": USER})
    daemon.environment["HOME"] = str(folder)
    wrapper: tuple[str, ...] = ()
    if os.geteuid() == 0:
        need_namespaces("unshare", "--uts")
        wrapper = ("unshare", "--uts", "sh", "-c", f'hostname {HOST} && exec "$@"', "sh")
    daemon.wrapper = wrapper
    try:
        daemon.config(
            f'[[device]]\nname = "{USER}\'s mouse"\nid = "046d:c077"\n[[uploader]]\nname = "{USER}\'s tool"\nprocess = ["my-own-tool"]\n'
        )
        daemon.start()
        meter = usb.plug(replace(METER, serial=SERIAL, name=f"{USER} {SERIAL}"))
        mouse = usb.plug(replace(MOUSE, serial=SERIAL), "1-1.4")
        programs.start("my-own-tool", f"--password={TOKEN}").open(mouse.nodes[-1])
        programs.start("photo-of-ann", f"--password={TOKEN}", USER).open(meter.nodes[0])
        daemon.wait_for("stranger")
        # Errors name paths.
        daemon.write_config(f"{USER} = {TOKEN}")
        server.behave("fail")
        answers = (
            ("s to skip", ""),
            ("Did you see it", "n"),
            ("Under which name", f"{USER} on {HOST}"),
            ("s to skip", "q"),
        )
        dialog = [("1 of", "s"), ("2 of", "s"), ("3 of", ""), *answers[1:2], ("Did you hear it", ""), *answers[2:3],
                  ("clicked", ""), ("4 of", "q")]  # fmt: skip
        file = tmp_path / "report.md"
        command = [*wrapper, *apart([str(UNPLUGD), "doctor", "--report", str(file)])]
        code, shown = converse(command, dialog, daemon.environment)
        text = file.read_text()
    finally:
        daemon.close()
    assert (code, "Traceback" in shown) == (0, False), shown
    assert "- ok use" in text
    assert "- 1a79:6210: idle, open in …\n" in text
    for secret in (SERIAL, TOKEN, USER, "photo", "ann", "my-own", str(tmp_path)):
        assert secret not in text, text
    assert f"… on {'…' if wrapper else HOST}" in text


@pytest.mark.usefixtures("server")
def test_a_person_is_asked_for_what_cannot_be_measured(
    daemon: Daemon, server: Server, tmp_path: Path
) -> None:
    """Step by step; each can be skipped, each answer is in the file, and a test notification really comes."""
    file = tmp_path / "report.md"
    steps = [step for step in STEPS if not step.system]
    dialog: list[tuple[str, str]] = []
    for number, step in enumerate(steps, 1):
        skipped = step.title == "Sleep"
        dialog.append((f"{number} of {len(steps)}: {step.title}", "s" if skipped else ""))
        questions = [question for question in step.questions if not (skipped or question.system)]
        dialog += [(question.text, "as\tI\x1b said" if question.free else "Y") for question in questions]
    code, shown = talk(daemon, file, *dialog)
    assert code == 0, shown
    text = file.read_text()
    assert [title for title in parts(text) if title not in PARTS and ": " not in title] == [
        step.title for step in steps if step.title != "Sleep"
    ]
    assert "- Did you see it?: yes\n" in text
    assert "- Which program is it, and which version?: as I said\n" in text
    assert {shown.summary for shown in server.notifications} == {message.test(ENGLISH).title}
    assert shown.endswith(f"Written: {file}\n")


@pytest.mark.parametrize(
    ("key", "code", "last"), [(CTRL_C, 130, "Stopped; what there is was written"), (CTRL_D, 0, "Written")]
)
def test_what_there_is_stays_where_the_person_stops(
    daemon: Daemon, tmp_path: Path, key: str, code: int, last: str
) -> None:
    """Also in the middle of a step, by Ctrl-C or at the end of the input."""
    file = tmp_path / "report.md"
    ended, shown = talk(daemon, file, ("1 of", "s"), ("2 of", ""), ("running?", "no"), ("3 of", key))
    assert ended == code, shown
    assert shown.splitlines()[-1] == f"{last}: {file}"
    assert "- Did a notification say that unplugd is running?: no\n" in file.read_text()


def test_an_answer_that_is_no_text_stops_nothing(daemon: Daemon, tmp_path: Path) -> None:
    """A key may send bytes that the terminal's encoding does not have."""
    daemon.environment["PYTHONIOENCODING"] = "utf-8:strict"
    file = tmp_path / "report.md"
    steps = [step for step in STEPS if not step.system]
    last = f"{len(steps)} of"
    dialog = [(f"{number} of", "s") for number in range(1, len(steps))]
    code, shown = talk(daemon, file, *dialog, (last, ""), (steps[-1].questions[-1].text, "caf\udce9 noir"))
    assert code == 0, shown
    assert "caf\N{REPLACEMENT CHARACTER} noir\n" in file.read_text()


@pytest.mark.usefixtures("server")
def test_it_can_be_written_to_stdout_and_in_the_place_of_an_older_one(daemon: Daemon, tmp_path: Path) -> None:
    """As with `report --html`; what cannot be written is one line before the first question."""
    done = daemon.command("doctor", "--report", "-")
    assert (done.code, done.stderr, parts(done.stdout)) == (0, "", PARTS)
    file = tmp_path / "report.md"
    file.write_text("an older one")
    assert parts(measure(daemon, file)) == PARTS
    code, shown = talk(daemon, tmp_path / "no/such/report.md")
    assert (code, shown.splitlines()[-1]) == (1, "hint: choose a folder that you can write to")
    assert "1 of" not in shown


def test_it_is_text_only(daemon: Daemon, tmp_path: Path) -> None:
    """What it does not go with is refused, and so is no name."""
    for options in (("--json", "--report", str(tmp_path / "x")), ("--report", "")):
        done = daemon.command("doctor", *options)
        assert (done.code, done.stdout, len(done.stderr.splitlines())) == (1, "", 2)
    assert not (tmp_path / "x").exists()
