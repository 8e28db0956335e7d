"""`unplugd devices`, on a machine that the test makes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import Done
from tests.rig.tools import need
from tests.rig.usb import HUB, METER, MOUSE, Model
from tests.rig.wait import GIVE_UP
from unplugd.config.file import load_settings

if TYPE_CHECKING:
    from tests.rig.usb import Testbed

from tests.rig.command_line import harmless

UNPLUGD = str(Path(sys.executable).with_name("unplugd"))


class Machine:
    """The installed command, on that machine."""

    def __init__(self, usb: Testbed, home: Path) -> None:
        self.usb = usb
        self.home = home
        self.config = home / ".config/unplugd/config.toml"

    def run(self, *arguments: str) -> Done:
        environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            **self.usb.environment,
        }
        done = subprocess.run([UNPLUGD, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GIVE_UP, check=False)  # fmt: skip
        assert "Traceback" not in done.stderr
        assert harmless(done.stdout + done.stderr)
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def machine(usb: Testbed, tmp_path: Path) -> Machine:
    need("umockdev-wrapper")
    return Machine(usb, tmp_path)


NEW = Model(0x0483, 0x5740, name='<b>[red]New\x1b[31m stick"\n', serial="SECRET")


def test_devices_are_listed_with_the_reason(machine: Machine) -> None:
    """Watched first, hubs last; whatever a device says of itself is shown as harmless text; no serial number."""
    machine.usb.plug(METER, "1-1.1")
    machine.usb.plug(NEW, "1-1.2")
    machine.usb.plug(MOUSE, "1-1.3")
    machine.usb.plug(Model(0x10C4, 0xEA60, name="x" * 60), "1-1.4")
    done = machine.run("devices")
    assert (done.code, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    for row in (
        "1-1.1 1a79:6210 Contour Next Link 2.4 watched: Contour Next Link 2.4",
        '1-1.2 0483:5740 <b>[red]New[31m stick" not watched: not on the list',
        "1-1.3 046d:c077 USB Optical Mouse not watched: not on the list",
    ):
        assert row in flat
    assert [line.split()[0] for line in done.stdout.splitlines() if re.match(r"\d-|usb", line)] == [
        "1-1.1",
        "1-1.2",
        "1-1.3",
        "1-1.4",
        "1-1",
        "usb1",
    ]
    assert "SECRET" not in done.stdout
    rows = json.loads(machine.run("devices", "--json").stdout)
    assert rows[0] == {
        "device": "1-1.1", "id": "1a79:6210", "product": "Contour Next Link 2.4", "watched": True,
        "why": "watched: Contour Next Link 2.4",
    }  # fmt: skip
    assert [row["watched"] for row in rows] == [True, False, False, False, False, False]


def test_a_pipe_gets_the_whole_list(machine: Machine) -> None:
    """No word of it is cut or broken to the width of a terminal that is not there."""
    machine.usb.plug(Model(0x10C4, 0xEA60, name="x" * 60), "1-1.4")
    lines = machine.run("devices").stdout.splitlines()
    (line,) = [line for line in lines if "10c4:ea60" in line]
    assert "x" * 60 in line
    assert line.rstrip().endswith("not watched: an id that many different devices have")


def test_learn_adds_a_device_that_is_plugged_in(machine: Machine) -> None:
    """By its id; from then on it is watched, under its own harmless name or the one that was given."""
    machine.usb.plug(NEW, "1-1.2")
    done = machine.run("devices", "learn", "0483:5740")
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        '0483:5740 on port 1-1.2: <b>[red]New[31m stick"',
        '<b>[red]New[31m stick" (0483:5740) is now watched.',
        "unplugd is not running; it will use this once it starts.",
    ]
    assert load_settings(machine.config).watches[0].name == '<b>[red]New[31m stick"'
    assert json.loads(machine.run("devices", "--json").stdout)[0]["id"] == "0483:5740"
    done = machine.run("devices", "learn", "0483:5740", "--name", "Other")
    assert done.stderr.splitlines()[-1] == 'Already watched, as <b>[red]New[31m stick".'


def test_learn_can_name_it(machine: Machine) -> None:
    """Also in capitals, also one that is on the list and off."""
    machine.usb.plug(Model(0x1A79, 0x6300), "1-1.2")
    assert machine.run("devices", "learn", "1A79:6300", "--name", "My meter").code == 0
    assert load_settings(machine.config).watches[0].name == "My meter"


@pytest.mark.parametrize(
    ("model", "usb_id", "why"),
    [
        (HUB, "05e3:0608", "that is a USB hub"),
        (Model(0x10C4, 0xEA60), "10c4:ea60", "is the id of a chip used in many different devices"),
    ],
)
def test_learn_refuses_what_would_be_wrong(machine: Machine, model: Model, usb_id: str, why: str) -> None:
    """With the reason; nothing is written."""
    machine.usb.plug(model, "1-1.4")
    done = machine.run("devices", "learn", usb_id)
    assert done.code == 1
    assert why in done.stderr
    assert not machine.config.exists()


def test_learn_sees_what_is_plugged_in_now(machine: Machine) -> None:
    """Without an id: what was there before is not meant."""
    machine.usb.plug(MOUSE, "1-1.3")
    environment = {
        "HOME": str(machine.home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        **machine.usb.environment,
    }
    with subprocess.Popen(
        [UNPLUGD, "devices", "learn"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("Plug the device in now")
        machine.usb.plug(NEW, "1-1.2")
        said = process.stderr.read()
        assert process.wait(GIVE_UP) == 0
    assert "0483:5740 on port 1-1.2" in said
    assert load_settings(machine.config).watches[0].product == 0x5740


def test_learn_ends_at_ctrl_c(machine: Machine) -> None:
    """Status 130, and nothing is written."""
    environment = {"HOME": str(machine.home), "PATH": os.environ["PATH"], **machine.usb.environment}
    with subprocess.Popen(
        [UNPLUGD, "devices", "learn"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(GIVE_UP) == 130
        assert process.stderr.read() == ""
    assert not machine.config.exists()
