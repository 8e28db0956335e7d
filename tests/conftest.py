"""Every test has a home, a language and a time zone of its own; where nothing may be skipped, a skipped test has failed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

from tests.not_on_windows import FILES, FIXTURES
from tests.rig.zone import set_zone

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

NO_SKIPS = "UNPLUGD_NO_SKIPS"
PERSONAL = (
    *("DBUS_", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_", "NOTIFY_SOCKET", "JOURNAL_STREAM"),
    *("LANG", "LC_", "TZ", "TERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLORTERM"),
    *("PAGER", "MANPAGER", "LESS", "SYSTEMD_", "WATCHDOG_"),
)
"""How the variables begin that say something of whoever runs the tests: session, folders, language, terminal."""
LEFT_OUT = pytest.StashKey[list[tuple[str, str]]]()
"""The tests that are not for Windows, each with the reason."""
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give the tests a home, a language and a time zone of their own, and no session: they pass on any desktop."""
    home = TemporaryDirectory(prefix="unplugd-home-")
    config.add_cleanup(home.cleanup)
    # What takes minutes to download or to build is kept where it was.
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    for name in [name for name in os.environ if name.startswith(PERSONAL)]:
        del os.environ[name]
    os.environ.update(HOME=home.name, XDG_CACHE_HOME=cache, LANG="C.UTF-8")
    os.environ.update(USERPROFILE=home.name, APPDATA=home.name, LOCALAPPDATA=home.name)
    set_zone("UTC")
    config.addinivalue_line("markers", "not_on_windows(reason): what it tests is not there, or not so")
    # A shell has what it starts in the background ignore it, and that is handed on to every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes says how busy the machine is.
    # A system call of Wine's takes its time. What is tried with chosen examples there is tried with all elsewhere.
    few = settings(deadline=None, max_examples=10, database=None)
    settings.register_profile("tests", few if sys.platform == "win32" else settings(deadline=None))
    settings.load_profile("tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On Windows, leave out what cannot be tested there."""
    if sys.platform == "win32":
        for item in items:
            for name in FIXTURES.keys() & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.not_on_windows(FIXTURES[name]))
        left_out = [item for item in items if item.get_closest_marker("not_on_windows")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[LEFT_OUT] = list(FILES.items()) + [
            (item.nodeid.partition("[")[0].removeprefix("tests/unit/"), marker.args[0])
            for item in left_out
            if (marker := item.get_closest_marker("not_on_windows"))
        ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was left out on Windows, with the reason."""
    if left_out := config.stash.get(LEFT_OUT, []):
        terminalreporter.section("not on Windows")
        for name, reason in dict.fromkeys(left_out):
            terminalreporter.line(f"{name}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be skipped, a skipped test has failed."""
    return not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Likewise a skipped module."""
    return not_skipped((yield))


def not_skipped(report: Report) -> Report:
    """Return the report, of a failure instead of a skip where nothing may be skipped."""
    if report.outcome == "skipped" and os.environ.get(NO_SKIPS) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"{reason}, and {NO_SKIPS} is set"
    return report


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Let no test's command, which keeps everything to itself, decide what the next one's users may read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _same_time_zone() -> Iterator[None]:
    """Give the next test the time zone that this one had."""
    yield
    set_zone("UTC")
