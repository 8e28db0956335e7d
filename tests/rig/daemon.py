"""The installed `unplugd`, run as its users run it, on the machine that a test simulates."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.rig.child import stop
from tests.rig.journal_reader import JournalReader
from tests.rig.usb import apart
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNPLUGD = Path(sys.executable).with_name("unplugd")
LOOK_EVERY = 0.1
"""Seconds between two polls in these tests."""
SLACK = 1.5
"""Seconds that a busy machine may take in addition to what is configured."""


class Done(NamedTuple):
    """Result of a command."""

    code: int
    stdout: str
    stderr: str


class Daemon(JournalReader):
    """`unplugd run`, which a test starts and stops; the folders stay the same."""

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
        self.wrapper: tuple[str, ...] = ()
        """A command that turns into the one after it."""
        for name in ("home", "state", "config", "run"):
            (folder / name).mkdir(mode=0o700)
        self._configuration = folder / "config/unplugd/config.toml"
        self._stderr = folder / "stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self._service_manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._service_manager.bind(self.environment["NOTIFY_SOCKET"])
        self._service_manager.setblocking(False)
        self._manager_lines: list[str] = []

    # --- what users and the system do with it

    def config(self, text: str = "", **remind: object) -> None:
        """Write a configuration file: settings of [remind], a poll every `LOOK_EVERY` seconds, and `text`."""
        settings = "".join(f"{key} = {json.dumps(value)}\n" for key, value in remind.items())
        self.write_config(f'[remind]\n{settings}[watch]\nlook_every = "{LOOK_EVERY * 1000:.0f}ms"\n{text}')

    def remind(self, count: int) -> None:
        """Make it send reminders on the desktop up to this one at once, and then none for an hour; start it if needed."""
        repeat = [*["50ms"] * (count - 1), "1h"]
        self.config('[notify]\nchannels = ["desktop"]', after_plug_in="0s", repeat=repeat, snooze="1s")
        if self.running():
            self.reload()
        else:
            self.start()

    def write_config(self, text: str) -> None:
        """Write `text` as the configuration file."""
        self._configuration.parent.mkdir(exist_ok=True)
        self._configuration.write_text(text)

    def read_config(self) -> str:
        """Return the text of the configuration file."""
        return self._configuration.read_text()

    def start(self) -> None:
        """Start it and wait until it reports that it is ready."""
        self.launch()
        wait_until(self._is_ready, "unplugd to be ready")

    def launch(self) -> None:
        """Start it."""
        self._manager_lines.clear()
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*self.wrapper, UNPLUGD, "run"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal to stop, and return its exit status."""
        self.signal(number)
        process = self._process
        assert process
        wait_until(lambda: process.poll() is not None, "unplugd to end")
        return process.returncode

    def kill(self) -> None:
        """Kill it, like a crash."""
        self.stop(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process, "unplugd was not started"
        assert self._process.poll() is None, "unplugd has ended"
        self._process.send_signal(number)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it until the end of the block, as a computer that is busy with something else does."""
        try:
            stop(self.pid)
            yield
        finally:
            self.signal(signal.SIGCONT)

    def hide_journal(self) -> None:
        """Put a file where the journal's folder was, at a moment at which the program cannot make a new folder."""
        folder = self.journal.parent
        with self.frozen():
            folder.rename(self.state / "elsewhere")
            folder.write_text("in the way")

    def return_journal(self) -> None:
        """Put the journal's folder back."""
        folder = self.journal.parent
        with self.frozen():
            folder.unlink()
            (self.state / "elsewhere").rename(folder)

    def reload(self) -> None:
        """Make it read its configuration again."""
        self.signal(signal.SIGHUP)

    def command(self, *arguments: str) -> Done:
        """Run another `unplugd` command in the same environment."""
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
        """Return the answer of `unplugd status --json`."""
        done = self.command("status", "--json")
        assert done.code == 0, done.stderr
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    # --- what it writes

    @property
    def stderr(self) -> str:
        """Everything it has written to stderr, over all its starts."""
        return self._stderr.read_text(errors="replace") if self._stderr.exists() else ""

    def manager_lines(self) -> list[str]:
        """Return the lines that it has sent to the service manager since it was started."""
        while True:
            try:
                self._manager_lines += self._service_manager.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self._manager_lines

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
        """Return its memory in kB: Pss, or Anonymous, which does not depend on other programs."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{kind}:"))

    def descriptors(self) -> int:
        """Return how many descriptors it keeps open; counted while it rests, since a look opens more for a moment."""

        def count() -> int:
            before = self.resting()
            found = sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())
            return found if before and self.resting() == before else 0

        return wait_until(count, "unplugd to rest")

    def watched_nodes(self) -> int:
        """Return of how many nodes the kernel tells it (by inotify) that they are opened or closed."""
        nodes = 0
        for path in Path(f"/proc/{self.pid}/fdinfo").iterdir():
            # A look opens files, and closes them at once.
            with suppress(FileNotFoundError):
                nodes += path.read_text().count("inotify wd:")
        return nodes

    def switches(self) -> int:
        """Return the number of its context switches, which is at least the number of its wake-ups."""
        return count_switches(self._read_status())

    def resting(self) -> int:
        """Return the number of its context switches if it waits for something to happen, else 0.

        While that stays the same it does not run. It does not rest while it waits for a processor, or in a look.
        """
        status = self._read_status()
        # The function of the kernel in which it sleeps: proc_pid_wchan(5). 0 where that is secret.
        place = Path(f"/proc/{self.pid}/wchan").read_text()
        is_at_rest = status["State"].startswith("S") and ("poll" in place or place == "0")
        return count_switches(status) if is_at_rest else 0

    def close(self) -> None:
        """End it."""
        if self.running():
            self.kill()
        self._service_manager.close()

    def _read_status(self) -> dict[str, str]:
        """Return what the kernel tells of it: proc_pid_status(5)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def _is_ready(self) -> bool:
        assert self.running(), f"unplugd ended:\n{self.stderr}"
        return "READY=1" in self.manager_lines()


def count_switches(status: Mapping[str, str]) -> int:
    """Return the number of context switches in what the kernel tells of a process."""
    return sum(int(number) for name, number in status.items() if name.endswith("ctxt_switches"))
