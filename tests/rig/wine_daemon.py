"""unplugd on a machine with Windows, run as its users run it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from tests.rig.daemon import Done
from tests.rig.journal_reader import JournalReader
from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.rig.wine import Windows


class WineDaemon(JournalReader):
    """`unplugd run`, which a test starts and stops; the person's folders, in `folder`, stay the same."""

    patience = 30.0

    def __init__(self, windows: Windows, folder: Path) -> None:
        self.windows = windows
        self.environment = windows.make_profile(folder)
        self.state = folder / "AppData/Local/unplugd"
        self.journal = self.state / "events.jsonl"
        self.configuration = folder / "AppData/Roaming/unplugd/config.toml"
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> None:
        """Start it, and wait until it watches."""
        starts = len(self.events("config_loaded"))
        self.process = process = self.launch("run", *arguments)

        def is_ready() -> bool:
            if process.poll() is not None:
                raise AssertionError(self._read_errors())
            return len(self.events("config_loaded")) > starts

        wait_until(is_ready, "unplugd to watch", 30)

    def launch(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command, which then has to be read and waited for."""
        return self.windows.start("-m", "unplugd", *arguments, environment=self.environment)

    def command(self, *arguments: str) -> Done:
        """Run a command to its end."""
        done = self.windows.run("-m", "unplugd", *arguments, environment=self.environment)
        return Done(done.returncode, done.stdout, done.stderr)

    def command_that_starts_another(self, *arguments: str) -> Done:
        """Run a command to its end, but not to that of its pipes: in Wine, what it has started has them, too."""
        with self.launch(*arguments) as process:
            assert process.stdin
            process.stdin.close()
            code = process.wait(GIVE_UP)
            return Done(code, _read_rest(process.stdout), _read_rest(process.stderr))

    def status(self) -> dict[str, Any]:
        """Return the answer of `unplugd status --json`, asked again while a busy machine keeps unplugd from answering."""

        def ask() -> Done | None:
            done = self.command("status", "--json")
            return None if "running but not responding" in done.stderr else done

        done = wait_until(ask, "unplugd to answer", 60)
        assert done
        assert done.code == 0, done.stderr
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    def ask_to_end(self) -> tuple[int, str]:
        """Have taskkill ask it to end, as it does without /F; return its exit status and what it has written to stderr."""
        closed = self.windows.run_program("taskkill.exe", "/PID", self.read_process())
        assert closed.returncode == 0, closed.stdout
        return self.wait_for_end()

    def wait_for_end(self) -> tuple[int, str]:
        """Wait until it has ended; return its exit status and what it has written to stderr."""
        process = self.process
        assert process
        wait_until(lambda: process.poll() is not None, "unplugd to end", 30)
        errors = self._read_errors()
        self.process = None
        return process.returncode, errors

    def kill(self) -> None:
        """Kill it, like a crash."""
        assert self.process
        self.process.kill()
        self.process.wait(GIVE_UP)
        self._read_errors()
        self.process = None

    def read_process(self) -> str:
        """Return its process id there, as it has written it."""
        return (self.state / "events.lock").read_text().partition("\n")[0]

    def write_config(self, text: str) -> None:
        """Write the configuration file."""
        self.configuration.parent.mkdir(exist_ok=True)
        self.configuration.write_text(text)

    def close(self) -> None:
        """End it."""
        if self.process:
            self.kill()

    def _read_errors(self) -> str:
        """Return what it has written to stderr, and close its pipes."""
        assert self.process
        # A program of Windows' own that it has made start may keep them open.
        errors = _read_rest(self.process.stderr)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        return errors


def _read_rest(pipe: IO[str] | None) -> str:
    """Return what is in a pipe, without waiting for its end."""
    assert pipe
    os.set_blocking(pipe.fileno(), False)
    with suppress(BlockingIOError):
        return os.read(pipe.fileno(), 1_000_000).decode()
    return ""
