"""The real things that integration tests are made of, as fixtures; see `tests/rig`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.rig.bus import Bus
from tests.rig.daemon import Daemon
from tests.rig.desktop import Desktop, Screen
from tests.rig.login import Login
from tests.rig.programs import Programs, compiled
from tests.rig.server import Server
from tests.rig.usb import Testbed

if TYPE_CHECKING:
    from collections.abc import Iterator


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
