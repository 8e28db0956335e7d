"""A simulated Mac for a test: its programs on PATH, its user at home, and what they did."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.mac.launchd import UID
from tests.rig.mac.state import VARIABLE, State
from tests.rig.wait import wait_until

if TYPE_CHECKING:
    import pytest

__all__ = ["UID", "USER", "Mac"]
USER = "wilhelmina"


class Mac(State):
    """The machine of one user, who is logged in on its screen."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder / "mac")
        self.folder.mkdir()
        # Its programs are Python: the one that is fastest to start.
        python = self.folder / "python3"
        python.symlink_to(Path(sys.executable).resolve())
        self.home = folder / "Users" / USER
        self.home.mkdir(parents=True)
        self.environment = {
            "HOME": str(self.home),
            "PATH": f"{Path(__file__).parent}:{self.folder}:{os.environ['PATH']}",
            VARIABLE: str(self.folder),
        }
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def log_out(self) -> None:
        """Have no session on the screen, as when somebody comes over ssh."""
        self.no_session.touch()

    def job(self, label: str) -> dict[str, Any]:
        """Return what launchd knows of a service, {} if it is not loaded."""
        with suppress(OSError):
            job: dict[str, Any] = json.loads((self.jobs / label).read_text())
            return job
        return {}

    def kill(self, label: str, number: int) -> None:
        """Send a signal to the program of a service, which has to be running."""
        process = self.job(label).get("pid")
        # 0 would be everybody here.
        assert process, f"{label} does not run"
        os.kill(process, number)

    @property
    def shown(self) -> list[tuple[str, str, str]]:
        """The notifications, once every applet has shown what there is."""
        wait_until(lambda: not any(self.applets.glob("*")), "the applets to end")
        return super().shown

    def close(self) -> None:
        """End every agent and its keeper, and see that no program was asked for what it does not know."""
        wait_until(lambda: not any(self.applets.glob("*")), "the applets to end")
        for job in self._loaded():
            with suppress(ProcessLookupError):
                os.kill(job["keeper"], signal.SIGTERM)
        wait_until(lambda: not self._loaded(), "the agents to end")
        assert not self.refusals

    def _loaded(self) -> list[dict[str, Any]]:
        # What ends just now may go between the list and the look.
        return [job for file in self.jobs.glob("[!.]*") if (job := self.job(file.name))]
