"""What the simulated Mac remembers between its programs: a folder, named by an environment variable."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "UNPLUGD_SIMULATED_MAC"
REFUSED = 64
"""Exit status of a program that was asked what it does not know."""


class State:
    """The folder. Both the programs and the tests look into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = folder / "jobs"
        self.no_session = folder / "no-session"
        self.applets = folder / "applets"
        self._calls = folder / "calls"
        self._shown = folder / "shown"
        self._refusals = folder / "refusals"

    # --- what the programs do with it

    def called(self, program: str, arguments: Sequence[str]) -> str | int | None:
        """Note a call, and return how it is to misbehave, None if it is not."""
        order = self._next_order(program, *arguments[:1])
        # Once a test sees the call, its order is used up, and cannot be the next one's.
        _append(self._calls, [program, *arguments])
        while order == "hang":
            signal.pause()
        return order

    def refuse(self, what: str) -> NoReturn:
        """End the program because it was asked for something it does not know."""
        _append(self._refusals, what)
        print(f"simulated Mac: {what}", file=sys.stderr)
        sys.exit(REFUSED)

    def show(self, by: str, title: str, text: str) -> None:
        """Have a notification shown."""
        _append(self._shown, [by, title, text])

    @property
    def disabled(self) -> list[str]:
        """The services that are switched off."""
        return list(self._read("disabled", []))

    @disabled.setter
    def disabled(self, labels: list[str]) -> None:
        self._write("disabled", labels)

    @property
    def version(self) -> str:
        """The version of macOS, as which launchctl prints: "26", or "10.15"."""
        return str(self._read("version", "26"))

    @version.setter
    def version(self, version: str) -> None:
        self._write("version", version)

    @property
    def throttle(self) -> float:
        """Seconds before a program that failed is started again: launchd waits for ThrottleInterval."""
        return float(self._read("throttle", 0.02))

    @throttle.setter
    def throttle(self, seconds: float) -> None:
        self._write("throttle", seconds)

    # --- what the tests do with it

    def misbehave(self, call: str, *orders: str | int) -> None:
        """Have the next calls of a program ("open") or one of its commands ("launchctl print") go wrong, one each."""
        self._write("orders", {**self._orders(), call: list(orders)})

    @property
    def calls(self) -> list[list[str]]:
        """Every call so far: the program and its arguments."""
        return _lines(self._calls)

    @property
    def shown(self) -> list[tuple[str, str, str]]:
        """The notifications so far: by which application, title, text."""
        return [(by, title, text) for by, title, text in _lines(self._shown)]

    @property
    def refusals(self) -> list[str]:
        """What the programs did not know."""
        return _lines(self._refusals)

    # --- inside

    def _next_order(self, *words: str) -> str | int | None:
        orders = self._orders()
        for call in (" ".join(words), words[0]):
            if orders.get(call):
                order = orders[call].pop(0)
                self._write("orders", orders)
                return order
        return None

    def _orders(self) -> dict[str, list[str | int]]:
        return dict(self._read("orders", {}))

    def _read(self, name: str, default: Any) -> Any:
        file = self.folder / name
        return json.loads(file.read_text()) if file.exists() else default

    def _write(self, name: str, value: object) -> None:
        fresh = self.folder / f".{name}.{os.getpid()}"
        fresh.write_text(json.dumps(value))
        fresh.replace(self.folder / name)


def here() -> State:
    """Return the state that this program was told of."""
    return State(Path(os.environ[VARIABLE]))


def _append(file: Path, value: object) -> None:
    with file.open("a") as lines:
        lines.write(f"{json.dumps(value)}\n")


def _lines(file: Path) -> list[Any]:
    # What follows the last line end is still being written.
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]] if file.exists() else []
