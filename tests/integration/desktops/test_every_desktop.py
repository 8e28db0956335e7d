"""Every desktop that is installed (`make test-desktops`): the reminders are seen there, change, and go."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.rig.desktop import ARTIFACTS
from tests.rig.desktops import KINDS
from tests.rig.gallery import take_pictures
from tests.rig.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.daemon import Daemon
    from tests.rig.programs import Programs
    from tests.rig.usb import Testbed


@pytest.fixture(params=KINDS)
def session(request: pytest.FixtureRequest, open_folder: Path) -> Iterator[Session]:
    """Yield each desktop; running."""
    kind = KINDS[request.param]
    if kind.fault:
        request.applymarker(pytest.mark.xfail(reason=kind.fault, strict=False))
    with closing(Session(kind, open_folder)) as session:
        session.start()
        yield session


def test_every_situation_is_seen(session: Session, daemon: Daemon, usb: Testbed, programs: Programs) -> None:
    """A reminder, an urgent one, two devices, one of them unplugged, none, an unknown program; see tests/artifacts."""
    take_pictures(session, daemon, usb, programs, ARTIFACTS)
