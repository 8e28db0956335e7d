"""What every end-to-end test is made of, as fixtures; see `tests/rig`."""

from __future__ import annotations

import os
import signal
import time
from inspect import isclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

from tests.rig.bus import Bus
from tests.rig.child import Child
from tests.rig.daemon import Daemon
from tests.rig.desktop import Desktop, Screen
from tests.rig.login import Login
from tests.rig.programs import Programs, compiled
from tests.rig.server import Server
from tests.rig.usb import Testbed
from tests.rig.user_manager import UserManager

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

NO_SKIPS = "UNPLUGD_NO_SKIPS"
REAL = (Bus, Child, Daemon, Desktop, Login, Programs, Screen, Server, Testbed, UserManager)
"""The parts of the rig that are processes of this machine."""
VIRTUAL = Path(__file__).with_name("vm")
PERSONAL = (
    *("DBUS_", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_", "NOTIFY_SOCKET", "JOURNAL_STREAM"),
    *("LANG", "LC_", "TZ", "TERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLORTERM"),
    *("PAGER", "MANPAGER", "LESS", "SYSTEMD_", "WATCHDOG_"),
)
"""How the variables begin that say something of whoever runs the tests: session, folders, language, terminal."""
HARMLESS = {"_usual_umask", "open_folder"}
"""Fixtures of this file that are nothing that another test could see."""
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
    os.environ.update(HOME=home.name, XDG_CACHE_HOME=cache, LANG="C.UTF-8", TZ="UTC")
    time.tzset()
    # A shell has what it starts in the background ignore it, and that is handed on to every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes says how busy the machine is.
    settings.register_profile("tests", deadline=None)
    settings.load_profile("tests")


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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests that may not run beside others of their kind: `make test` runs each kind by itself."""
    if kind := kind_of(item):
        item.add_marker(kind)


def kind_of(item: pytest.Item) -> str:
    """Return the mark of a test, "" if it may run beside any other.

    A daemon looks at all processes of the machine: it would see the upload software that another test has started.
    """
    if VIRTUAL in item.path.parents:
        return "virtual_machine"
    names = vars(getattr(item, "module", pytest)).values()
    if any(isclass(value) and issubclass(value, REAL) for value in names):
        return "machine"
    rig = {name for name, value in globals().items() if isinstance(value, type(usb))} - HARMLESS
    return "machine" if rig.intersection(getattr(item, "fixturenames", ())) else ""


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Let no test's command, which keeps everything to itself, decide what the next one's users may read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that every user may enter: to `tmp_path` the way is closed, and all tests that run go it."""
    with TemporaryDirectory(prefix="unplugd-tests-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """Yield a session bus."""
    bus = Bus(tmp_path / "session")
    bus.start()
    yield bus
    bus.kill()


@pytest.fixture
def system_bus(tmp_path: Path) -> Iterator[Bus]:
    """Yield a system bus."""
    bus = Bus(tmp_path / "system", "DBUS_SYSTEM_BUS_ADDRESS")
    bus.start()
    yield bus
    bus.kill()


@pytest.fixture
def login(system_bus: Bus) -> Iterator[Login]:
    """Yield a login manager on the system bus."""
    login = Login(system_bus)
    yield login
    login.close()


@pytest.fixture
def server(bus: Bus) -> Iterator[Server]:
    """Yield a notification server that does as told; running."""
    server = Server(bus)
    server.start()
    yield server
    refused = server.refused
    server.kill()
    assert not refused


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """Yield a screen without a monitor."""
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture
def desktop(bus: Bus, screen: Screen, tmp_path: Path) -> Iterator[Desktop]:
    """Yield a desktop that shows notifications (dunst); running."""
    desktop = Desktop(bus, screen, tmp_path / "desktop")
    desktop.start()
    yield desktop
    desktop.kill()


@pytest.fixture
def usb() -> Iterator[Testbed]:
    """Yield a machine with a USB hub (1-1) and nothing in it."""
    testbed = Testbed()
    yield testbed
    testbed.close()


@pytest.fixture(scope="session")
def compiled_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program that holds a node."""
    return compiled(tmp_path_factory.mktemp("program"))


@pytest.fixture
def programs(usb: Testbed, compiled_program: Path, tmp_path: Path) -> Iterator[Programs]:
    """Yield programs on that machine, to hold its devices."""
    programs = Programs(compiled_program, tmp_path / "programs", usb.environment)
    yield programs
    programs.close()


@pytest.fixture
def daemon(usb: Testbed, bus: Bus, tmp_path: Path) -> Iterator[Daemon]:
    """Yield the installed unplugd on that machine and that bus; not yet running, and without a display."""
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/no-system-bus"}
    daemon = Daemon(tmp_path, {**usb.environment, **nowhere, **bus.environment})
    yield daemon
    daemon.close()
    # Shown where the test failed.
    print(daemon.stderr)
    print(daemon.journal.read_text() if daemon.journal.exists() else "no journal")
    assert "Traceback" not in daemon.stderr
