"""What a person does with the simulated Mac on which unplugd runs: plug in, unplug, let it sleep."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.iokit import MATCH, TERMINATE, compiled
from tests.rig.mac import unplugd
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from tests.rig.mac.state import State


class Usb:
    """The Mac's USB devices, and the command `script`, which is unplugd there."""

    def __init__(self, state: State, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._machine = unplugd.Machine(state.folder / "usb")
        self._machine.folder.mkdir()
        os.mkfifo(self._machine.orders)
        # For reading and writing: orders may be given while nothing runs.
        self._pipe = os.open(self._machine.orders, os.O_RDWR)
        self._count = 0
        self._entries: list[dict[str, Any]] = []
        self._slept = 0.0
        self._keep()
        monkeypatch.setenv(unplugd.LIBRARY, str(compiled()))
        script.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
            # What chooses by the system when it is imported has to choose Linux, and unplugd macOS.
            "import multiprocessing, socket, subprocess, threading, zoneinfo, psutil\nsys.platform = 'darwin'\n"
            "from tests.rig.mac.unplugd import main\nsys.exit(main(sys.argv[1:]))\n"
        )
        script.chmod(0o755)

    def plug(self, *entries: dict[str, Any]) -> None:
        """Have exactly these entries, and announce those that are new."""
        known = [entry["IORegistryEntryID"] for entry in self._entries]
        new = [entry["IORegistryEntryID"] for entry in entries]
        self.change(*entries, announce=[(MATCH, number) for number in new if number not in known])

    def unplug(self) -> None:
        """Have nothing plugged in, and announce it."""
        self.change(announce=[(TERMINATE, 0)])

    def change(self, *entries: dict[str, Any], announce: Sequence[tuple[str, int]] = ()) -> None:
        """Have exactly these entries. That a program has opened or closed a device is announced to nobody."""
        self._entries = list(entries)
        self._keep()
        self._order("lay", *announce)

    def end_under_the_look(self, number: int, calls: int, *left: dict[str, Any]) -> None:
        """Let an entry end under a look, after so many calls on it; `left` is what is there from then on."""
        self._order("doom", number, calls)
        self.change(*left)

    def sleep(self, seconds: float) -> None:
        """Let the Mac sleep, and wake up."""
        self._slept += seconds
        self._keep()
        self._order("sleep")

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)

    def _keep(self) -> None:
        fresh = self._machine.folder / "fresh"
        fresh.write_text(json.dumps([self._entries, self._slept]))
        fresh.replace(self._machine.kept)

    def _order(self, *words: object) -> None:
        self._count += 1
        os.write(self._pipe, f"{json.dumps([self._count, *words])}\n".encode())
        wait_until(
            lambda: self._machine.count_done() >= self._count, f"the order {words[0]} to be carried out"
        )
