"""`unplugd run` and `unplugd demo`."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from unplugd import paths
from unplugd.cli.terminal import say, tell
from unplugd.config.file import load_settings
from unplugd.errors import Failure
from unplugd.journal import sentences
from unplugd.platforms.current import current_platform
from unplugd.watch import lock, stderr_file
from unplugd.watch.daemon import Daemon

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths
    from unplugd.rules.model import Record


def run(arguments: argparse.Namespace, where: Paths) -> int:
    """Watch until stopped."""
    file = arguments.config or where.config
    if arguments.config and not file.exists():
        raise Failure(f"there is no file {arguments.config}", "unplugd config init writes one to start from")

    stderr_file.trim(where.log)
    # Nobody reads what a service says before it ends.
    stubborn = bool(os.environ.get("UNPLUGD_SERVICE"))
    # A person at a terminal sees what happens; in a service's log the journal would only stand twice.
    on_terminal = bool(sys.stderr and sys.stderr.isatty())
    told = _tell_person if on_terminal else _tell_nobody
    try:
        daemon = Daemon(
            current_platform(where), where, lambda: load_settings(file), _diagnose, told, stubborn=stubborn
        )
    except lock.HeldError as held:
        process = f" (process {held.holder})" if held.holder else ""
        raise Failure(f"unplugd is already running{process}", "unplugd status shows what it sees") from None
    except OSError as error:
        raise _cannot_start(error, where) from None
    if on_terminal:
        _diagnose("watching; Ctrl-C ends it, unplugd status shows what it sees")
    elif not stubborn:
        # Of a service its manager says that it was started.
        _diagnose("watching; unplugd status shows what it sees")
    try:
        daemon.run()
    finally:
        daemon.close()
    return 0


def _diagnose(text: str) -> None:
    tell(f"unplugd: {text}")
    stderr_file.trim(paths.find_paths().log)


def _tell_person(record: Record) -> None:
    tell(f"{time.strftime('%H:%M:%S')}  {_told(record)}")


def _tell_nobody(_record: Record) -> None:
    pass


def _told(record: Record) -> str:
    device = record.device
    about = {"device": device.port, "name": device.name} if device else {}
    return sentences.describe({"event": record.event, **about, **record.fields})


def _cannot_start(error: OSError, where: Paths) -> Failure:
    if error.filename is None:
        return Failure(f"cannot start: {error.strerror or error}", "unplugd doctor")
    folders = f"{paths.shorten(where.state)} and {paths.shorten(where.runtime)}"
    return Failure(f"cannot start: {error.strerror or error}", f"make sure you can write to {folders}")


def demo(arguments: argparse.Namespace, where: Paths) -> int:
    """Tell the whole story on a simulated device."""
    from unplugd.platforms import simulated  # noqa: PLC0415 - `run` does not need it, and the name is the command's, too

    speed = simulated.FAST_FACTOR if arguments.fast else 1.0
    own = paths.Paths(where.configuration, where.state / "demo", where.runtime / "demo")
    began = time.monotonic()

    def narrate(text: str, mark: str = " ") -> None:
        print(f"{(time.monotonic() - began) * speed:4.0f} s {mark} {text}", flush=True)

    say("This simulates a CareLink USB stick. The notifications are real, and minutes pass as seconds.")
    daemon: Daemon | None = None
    platform = simulated.SimulatedPlatform(
        current_platform(own),
        speed,
        lambda text: narrate(text, ">"),
        lambda: daemon.stop("over") if daemon else None,
    )

    happened: set[str] = set()

    def told(record: Record) -> None:
        happened.add(record.event)
        narrate(_told(record))

    try:
        daemon = Daemon(
            platform, own, lambda: simulated.demo_settings(speed), lambda text: say(f"unplugd: {text}"), told
        )
    except lock.HeldError:
        raise Failure("another demo is running", "wait until it is over, or stop it with Ctrl-C") from None
    except OSError as error:
        raise _cannot_start(error, own) from None
    interrupted = False
    try:
        interrupted = daemon.run() == signal.SIGINT.name
    finally:
        daemon.close()
    if interrupted:
        return 130
    if "reminded" not in happened:
        say("No reminder reached you in this demo.\nhint: unplugd doctor --notify")
    say("That was the demo. To read its journal: unplugd log " + paths.shorten(own.journal))
    say("To watch for real: unplugd run")
    return 0
