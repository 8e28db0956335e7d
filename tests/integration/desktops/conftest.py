"""A desktop that all tests of a module share, since it takes seconds to start; each has a daemon of its own."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.rig.desktops import KINDS
from tests.rig.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.bus import Bus
    from tests.rig.daemon import Daemon


@pytest.fixture(scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Yield the desktop that the module names as `KIND`; running."""
    # A short path, since sockets have to be in it.
    with (
        TemporaryDirectory(prefix="unplugd-tests-") as folder,
        closing(Session(KINDS[request.module.KIND], Path(folder))) as session,
    ):
        session.start()
        yield session


@pytest.fixture
def bus(session: Session) -> Bus:
    """Return its session bus."""
    return session.bus


@pytest.fixture
def daemon(daemon: Daemon, session: Session) -> Iterator[Daemon]:
    """Yield unplugd in that session, with nobody there; what it shows is gone before the next test."""
    session.leave()
    yield daemon
    if daemon.running():
        daemon.stop()
    session.seen_no_more()
