"""`unplugd demo`: runs the real daemon on a simulated device."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from unplugd import paths
from unplugd.cli.foreground import describe_record, explain_start_failure
from unplugd.cli.terminal import say
from unplugd.errors import Failure
from unplugd.platforms import simulated
from unplugd.platforms.current import current_platform
from unplugd.watch import lock
from unplugd.watch.daemon import Daemon

if TYPE_CHECKING:
    import argparse

    from unplugd.notify.message import Message
    from unplugd.paths import Paths
    from unplugd.rules.model import Record


def demo(arguments: argparse.Namespace, where: Paths) -> int:
    """Run the daemon on a simulated device, and narrate what happens."""
    speed = simulated.FAST_FACTOR if arguments.fast else 1.0
    # The real daemon may be running, so the demo has its own journal and socket.
    own = paths.Paths(where.configuration, where.state / "demo", where.runtime / "demo")
    paths.refuse_others(own.state, own.runtime)
    began = time.monotonic()
    happened: set[str] = set()
    daemon: Daemon | None = None
    printed: Message | None = None

    def narrate(text: str, mark: str = " ") -> None:
        print(f"{(time.monotonic() - began) * speed:4.0f} s {mark} {text}", flush=True)

    def on_record(record: Record) -> None:
        happened.add(record.name)
        narrate(describe_record(record))
        platform.follow(record.name)
        if record.name in ("reminded", "delivery_failed"):
            print_reminder()

    def print_reminder() -> None:
        """Print the words of a reminder once, also if nothing could show it: whoever has no desktop reads it here."""
        nonlocal printed
        if daemon and daemon.message and daemon.message is not printed:
            printed = daemon.message
            for line in (printed.title, *printed.lines):
                print(f"         | {line}", flush=True)

    def stop() -> None:
        if daemon:
            daemon.stop("over")

    say("This simulates a CareLink USB stick. The notifications are real, and minutes pass as seconds.")
    platform = simulated.SimulatedPlatform(
        current_platform(own), speed, lambda text: narrate(text, ">"), stop
    )
    try:
        daemon = Daemon(
            platform,
            own,
            lambda: simulated.demo_settings(speed),
            lambda text: say(f"unplugd: {text}"),
            on_record,
            is_own_configuration=False,
            reviewed=own.journal,
        )
    except lock.HeldError:
        raise Failure("another demo is running", "wait until it is over, or stop it with Ctrl-C") from None
    except OSError as error:
        raise explain_start_failure(error) from None
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
