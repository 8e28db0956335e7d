"""`unplugd run`: runs the daemon."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd import local_time, paths
from unplugd.cli.foreground import describe_record, explain_start_failure
from unplugd.cli.terminal import say_without_waiting
from unplugd.config.file import load_own_settings, load_settings
from unplugd.errors import Failure
from unplugd.platforms.current import current_platform
from unplugd.watch import lock, stderr_file
from unplugd.watch.daemon import Daemon

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths
    from unplugd.rules.model import Record


def run(arguments: argparse.Namespace, where: Paths) -> int:
    """Watch until stopped."""
    without_console = _is_without_console()
    if without_console:
        stderr_file.redirect(where.log)
    file = arguments.config or where.config
    if arguments.config and not file.exists():
        raise Failure(
            f"there is no file {paths.shorten(arguments.config)}",
            "unplugd config init writes one to start from",
        )

    paths.refuse_others(where.state, where.runtime)
    stderr_file.trim(where.log)
    in_service = without_console or bool(os.environ.get("UNPLUGD_SERVICE"))
    # On a terminal, a person watches the events. Anywhere else they would only repeat the journal.
    on_terminal = bool(sys.stderr and sys.stderr.isatty())
    try:
        daemon = Daemon(
            current_platform(where),
            where,
            lambda: load_settings(file) if arguments.config else load_own_settings(file),
            _print_diagnostic,
            _print_record if on_terminal else _ignore_record,
            # A service runs with the defaults if the configuration is invalid: nobody would notice if it exited.
            defaults_on_error=in_service,
            is_own_configuration=not arguments.config,
        )
    except lock.HeldError as held:
        process = f" (process {held.holder})" if held.holder else ""
        raise Failure(f"unplugd is already running{process}", "unplugd status shows what it sees") from None
    except OSError as error:
        raise explain_start_failure(error) from None
    if on_terminal:
        _print_diagnostic("watching; Ctrl-C ends it, unplugd status shows what it sees")
    elif not in_service:
        # The service manager already logs the start of a service.
        _print_diagnostic("watching; unplugd status shows what it sees")
    try:
        daemon.run()
    finally:
        daemon.close()
    return 0


def _is_without_console() -> bool:
    """Whether this is pythonw.exe, which the service runs on Windows: what it writes nobody would see."""
    if sys.platform == "win32":
        return not sys.stderr or Path(sys.executable).name.casefold().startswith("pythonw")
    return False


def _print_diagnostic(text: str) -> None:
    say_without_waiting(f"unplugd: {text}")
    stderr_file.trim(paths.find_paths().log)


def _print_record(record: Record) -> None:
    say_without_waiting(f"{local_time.read_now().strftime('%H:%M:%S')}  {describe_record(record)}")


def _ignore_record(_record: Record) -> None:
    pass
