"""What installing does to the system: files written and removed, programs run. A rehearsal only says what it would do."""

from __future__ import annotations

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
"""Seconds that a program may take: starting the service waits until it is ready."""
POLL_SECONDS: Final = 0.25
"""Seconds between two looks at something that is waited for."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended."""

    code: int
    out: str = ""
    err: str = ""

    @property
    def complaint(self) -> str:
        """The last line it said, which is what it complains of."""
        said = (self.err.strip() or self.out.strip()).splitlines()
        return hide_home(said[-1]) if said else f"exit status {self.code}"


class System(Protocol):
    """Whatever is done to the system is done through these."""

    def tell(self, text: str) -> None:
        """Tell the person something."""

    def folder(self, path: Path) -> None:
        """Make a folder, the user's alone, if it is not there. Failure where it cannot be."""

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Write a file, with its folders: whole or not at all. Failure where it cannot be."""

    def move(self, path: Path, to: Path) -> None:
        """Move a file or folder where nothing is, on the same disk. Failure where it cannot be."""

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""

    def remove_folder(self, path: Path) -> None:
        """Remove a folder with all that is in it, if it is there."""

    def run(self, *command: str) -> Done:
        """Run a program to its end; Failure where it cannot be started or hangs."""

    def wait(self, what: str, condition: Callable[[], bool], seconds: float, /) -> bool:
        """Wait until `condition` is true, at most so many seconds; return whether it is. `what` is what is waited for."""


class RealSystem:
    """Hands that do it. `tell` hears of each file."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def tell(self, text: str) -> None:
        """Tell the person something."""
        self._tell(text)

    def folder(self, path: Path) -> None:
        """Make a folder, the user's alone, if it is not there."""
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot("made", path, error) from None

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Write a file, with its folders: whole or not at all."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic.write(path, data, mode)
        except OSError as error:
            raise _cannot("written", path, error) from None
        self._tell(f"Wrote {shorten(path)}")

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        try:
            path.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _cannot("removed", path, error) from None
        self._tell(f"Removed {shorten(path)}")

    def move(self, path: Path, to: Path) -> None:
        """Move a file or folder where nothing is, on the same disk."""
        try:
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(to)
        except OSError as error:
            raise _cannot("written", to, error) from None
        self._tell(f"Wrote {shorten(to)}")

    def remove_folder(self, path: Path) -> None:
        """Remove a folder with all that is in it, if it is there."""
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _cannot("removed", path, error) from None
        self._tell(f"Removed {shorten(path)}")

    def run(self, *command: str) -> Done:
        """Run a program to its end."""
        return run(*command)

    def wait(self, _what: str, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until `condition` is true, at most so many seconds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_SECONDS)
        return True


class DryRun:
    """Hands that only say what they would do: each program succeeds and each wait is over at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def tell(self, text: str) -> None:
        """Tell the person something."""
        self._say(f"# would say: {text}")

    def folder(self, path: Path) -> None:
        """Say which folder would be made."""
        self._say(f"# would make the folder {shorten(path)}, if it is not there")

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Say what would be written."""
        self._say(f"# would write {shorten(path)} (mode {mode:04o}):")
        self._say(hide_home(data.decode(errors="replace")))

    def remove(self, path: Path) -> None:
        """Say what would be removed."""
        self._say(f"# would remove {shorten(path)}")

    def move(self, path: Path, to: Path) -> None:
        """Say what would be moved."""
        self._say(f"# would move {shorten(path)} to {shorten(to)}")

    def remove_folder(self, path: Path) -> None:
        """Say which folder would be removed."""
        self._say(f"# would remove {shorten(path)}, with all that is in it")

    def run(self, *command: str) -> Done:
        """Say what would be run."""
        self._say(f"# would run: {hide_home(shlex.join(command))}")
        return Done(0)

    def wait(self, what: str, _condition: Callable[[], bool], seconds: float) -> bool:
        """Say what would be waited for."""
        self._say(f"# would wait, {seconds:g} s at most, until {what}")
        return True


def run(*command: str) -> Done:
    """Run a program that only tells something, to its end; Failure where it cannot be started or hangs."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(
            f"{command[0]} does not end", "try again; if it stays so, restart the computer"
        ) from None
    except OSError as error:
        raise Failure(
            f"{command[0]} cannot be started: {error.strerror}", "unplugd run watches without it"
        ) from None
    return Done(done.returncode, done.stdout, done.stderr)


def _cannot(what: str, path: Path, error: OSError) -> Failure:
    return Failure(
        f"{shorten(path)} cannot be {what}: {error.strerror or error}",
        f"make {shorten(path.parent)} a folder that you can write to",
    )
