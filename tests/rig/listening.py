"""A program of the machine's that listens at a port of the loopback: rsyslogd, Prometheus, sshd."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HOST = "127.0.0.1"


class Listening:
    """The program; what it says is in the file `log`. `port` is None if it only sends."""

    def __init__(self, command: Sequence[str | Path], port: int | None, log: Path) -> None:
        self.port = port
        self.log = log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens, as host:port."""
        return f"{HOST}:{self.port}"

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and wait until it listens."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if self.port:
            wait_until(self._answers, f"{self._command[0]} to listen", 30)

    def stop(self) -> None:
        """End it as a service manager does."""
        assert self._process
        self._process.terminate()
        self._process.wait(GIVE_UP)
        self._process = None

    def kill(self) -> None:
        """Kill it and what it started, like a power cut."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(GIVE_UP)
            self._process = None

    def _answers(self) -> bool:
        assert self._process
        if self._process.poll() is not None:
            pytest.fail(f"{self._command[0]} ended:\n{self.log.read_text(errors='replace')}")
        with socket.socket() as connection:
            return connection.connect_ex((HOST, self.port)) == 0


_RESERVED: Final[list[socket.socket]] = []


def reserve_ports(count: int) -> list[int]:
    """Return ports of the loopback that the system gives to nobody else as long as this process lives.

    Who listens at one has to set SO_REUSEADDR, as servers do, so that they can be started again at once.
    """
    sockets = [socket.socket() for _ in range(count)]
    _RESERVED.extend(sockets)
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((HOST, 0))
    return [int(one.getsockname()[1]) for one in sockets]
