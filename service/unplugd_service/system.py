"""The side effects of installing, behind an interface so that --dry-run can print them instead."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from unplugd_service import atomic
from unplugd_service.errors import Failure
from unplugd_service.tilde import hide_home, shorten

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIMEOUT_SECONDS: Final = 60.0
"""Timeout for a program in seconds; starting the service waits until it is ready."""
POLL_SECONDS: Final = 0.25
"""Seconds between polls of a condition."""


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """The exit status and output of a program."""

    code: int
    out: str = ""
    err: str = ""

    @property
    def message(self) -> str:
        """The last line of its output, usually the error message."""
        said = (self.err.strip() or self.out.strip()).encode(errors="replace").decode().splitlines()
        return hide_home(said[-1]) if said else f"exit status {self.code}"


class System(Protocol):
    """The side effects on the computer."""

    def tell(self, text: str) -> None:
        """Tell the person something."""

    def make_folder(self, path: Path) -> None:
        """Create a folder that only the user can access, unless it exists; Failure if that fails."""

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Write a file atomically, creating its folders; Failure if that fails."""

    def touch(self, path: Path) -> None:
        """Mark a folder as changed now; Failure if that fails."""

    def move(self, path: Path, to: Path) -> None:
        """Move a file or folder to an unused path on the same disk; Failure if that fails."""

    def remove(self, path: Path) -> None:
        """Remove a file, if it exists."""

    def remove_folder(self, path: Path) -> None:
        """Remove a folder and everything in it, if it exists."""

    def run(self, *command: str) -> ProgramResult:
        """Run a program and wait until it ends; Failure if it cannot be started or hangs."""

    def carry_out(self, what: str, change: Callable[[], None], /) -> None:
        """Carry out a change that is neither to a file nor a program's; `what` describes it."""

    def wait(self, what: str, condition: Callable[[], bool], seconds: float, /) -> bool:
        """Wait up to `seconds` until `condition` is true; return whether it is. `what` describes the condition."""


class RealSystem:
    """Carries out the side effects. `tell` is called with a line about each file."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def tell(self, text: str) -> None:
        """Tell the person something."""
        self._tell(text)

    def make_folder(self, path: Path) -> None:
        """Create a folder that only the user can access, unless it exists."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot("made", path, error) from None

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Write a file atomically, creating its folders."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic.write(path, data, mode)
        except OSError as error:
            raise _cannot("written", path, error) from None
        self._tell(f"Wrote {shorten(path)}")

    def touch(self, path: Path) -> None:
        """Mark a folder as changed now."""
        try:
            os.utime(path)
        except OSError as error:
            raise _cannot("changed", path, error) from None

    def remove(self, path: Path) -> None:
        """Remove a file, if it exists."""
        try:
            path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _cannot("removed", path, error) from None
        self._tell(f"Removed {shorten(path)}")

    def move(self, path: Path, to: Path) -> None:
        """Move a file or folder to an unused path on the same disk."""
        try:
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(to)
        except OSError as error:
            raise _cannot("written", to, error) from None
        self._tell(f"Wrote {shorten(to)}")

    def remove_folder(self, path: Path) -> None:
        """Remove a folder and everything in it, if it exists."""
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _cannot("removed", path, error) from None
        self._tell(f"Removed {shorten(path)}")

    def run(self, *command: str) -> ProgramResult:
        """Run a program and wait until it ends."""
        return run(*command)

    def carry_out(self, _what: str, change: Callable[[], None]) -> None:
        """Carry out a change."""
        change()

    def wait(self, _what: str, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait up to `seconds` until `condition` is true; return whether it is."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_SECONDS)
        return True


class DryRun:
    """Only prints what would be done; every program succeeds and every wait ends at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def tell(self, text: str) -> None:
        """Tell the person something."""
        self._say(f"# would say: {text}")

    def make_folder(self, path: Path) -> None:
        """Print which folder would be created."""
        self._say(f"# would create the folder {shorten(path)} unless it exists")

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Print what would be written."""
        self._say(f"# would write {shorten(path)} (mode {mode:04o}):")
        self._say(hide_home(data.decode(errors="replace")))

    def touch(self, path: Path) -> None:
        """Print which folder would be marked as changed."""
        self._say(f"# would mark {shorten(path)} as changed now")

    def remove(self, path: Path) -> None:
        """Print what would be removed."""
        self._say(f"# would remove {shorten(path)}")

    def move(self, path: Path, to: Path) -> None:
        """Print what would be moved."""
        self._say(f"# would move {shorten(path)} to {shorten(to)}")

    def remove_folder(self, path: Path) -> None:
        """Print which folder would be removed."""
        self._say(f"# would remove {shorten(path)} and everything in it")

    def run(self, *command: str) -> ProgramResult:
        """Print what would be run."""
        self._say(f"# would run: {hide_home(shlex.join(command))}")
        return ProgramResult(0)

    def carry_out(self, what: str, _change: Callable[[], None]) -> None:
        """Print what would be changed."""
        self._say(f"# would {hide_home(what)}")

    def wait(self, what: str, _condition: Callable[[], bool], seconds: float) -> bool:
        """Print what would be waited for."""
        self._say(f"# would wait up to {seconds:g} s until {what}")
        return True


def run(*command: str) -> ProgramResult:
    """Run a program and return its result; Failure if it cannot be started or hangs."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            # Paths and the environment come as os.environ has them, whatever their bytes.
            errors="surrogateescape",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(
            f"{command[0]} is not responding", "try again; if that does not help, restart the computer"
        ) from None
    except OSError as error:
        raise Failure(
            f"{command[0]} cannot be started: {error.strerror}", "unplugd run works without it"
        ) from None
    return ProgramResult(done.returncode, done.stdout, done.stderr)


def _cannot(what: str, path: Path, error: OSError) -> Failure:
    return Failure(
        f"{shorten(path)} cannot be {what}: {error.strerror or error}",
        f"make sure you can write to {shorten(path.parent)}",
    )
