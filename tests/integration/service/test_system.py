"""Programs that the service package runs."""

from __future__ import annotations

import pytest

from unplugd_service import system
from unplugd_service.errors import Failure


def test_programs_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing and one that hangs are one line each; the message is the last line of output."""
    with pytest.raises(Failure, match="no-such-program cannot be started: No such file"):
        system.run("no-such-program")
    monkeypatch.setattr(system, "TIMEOUT_SECONDS", 0.05)
    with pytest.raises(Failure, match="sleep is not responding"):
        system.run("sleep", "9")
    assert system.run("sh", "-c", "echo one; echo two >&2; exit 3").message == "two"
    assert system.run("false").message == "exit status 1"
