"""What a person sees on a desktop in each situation, as pictures: `python -m tests.rig.gallery NAME [FOLDER]`.

NAME is one of `desktops.KINDS`; the pictures go to tests/artifacts unless a FOLDER is given.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.rig.daemon import Daemon
from tests.rig.desktop import ARTIFACTS
from tests.rig.desktops import KINDS
from tests.rig.programs import Programs, compiled
from tests.rig.session import Session
from tests.rig.usb import METER, STICK, Testbed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.rig.desktops import Kind

STRANGER = "my-uploader"
"""A program that unplugd does not know."""


def take_pictures(session: Session, daemon: Daemon, usb: Testbed, programs: Programs, folder: Path) -> None:
    """Bring about each situation, wait until it is seen, and save what is seen; the daemon is not yet running."""
    daemon.remind(1)
    stick = usb.plug(STICK)
    daemon.wait_for("reminded")
    session.seen()
    session.save(folder, "normal")
    daemon.remind(2)
    daemon.wait_for("reminded", 2)
    session.seen()
    session.save(folder, "urgent")
    if session.kind.buttons:
        session.press(0, lambda: daemon.events("snoozed"))
        daemon.wait_for("reminded", 3)
        session.seen()
        session.press(1, lambda: daemon.events("reminder_ended", outcome="in_use"))
        session.seen_no_more()
        stick.unplug()
        stick = usb.plug(STICK, "1-1.4")
        daemon.remind(2)
        daemon.wait_for("reminded", urgency="critical", devices=[stick.port])
        session.seen()
    one = session.screen.picture()
    meter = usb.plug(METER, "1-1.3")
    daemon.wait_for("reminded", devices=sorted([stick.port, meter.port]))
    session.seen_anew(one)
    session.save(folder, "two-devices")
    two = session.screen.picture()
    meter.unplug()
    session.seen_anew(two)
    session.save(folder, "updated")
    stick.unplug()
    session.seen_no_more()
    session.save(folder, "unplugged")
    daemon.config('[notify]\nchannels = ["desktop"]', after_plug_in="1h")
    daemon.reload()
    meter = usb.plug(METER, "1-1.3")
    program = programs.start(STRANGER)
    program.open(meter.nodes[1])
    daemon.wait_for("stranger")
    session.seen()
    session.save(folder, "unknown-program")
    program.close()
    meter.unplug()
    session.seen_no_more()


@contextmanager
def prepare(kind: Kind, folder: Path) -> Iterator[tuple[Session, Daemon, Testbed]]:
    """Start a desktop; yield it, a daemon that is not yet running, and what it watches."""
    with ExitStack() as stack:
        session = stack.enter_context(closing(Session(kind, folder)))
        session.start()
        usb = stack.enter_context(closing(Testbed()))
        (folder / "daemon").mkdir()
        nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/no-system-bus"}
        environment = {**usb.environment, **nowhere, **session.bus.environment}
        yield session, stack.enter_context(closing(Daemon(folder / "daemon", environment))), usb


def main(arguments: Sequence[str]) -> int:
    """Take the pictures of one desktop."""
    name, *folders = arguments
    folder = Path(folders[0]) if folders else ARTIFACTS
    with TemporaryDirectory(prefix="unplugd-gallery-") as home:
        work = Path(home)
        try:
            with (
                prepare(KINDS[name], work) as (session, daemon, usb),
                closing(Programs(compiled(work), work / "programs", usb.environment)) as programs,
            ):
                take_pictures(session, daemon, usb, programs, folder)
        except pytest.skip.Exception as missing:
            sys.exit(f"error: {missing}")
    print(*sorted(folder.glob(f"{name}-*.png")), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
