"""The virtual machine, and unplugd in it, as fixtures."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.vm import build
from tests.vm.build import USER
from tests.vm.machine import BOOT, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vm.machine import Program

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
HOME = f"/home/{USER}"
JOURNAL = f"{HOME}/.local/state/unplugd/events.jsonl"
LOG = f"{HOME}/unplugd.log"


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Yield a machine with a person logged in, whose desktop shows notifications."""
    if missing := build.missing():
        pytest.skip(f"the virtual machine needs {', '.join(missing)}")
    with Machine() as machine:
        machine.run("systemctl", "is-system-running", "--wait")
        desktop = "systemctl --user --quiet is-active dunst.service 2>&1"
        machine.shell(f"until {desktop}; do sleep 0.1; done", user=USER, within=BOOT)
        yield machine


@pytest.fixture
def daemon(machine: Machine) -> Iterator[Daemon]:
    """Yield unplugd in the machine; not yet running, and nothing plugged in."""
    daemon = Daemon(machine)
    yield daemon
    # Shown where the test failed.
    print(daemon.close())


class Daemon:
    """The installed `unplugd run` as the person's user service, the devices, and what comes of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.events: list[dict[str, Any]] = []
        self._plugged: set[str] = set()
        self._programs: list[Program] = []
        self._journal: Program | None = None

    def start(self, configuration: str) -> None:
        """Start it, and return once it has told the service manager that it is ready."""
        folder = f"{HOME}/.config/unplugd"
        write = f"mkdir -p {folder}; printf %s '{configuration}' >{folder}/config.toml"
        service = "systemd-run --user --quiet --collect --unit=unplugd --property=Type=notify"
        log = f"--property=StandardError=append:{LOG}"
        self.machine.shell(f"{write}; {service} {log} unplugd run", user=USER)
        self._listen()

    def install(self, configuration: str) -> str:
        """Install it as the person does, and return what they are told."""
        folder = f"{HOME}/.config/unplugd"
        write = f"mkdir -p {folder}; printf %s '{configuration}' >{folder}/config.toml"
        said = self.machine.shell(f"{write}; unplugd service install 2>&1", user=USER)
        self._listen()
        return said

    def _listen(self) -> None:
        self._journal = self.machine.start("tail", "--lines=+1", "--follow", JOURNAL)

    def until(self, event: str, **fields: object) -> dict[str, Any]:
        """Read the journal on until this event, and return it; `events` has all that were read so far."""
        assert self._journal
        for line in self._journal.lines():
            entry: dict[str, Any] = json.loads(line)
            self.events.append(entry)
            if entry["event"] == event and fields.items() <= entry.items():
                return entry
        raise self.machine.error(f"the journal ended before {event} {fields}")

    def seen(self) -> list[str]:
        """Return the names of the events read so far."""
        return [event["event"] for event in self.events]

    def signal(self, name: str) -> None:
        """Send it a signal."""
        self.machine.run("systemctl", "--user", "kill", f"--signal={name}", "unplugd", user=USER)

    # --- the cable

    def plug(self, gadget: str) -> None:
        """Plug a simulated device in: stick, meter or other (see guest/gadget)."""
        self.machine.run("gadget", "plug", gadget)
        self._plugged.add(gadget)

    def unplug(self, gadget: str) -> None:
        """Unplug it."""
        self.machine.run("gadget", "unplug", gadget)
        self._plugged.remove(gadget)

    # --- the person's other programs

    def program(self, *command: str, user: str = USER) -> Program:
        """Start a program that does what it is told by lines (see tests/rig/holder.c), under a name of its own."""
        path = f"/run/programs/{command[0]}"
        self.machine.shell(f"mkdir -p /run/programs && cp /usr/local/bin/holder {path}")
        return self.start_program(path, *command[1:], user=user)

    def start_program(self, *command: str, user: str = USER) -> Program:
        """Start any program, which ends with the test."""
        program = self.machine.start(*command, user=user)
        self._programs.append(program)
        return program

    def node(self, pattern: str) -> str:
        """Wait until udev has made the last device node of this pattern, let everybody open it, and return its path."""
        wait = f"until ls {pattern} >/dev/null 2>&1; do sleep 0.05; done; udevadm settle"
        return self.machine.shell(f"{wait}; node=$(ls {pattern} | tail -n 1); chmod 666 $node; echo $node")

    # --- the person's desktop

    def shown(self, count: int) -> None:
        """Wait until the desktop shows so many notifications."""
        counted = '"$(dunstctl count displayed)"'
        self.machine.shell(f"until [ {counted} = {count} ]; do sleep 0.1; done", user=USER)

    def screenshot(self, name: str) -> None:
        """Save what the desktop shows as tests/artifacts/NAME.png."""
        picture = self.machine.shell("scrot --overwrite /tmp/screen.png && base64 /tmp/screen.png", user=USER)
        ARTIFACTS.mkdir(exist_ok=True)
        (ARTIFACTS / f"{name}.png").write_bytes(base64.b64decode(picture))

    def close(self) -> str:
        """End it and everything that was started for it, unplug everything, and return what it said."""
        for program in self._programs:
            program.stop()
        # Only where it is installed: in here every start of Python takes seconds.
        uninstall = "[ ! -e .config/systemd/user/unplugd.service ] || unplugd service uninstall"
        stop = "systemctl --user stop unplugd || true; dunstctl close-all"
        self.machine.shell(f"{uninstall} || true; {stop}", user=USER)
        if self._journal:
            self._journal.stop()
        for gadget in sorted(self._plugged):
            self.unplug(gadget)
        forget = f"rm -rf {HOME}/.config/unplugd {HOME}/.local/state/unplugd {LOG}"
        return self.machine.shell(f"cat {LOG} {JOURNAL} || true; dmesg | tail -n 20; {forget}")
