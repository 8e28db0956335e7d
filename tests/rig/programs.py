"""Real processes that hold a device node open: one small C program, under whatever name a test gives it."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.child import Child, Process
from tests.rig.tools import need
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping


class Program:
    """One of them: it holds nothing until it is told to."""

    def __init__(self, programs: Programs, child: Child, pid: int) -> None:
        self.pid = pid
        self._programs = programs
        self._child = child

    def open(self, node: str) -> None:
        """Open a node, and hold it."""
        self._do(f"o {node}")

    def write(self, text: str = "?") -> None:
        """Write to what it holds."""
        self._do(f"w {text}")

    def close(self) -> None:
        """Close what it holds."""
        self._do("c")

    def call_itself(self, name: str) -> None:
        """Change the name that `ps` shows; the kernel keeps 15 bytes."""
        self._do(f"n {name}")

    def start(self, name: str) -> Program:
        """Start a child of it, a program of this name."""
        return self._programs.started_by(self._child, name)

    def end(self) -> None:
        """End it, and wait until it has gone."""
        self._programs.end(self._child)
        wait_until(lambda: not Path(f"/proc/{self.pid}").exists(), f"{self._child.name} to end")

    def _do(self, order: str) -> None:
        error = int(self._child.ask(order))
        assert not error, f"{order!r}: {os.strerror(error)}"


class Programs:
    """Where programs come from; they run as the user with the id `user`, if one is given."""

    def __init__(
        self, compiled: Path, folder: Path, environment: Mapping[str, str], user: int | None = None
    ) -> None:
        self._compiled = compiled
        self._folder = folder
        self._environment = environment
        self._user = (
            [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        )
        self._numbers = count(1)
        self._children: list[Child] = []

    def start(self, name: str, *arguments: str) -> Program:
        """Start a program whose file, and so its process, has this name."""
        process = Process([*self._user, self._named(name), *arguments], self._environment)
        self._children.append(process)
        # Its answer says that it has begun, under its own name: an exec is over only after its caller goes on.
        process.ask("")
        return Program(self, process, process.pid)

    def uploader(self, token: str = "a-session-token") -> Program:  # noqa: S107 - not a secret
        """Start what CareLink Uploader looks like: Java with its main jar, and a token in its arguments."""
        return self.start("java", "-jar", "/opt/CareLink/uploader.jar", token)

    def started_by(self, parent: Child, name: str) -> Program:
        """Have `parent` start a program of this name."""
        path = self._named(name)
        pipes = [path.with_name("in"), path.with_name("out")]
        for pipe in pipes:
            os.mkfifo(pipe)
        # For reading and writing, so that nobody waits for the other end.
        child = Child(name, *(os.open(pipe, os.O_RDWR) for pipe in pipes))
        self._children.append(child)
        pid = int(parent.ask(f"f {pipes[0]} {pipes[1]} {path}"))
        assert pid > 0, os.strerror(-pid)
        program = Program(self, child, pid)
        # Its answer says that it has begun, and taken the pipes: nobody opens one that nobody else has open.
        program.call_itself(name)
        return program

    def end(self, child: Child) -> None:
        """Close a program's stdin, which is what it ends at."""
        self._children.remove(child)
        child.close()

    def close(self) -> None:
        """End all of them, children before their parents."""
        for child in reversed(self._children):
            child.close()

    def _named(self, name: str) -> Path:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir(parents=True)
        return Path(shutil.copy(self._compiled, folder / name))


def compiled(folder: Path) -> Path:
    """Compile the program."""
    need("gcc")
    program = folder / "holder"
    subprocess.run(
        ["gcc", "-O", "-Wall", "-Werror", "-o", program, Path(__file__).with_name("holder.c")], check=True
    )
    return program
