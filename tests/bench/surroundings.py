"""The machine that a benchmark measures on: test bed, buses, notification server, and the installed unplugd."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.rig.bus import Bus
from tests.rig.child import Process
from tests.rig.daemon import Daemon
from tests.rig.login import Login
from tests.rig.server import Server
from tests.rig.tools import need
from tests.rig.usb import Testbed

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


class Surroundings:
    """All of it, in a folder that goes away."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="unplugd-bench-")))
        self.usb = self.testbed()
        self.bus = Bus(self.folder / "session")
        system = Bus(self.folder / "system", "DBUS_SYSTEM_BUS_ADDRESS")
        for bus in (self.bus, system):
            bus.start()
            stack.callback(bus.kill)
        stack.callback(Login(system).close)
        self.server = Server(self.bus)
        self.server.start()
        stack.callback(self.server.kill)
        environment = {**self.usb.environment, **system.environment, **self.bus.environment}
        self.daemon = Daemon(self.folder, environment)
        stack.callback(self.daemon.close)

    def testbed(self) -> Testbed:
        """Return one more machine to plug devices into."""
        testbed = Testbed()
        self._stack.callback(testbed.close)
        return testbed

    def process(self, *arguments: str | Path, **environment: str) -> Process:
        """Return a process that has said its first line, in the environment of this one and this."""
        process = Process(arguments, {**os.environ, **environment})
        self._stack.callback(process.close)
        process.hear()
        return process

    def compiled(self, name: str, *libraries: str, shared: bool = False) -> Path:
        """Return the program made of a C file of this folder, or the shared library."""
        need("gcc")
        program = self.folder / name
        flags = [*(["-shared", "-fPIC"] if shared else []), *(f"-l{library}" for library in libraries)]
        compiler = ["gcc", "-O2", "-Wall", "-o", str(program), str(HERE / f"{name}.c"), *flags]
        done = subprocess.run(compiler, capture_output=True, text=True, check=False)
        if done.returncode:
            packages = " ".join(["libc6-dev", *(f"lib{library}-dev" for library in libraries)])
            pytest.fail(f"{done.stderr}hint: sudo apt-get install {packages}")
        return program


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Yield them, and take them away."""
    with ExitStack() as stack:
        yield Surroundings(stack)


def rest(seconds: float) -> None:
    """Let time pass: a benchmark measures what happens in it."""
    time.sleep(seconds)
