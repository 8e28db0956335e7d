"""A Dask cluster of real processes: a scheduler, and workers that run the installed unplugd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.rig.wait import GIVE_UP, wait_until

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

ENVIRONMENT = {"DASK_DISTRIBUTED__WORKER__DAEMON": "False", "PYTHONWARNINGS": "ignore"}


class Cluster:
    """A scheduler on a port of its own, with so many workers, which have other current folders."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self._folder = folder
        self._written = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(self._written))
        self.address = ""
        self.workers: list[subprocess.Popen[bytes]] = []
        try:
            self.address = wait_until(self._read_address, "the scheduler", 60)
            for number in range(workers):
                self.add_worker(number)
        except BaseException:
            self.close()
            raise

    def add_worker(self, number: int) -> None:
        """Start one more worker, with one thread; it has joined when its line in the log says so."""
        process = self._start(
            "worker",
            self.address,
            "--nthreads",
            "1",
            "--no-nanny",
            "--death-timeout",
            str(GIVE_UP),
            name=f"worker-{number}",
        )
        self.workers.append(process)
        log = self._folder / f"worker-{number}.log"
        wait_until(lambda: "Registered to" in log.read_text(), f"worker {number}", 60)

    def close(self) -> None:
        """End all of it."""
        for process in (*self.workers, self.scheduler):
            process.kill()
        for process in (*self.workers, self.scheduler):
            process.wait(GIVE_UP)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, *arguments: str, name: str = "scheduler") -> subprocess.Popen[bytes]:
        place = self._folder / f"{name}-folder"
        place.mkdir()
        where = ("--host", "127.0.0.1", "--no-dashboard")
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, *where],
                cwd=place,
                env={**os.environ, **ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _read_address(self) -> str:
        try:
            return str(json.loads(self._written.read_text())["address"])
        except (OSError, ValueError):
            return ""
