"""Parse the command line, run one command, print its errors, return the exit status."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd import paths
from unplugd.cli.parser import parser
from unplugd.cli.terminal import say
from unplugd.errors import ConfigurationError, Failure
from unplugd.watch import control

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = parser().parse_args(argv)
    if not sys.stdout:
        # Closed by who called: what would be printed goes nowhere.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as it runs
    # Whatever is made, journal, configuration and the folders on the way, is the user's alone.
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter shows its number instead.
            stream.reconfigure(errors="backslashreplace")
    where = paths.find_paths()
    try:
        module, _, name = arguments.command.partition(".")
        status: int = getattr(import_module(f"unplugd.cli.{module}"), name)(arguments, where)
        sys.stdout.flush()
    except Failure as failure:
        say(f"unplugd: {failure}")
        say(f"hint: {failure.hint}")
        return 1
    except ConfigurationError as error:
        for problem in error.problems:
            say(f"unplugd: {problem}")
        file = getattr(arguments, "config", None) or where.config
        again = "unplugd config check" if file == where.config else "start it again"
        say(f"hint: edit {paths.shorten(file)}, then: {again}")
        return 1
    except control.NoAnswerError:
        say("unplugd: the daemon is running but not responding\nhint: stop it and start it again")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has seen enough; without this Python would complain at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        about = f"{paths.shorten(Path(os.fsdecode(error.filename)))}: " if error.filename else ""
        say(f"unplugd: {about}{error.strerror or type(error).__name__}")
        say("hint: unplugd doctor")
        return 1
    return status
