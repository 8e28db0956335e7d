"""Parses the command line, runs one command, and returns the exit status.

A command ends in one of three ways: an expected error is printed with a hint (status 1), Ctrl-C is silent (130), and
anything else is a bug, with a traceback to paste into a report.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd import paths
from unplugd.cli.parser import make_parser
from unplugd.cli.terminal import say
from unplugd.errors import ConfigurationError, Failure
from unplugd.local_time import forget_foreign_zone

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = make_parser().parse_args(argv)
    if not sys.stdout:
        # The caller closed stdout: discard the output. It stays open until the process ends.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - not closed before the end
    forget_foreign_zone()
    # Only the user can read the files and folders that are created.
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # If the encoding lacks a character, print its number instead.
            stream.reconfigure(errors="backslashreplace")
            if sys.platform == "win32" and not stream.isatty():
                # What a program reads is the same on every system.
                stream.reconfigure(encoding="utf-8", newline="\n")
    try:
        where = paths.find_paths()
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
        next_step = "unplugd config check" if file == where.config else "start it again"
        say(f"hint: edit {paths.shorten(file)}, then: {next_step}")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _leave_stdout()
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EINVAL and not error.filename:
            # A write to a pipe that nobody reads any more.
            return _leave_stdout()
        file_name = f"{paths.shorten(Path(os.fsdecode(error.filename)))}: " if error.filename else ""
        say(f"unplugd: {file_name}{error.strerror or type(error).__name__}")
        say("hint: unplugd doctor")
        return 1
    return status


def _leave_stdout() -> int:
    # A reader that stops reading is not an error. Keep Python from complaining when it flushes stdout at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
