"""`unplugd config`, and adding entries to the configuration file."""

from __future__ import annotations

import os
import sys
from shlex import quote
from typing import TYPE_CHECKING

from unplugd import paths, private_folder, sanitize
from unplugd.cli.daemon_client import reload_daemon
from unplugd.cli.terminal import say
from unplugd.config.file import load_own_settings, parse_settings
from unplugd.config.write import TEMPLATE, format_settings, format_uploader
from unplugd.errors import Failure, advise
from unplugd.rules import uploaders
from unplugd.rules.uploaders import Program
from unplugd_service import atomic

if TYPE_CHECKING:
    import argparse

    from unplugd.paths import Paths


def path(_arguments: argparse.Namespace, where: Paths) -> int:
    """Print the path of the configuration file."""
    # Print the bytes of its name, which need not be valid text, so that other programs can open the file.
    sys.stdout.buffer.write(os.fsencode(where.config) + b"\n")
    return 0


def show(_arguments: argparse.Namespace, where: Paths) -> int:
    """Print every setting in effect."""
    print(format_settings(load_own_settings(where.config)), end="")
    return 0


def check(_arguments: argparse.Namespace, where: Paths) -> int:
    """Check the file. ConfigurationError lists every problem."""
    settings = load_own_settings(where.config)
    shown = paths.shorten(where.config)
    added = [uploader for uploader in settings.uploaders if uploader not in uploaders.BUILT_IN]
    covering = [
        failure
        for uploader in added
        for process in uploader.process
        if (failure := _explain_covering(process))
    ]
    for failure in covering:
        say(f"{shown}: {failure}\nhint: {failure.hint}")
    if not where.config.exists():
        say(f"There is no {shown}; using the defaults.")
    elif not covering:
        say(f"{shown}: no problems.")
    return 1 if covering else 0


def init(_arguments: argparse.Namespace, where: Paths) -> int:
    """Write a file to start from."""
    paths.refuse_others(where.configuration)
    try:
        private_folder.make(where.configuration)
        with where.config.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        raise Failure(f"{paths.shorten(where.config)} already exists", "unplugd config show") from None
    except OSError as error:
        raise Failure(
            f"{paths.shorten(where.config)}: {error.strerror}", advise(error, where.config)
        ) from None
    say(f"Wrote {paths.shorten(where.config)}: it lists every setting with its default.")
    return 0


def add_uploader(arguments: argparse.Namespace, where: Paths) -> int:
    """Add a program to the file as upload software."""
    process = arguments.process
    if process != process.encode(errors="replace").decode():
        raise Failure(
            f"the program's name contains bytes that are not {sys.getfilesystemencoding()} text",
            "rename the program, or use the locale in which it was named",
        )
    if failure := _explain_covering(process):
        raise failure
    name = sanitize.one_line(arguments.name or uploaders.find_name(process))
    name = name or "upload software"
    append_entry(where, format_uploader(name, (process,)))
    say(f"{name} now counts as upload software.")
    reload_daemon(where, process)
    return 0


def _explain_covering(process: str) -> Failure | None:
    """Return why a program cannot count as upload software: it runs others, and all of them would; None if it can."""
    if not process.strip("*?") or not uploaders.covers_others(process):
        return None
    is_script = ":" in process and not uploaders.is_path(process)
    name = sanitize.one_line(uploaders.find_name(process.partition(":")[0] if is_script else process))
    if is_script or uploaders.is_interpreter(name):
        hint = f"name the script as well: unplugd config add-uploader {quote(f'{name}:SCRIPT')}"
    elif uploaders.find_uploader(Program(name), uploaders.BUILT_IN):
        hint = "leave it out: it counts as upload software while it has the device open"
    else:
        hint = "give the full path of the program that uploads"
    return Failure(
        f"{sanitize.one_line(process)} runs other programs, which would all count as upload software", hint
    )


def append_entry(where: Paths, entry: str) -> None:
    """Add an entry to the configuration file; ConfigurationError if it is invalid, before or after."""
    paths.refuse_others(where.configuration)
    load_own_settings(where.config)
    try:
        text = where.config.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        text = ""
    text = f"{text.rstrip()}\n\n{entry}" if text.strip() else entry
    parse_settings(text, where.config.name)
    try:
        private_folder.make(where.configuration)
        # The file may be a symbolic link, as in a dotfiles repository: it stays one.
        atomic.write(private_folder.resolve(where.config), text.encode())
    except OSError as error:
        raise Failure(
            f"{paths.shorten(where.config)}: {error.strerror}", advise(error, where.config)
        ) from None
