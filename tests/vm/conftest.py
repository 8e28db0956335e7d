"""The virtual machine, and unplugd in it, as fixtures."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.rig.command_line import shell
from tests.vm import build
from tests.vm.build import OTHER_USER, USER
from tests.vm.machine import BOOT, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vm.machine import Program

__all__ = ["shell"]

ARTIFACTS = Path(__file__).parents[1] / "artifacts"


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Yield a machine with a person logged in, whose desktop shows notifications."""
    if missing := build.missing():
        pytest.skip(f"the virtual machine needs {', '.join(missing)}")
    with Machine() as machine:
        machine.run("systemctl", "is-system-running", "--wait")
        wait_for_desktop(machine, USER)
        yield machine


def wait_for_desktop(machine: Machine, user: str) -> None:
    """Wait until the person has logged in, and the desktop shows notifications."""
    desktop = "systemctl --user --quiet is-active dunst.service 2>&1"
    machine.shell(f"until {desktop}; do sleep 0.1; done", user=user, within=BOOT)


@pytest.fixture
def daemon(machine: Machine) -> Iterator[Daemon]:
    """Yield unplugd in the machine; not yet running, and nothing plugged in."""
    daemon = Daemon(machine)
    yield daemon
    # Shown where the test failed.
    print(daemon.close())


@pytest.fixture
def front(machine: Machine) -> Iterator[Front]:
    """Yield who is in front of the machine: the first person, with the screen unlocked; so it is again afterwards."""
    front = Front(machine)
    yield front
    front.lock(USER, locked=False)
    front.switch(USER)


@pytest.fixture
def other_daemon(machine: Machine) -> Iterator[Daemon]:
    """Yield unplugd of the other person, who has logged in, too, and stays so, but is not in front."""
    machine.run("systemctl", "start", "getty@tty2")
    wait_for_desktop(machine, OTHER_USER)
    daemon = Daemon(machine, OTHER_USER)
    yield daemon
    print(daemon.close())


class Front:
    """Who is in front of the machine, for the login manager."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def switch(self, user: str) -> None:
        """Bring the person's session to the front."""
        self._machine.run("loginctl", "activate", self._find_session(user))

    def lock(self, user: str, *, locked: bool) -> None:
        """Have the person's screen locked, or unlocked: a screen locker tells the login manager so."""
        session = f"/org/freedesktop/login1/session/_3{self._find_session(user)}"
        interface = "org.freedesktop.login1.Session"
        call = ("busctl", "call", "org.freedesktop.login1", session, interface, "SetLockedHint", "b")
        self._machine.run(*call, str(locked).lower(), user=user)

    def _find_session(self, user: str) -> str:
        return self._machine.run("loginctl", "show-user", user, "--value", "--property=Display")


class Daemon:
    """The installed `unplugd run` as a person's user service, the devices, and what comes of it."""

    def __init__(self, machine: Machine, user: str = USER) -> None:
        self.machine = machine
        self.user = user
        self.home = f"/home/{user}"
        self.state = f"{self.home}/.local/state/unplugd"
        self._log = f"{self.home}/unplugd.log"
        self.events: list[dict[str, Any]] = []
        self._plugged: set[str] = set()
        self._programs: list[Program] = []
        self._journal: Program | None = None

    def start(self, configuration: str) -> None:
        """Start it, and return once it has told the service manager that it is ready."""
        folder = f"{self.home}/.config/unplugd"
        write = f"mkdir -p {folder}; printf %s '{configuration}' >{folder}/config.toml"
        service = "systemd-run --user --quiet --collect --unit=unplugd --property=Type=notify"
        log = f"--property=StandardError=append:{self._log}"
        self.machine.shell(f"{write}; {service} {log} unplugd run", user=self.user)
        self._listen()

    def install(self, configuration: str) -> str:
        """Install it as the person does, and return what they are told."""
        folder = f"{self.home}/.config/unplugd"
        write = f"mkdir -p {folder}; printf %s '{configuration}' >{folder}/config.toml"
        said = self.machine.shell(f"{write}; unplugd service install 2>&1", user=self.user)
        self._listen()
        return said

    def _listen(self) -> None:
        self._journal = self.machine.start("tail", "--lines=+1", "--follow", f"{self.state}/events.jsonl")

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
        self.machine.run("systemctl", "--user", "kill", f"--signal={name}", "unplugd", user=self.user)

    def stop(self) -> None:
        """Stop it."""
        self.machine.run("systemctl", "--user", "stop", "unplugd", user=self.user)

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

    def program(self, *command: str, user: str = "") -> Program:
        """Start a program that does what it is told by lines (see tests/rig/holder.c), under a name of its own."""
        path = f"/run/programs/{command[0]}"
        self.machine.shell(f"mkdir -p /run/programs && cp /usr/local/bin/holder {path}")
        return self.start_program(path, *command[1:], user=user)

    def start_program(self, *command: str, user: str = "") -> Program:
        """Start any program, which ends with the test."""
        program = self.machine.start(*command, user=user or self.user)
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
        self.machine.shell(f"until [ {counted} = {count} ]; do sleep 0.1; done", user=self.user)

    def screenshot(self, name: str) -> None:
        """Save what the desktop shows as tests/artifacts/NAME.png."""
        file = "$XDG_RUNTIME_DIR/screen.png"
        picture = self.machine.shell(f"scrot --overwrite {file} && base64 {file}", user=self.user)
        ARTIFACTS.mkdir(exist_ok=True)
        (ARTIFACTS / f"{name}.png").write_bytes(base64.b64decode(picture))

    def close(self) -> str:
        """End it and everything that was started for it, unplug everything, and return what it said."""
        for program in self._programs:
            program.stop()
        # Only where it is installed: in here every start of Python takes seconds.
        uninstall = "[ ! -e .config/systemd/user/unplugd.service ] || unplugd service uninstall"
        stop = "systemctl --user stop unplugd || true; dunstctl close-all"
        self.machine.shell(f"{uninstall} || true; {stop}", user=self.user)
        if self._journal:
            self._journal.stop()
        for gadget in sorted(self._plugged):
            self.unplug(gadget)
        forget = f"rm -rf {self.home}/.config/unplugd {self.state} {self._log}"
        return self.machine.shell(
            f"cat {self._log} {self.state}/events.jsonl || true; dmesg | tail -n 20; {forget}"
        )
