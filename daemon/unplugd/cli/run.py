"""`unplugd run` and `unplugd demo`."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from unplugd import paths
from unplugd.cli.terminal import say_without_waiting
from unplugd.config.file import load_settings
from unplugd.errors import Failure
from unplugd.journal import sentences
from unplugd.platforms.current import current_platform
from unplugd.rules import events
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
    told = _show_record if on_terminal else _ignore_record
    try:
        daemon = Daemon(
            current_platform(where),
            where,
            lambda: load_settings(file),
            _diagnose,
            told,
            defaults_on_error=stubborn,
        )
    except lock.HeldError as held:
        process = f" (process {held.holder})" if held.holder else ""
        raise Failure(f"unplugd is already running{process}", "unplugd status shows what it sees") from None
    except OSError as error:
        raise explain_start_failure(error, where) from None
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
    say_without_waiting(f"unplugd: {text}")
    stderr_file.trim(paths.find_paths().log)


def _show_record(record: Record) -> None:
    say_without_waiting(f"{time.strftime('%H:%M:%S')}  {describe_record(record)}")


def _ignore_record(_record: Record) -> None:
    pass


def describe_record(record: Record) -> str:
    """Return an event of the daemon as a sentence for a person."""
    device = record.device
    about = {"device": device.port, "name": device.name} if device else {}
    return sentences.describe({"event": record.name, **about, **events.get_fields(record.event)})


def explain_start_failure(error: OSError, where: Paths) -> Failure:
    """Return why the daemon cannot start, with the way out."""
    if error.filename is None:
        return Failure(f"cannot start: {error.strerror or error}", "unplugd doctor")
    folders = f"{paths.shorten(where.state)} and {paths.shorten(where.runtime)}"
    return Failure(f"cannot start: {error.strerror or error}", f"make sure you can write to {folders}")
