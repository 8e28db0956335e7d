"""The installed `unplugd`, run as its users run it, on a machine that the test makes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.rig.usb import apart
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

UNPLUGD = Path(sys.executable).with_name("unplugd")
LOOK_EVERY = 0.1
"""Seconds between two looks in these tests."""
SLACK = 1.5
"""Seconds that a busy machine may take on top of what is configured."""


class Done(NamedTuple):
    """What became of a command."""

    code: int
    stdout: str
    stderr: str


class Daemon:
    """`unplugd run`, started and stopped at will with the same folders."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        if not UNPLUGD.exists():
            pytest.fail(f"{UNPLUGD} is not installed: run `make .venv/installed-for-tests`")
        self.home = folder / "home"
        self.state = folder / "state"
        self.journal = self.state / "unplugd/events.jsonl"
        self.environment = {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(self.state),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "NOTIFY_SOCKET": str(folder / "notify"),
            "PATH": f"{UNPLUGD.parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            **environment,
        }
        for name in ("home", "state", "config", "run"):
            (folder / name).mkdir(mode=0o700)
        self._configuration = folder / "config/unplugd/config.toml"
        self._stderr = folder / "stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self._service_manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._service_manager.bind(self.environment["NOTIFY_SOCKET"])
        self._service_manager.setblocking(False)
        self._told: list[str] = []

    # --- what its users and the system do with it

    def config(self, text: str = "", **remind: object) -> None:
        """Write the configuration file: settings of [remind], looks every `LOOK_EVERY`, and what else `text` has."""
        settings = "".join(f"{key} = {json.dumps(value)}\n" for key, value in remind.items())
        self.write_config(f'[remind]\n{settings}[watch]\nlook_every = "{LOOK_EVERY * 1000:.0f}ms"\n{text}')

    def write_config(self, text: str) -> None:
        """Write the configuration file as it is."""
        self._configuration.parent.mkdir(exist_ok=True)
        self._configuration.write_text(text)

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self.launch()
        wait_until(self._ready, "unplugd to be ready")

    def launch(self) -> None:
        """Start it."""
        self._told.clear()
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                [UNPLUGD, "run"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit status."""
        self.signal(number)
        process = self._process
        assert process
        wait_until(lambda: process.poll() is not None, "unplugd to end")
        return process.returncode

    def kill(self) -> None:
        """End it, as a crash does."""
        self.stop(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process, "unplugd was not started"
        assert self._process.poll() is None, "unplugd has ended"
        self._process.send_signal(number)

    def reload(self) -> None:
        """Have it read its configuration again."""
        self.signal(signal.SIGHUP)

    def command(self, *arguments: str) -> Done:
        """Run another `unplugd` command in the same surroundings."""
        done = subprocess.run(
            apart([str(UNPLUGD), *arguments]),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=GIVE_UP,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def status(self) -> dict[str, Any]:
        """Return what `unplugd status --json` says."""
        done = self.command("status", "--json")
        assert done.code == 0, done.stderr
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    # --- what it writes

    @property
    def stderr(self) -> str:
        """What it has said so far, from all its starts."""
        return self._stderr.read_text(errors="replace") if self._stderr.exists() else ""

    def told(self) -> list[str]:
        """Return what it has told the service manager since it was started."""
        while True:
            try:
                self._told += self._service_manager.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self._told

    def events(self, event: str | None = None, **fields: object) -> list[dict[str, Any]]:
        """Return the journal's events, or those of a kind with these fields."""
        found = []
        text = self.journal.read_text() if self.journal.exists() else ""
        # Without what follows the last line end: it is being written.
        for line in text.split("\n")[:-1]:
            entry = json.loads(line)
            if (event is None or entry["event"] == event) and fields.items() <= entry.items():
                found.append(entry)
        return found

    def wait_for(self, event: str, count: int = 1, seconds: float = 10, **fields: object) -> dict[str, Any]:
        """Wait until the journal has `count` such events, and return that one."""
        what = f"{event} {fields or ''} number {count} in the journal"
        wait_until(lambda: len(self.events(event, **fields)) >= count, what, seconds)
        return self.events(event, **fields)[count - 1]

    # --- what it costs

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process
        return self._process.pid

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def memory(self, kind: str = "Pss") -> int:
        """Return its memory in kB: shared parts in their share, or "Anonymous", which other programs do not change."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{kind}:"))

    def descriptors(self) -> int:
        """Return how many descriptors it keeps open: the fewest in three looks, as each opens more for a moment."""
        end = time.monotonic() + 3 * LOOK_EVERY
        fewest = sys.maxsize
        while time.monotonic() < end:
            fewest = min(fewest, sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir()))
        return fewest

    def switches(self) -> int:
        """Return how often it was given the processor: at least as often as it woke up."""
        status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)

    def close(self) -> None:
        """End it."""
        if self.running():
            self.kill()
        self._service_manager.close()

    def _ready(self) -> bool:
        assert self.running(), f"unplugd ended:\n{self.stderr}"
        return "READY=1" in self.told()
