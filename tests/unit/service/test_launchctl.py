"""What launchctl prints, in the words of its versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd_service import launchctl
from unplugd_service.launchctl import Service
from unplugd_service.system import ProgramResult

PRINTED = (
    "gui/501/local.unplugd = {{\n\tactive count = 0\n\t{}\n\n\tevent channels = {{\n\t\tpid = 1\n\t}}\n}}\n"
)


@pytest.mark.parametrize(
    ("lines", "service"),
    [
        (
            "state = not running\n\truns = 0\n\tlast exit code = (never exited)",
            Service(0, "not running"),
        ),
        (
            "state = running\n\tpid = 512\n\tlast exit code = (never exited)",
            Service(0, "running", 512),
        ),
        (
            "state = spawn scheduled\n\tlast terminating signal = Killed: 9",
            Service(0, "spawn scheduled", 0, " (killed by signal 9)"),
        ),
        (
            "state = spawn scheduled\n\tlast exit code = 78: EX_CONFIG",
            Service(0, "spawn scheduled", 0, " (last exit status 78: EX_CONFIG)"),
        ),
        (
            "state = waiting\n\tlast exit code = (never exited)\n\tlast terminating signal = Segmentation fault: 11",
            Service(0, "waiting", 0, " (killed by signal 11)"),
        ),
        (
            "state = xpcproxy\n\tpid = 9\n\tlast exit code = 0",
            Service(0, "xpcproxy", 9, " (last exit status 0)"),
        ),
    ],
)
def test_a_service_is_read(lines: str, service: Service) -> None:
    """Its state, its process, and how the last one ended."""
    assert launchctl.parse_service(PRINTED.format(lines)) == service


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        (
            "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.\n",
            "Bootstrap failed: 5: Input/output error",
        ),
        ("Bootstrap failed: 5: Input/output error\n", "Bootstrap failed: 5: Input/output error"),
        (
            "/x.plist: service already bootstrapped\nBootstrap failed: 37: Operation already in progress\n",
            "Bootstrap failed: 37: Operation already in progress",
        ),
        (
            'Bad request.\nCould not find service "x" in domain for user gui: 501\n',
            'Could not find service "x" in domain for user gui: 501',
        ),
        ("Try re-running the command as root for richer errors.\n", "exit status 5"),
        ("", "exit status 5"),
    ],
)
def test_an_error_is_told_by_the_line_with_its_number(printed: str, message: str) -> None:
    """Never by the advice behind it."""
    for result in (ProgramResult(5, err=printed), ProgramResult(5, printed)):
        assert launchctl.find_message(result) == message


@given(st.text())
def test_anything_printed_is_borne(text: str) -> None:
    """An interface it is not: the words may be any."""
    assert launchctl.parse_service(text).code == 0
    assert "\n" not in launchctl.find_message(ProgramResult(1, text))
    assert launchctl.is_disabled(text, "local.unplugd") in (True, False)
