"""Checks an existing service file: whether it is ours, whether it is current, and what to keep of it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service import stamp
from unplugd_service.errors import Failure
from unplugd_service.manager import INSTALL, Defect
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd_service.program import Program
    from unplugd_service.system import System

FROM_CELLAR: Final = "its Python is in Homebrew's Cellar folder, from which the next upgrade removes it"
"""Homebrew also links it as opt/python@3.13, which stays."""
REINSTALL: Final = (
    "install unplugd with Homebrew's own python3 (brew --prefix says where), then: unplugd service install"
)


def read(file: Path) -> str | None:
    """Return the text of a service file, None if there is none; Failure if it cannot be read or is no file."""
    hint = "make it a file that you can read"
    try:
        # Of a pipe, reading would never end.
        if file.exists() and not file.is_file():
            raise Failure(f"{shorten(file)} is not a file", hint)
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"{shorten(file)} cannot be read: {error.strerror}", hint) from None


def keep_changes(file: Path, text: str | None, system: System) -> None:
    """Save a copy if `file`, which contains `text`, was edited by hand; Failure if unplugd did not write it."""
    if text is None:
        return
    found = stamp.read_stamp(text)
    if found is None:
        raise Failure(
            f"{shorten(file)} exists but was not written by unplugd", "move it away, then try again"
        )
    if not found.intact:
        system.tell(f"{shorten(file)} was edited by hand; saving a copy:")
        system.write(file.with_name(f"{file.name}.old"), text.encode(errors="surrogateescape"))


def prefer_installed(program: Program, command: tuple[str, ...]) -> Program:
    """Return `program`, but with the installed command if both start the same program, so that a symlink is kept."""
    return replace(program, command=command) if _is_same_command(command, program.command) else program


def find_defects(
    text: str, command: tuple[str, ...], program: Program | None, render: Callable[[Program], str]
) -> list[Defect]:
    """Return the defects of a file that contains `text` and starts `command`; `render` returns the expected text."""
    if command and (problem := find_start_problem(Path(command[0]))):
        return [Defect(problem, REINSTALL if problem == FROM_CELLAR else INSTALL)]
    found = stamp.read_stamp(text)
    if found is None or program is None:
        # It was written by a packager or by hand, so its content is their choice.
        return []
    if not found.intact:
        return [Defect("its file was edited by hand (installing again keeps a copy)", INSTALL)]
    if found.version != program.version:
        return [Defect(f"it was installed by unplugd {found.version}, this is {program.version}", INSTALL)]
    if command and not _is_same_command(command, program.command):
        return [Defect(f"it starts a different unplugd: {shorten(Path(command[0]))}", INSTALL)]
    if text != render(prefer_installed(program, command)):
        return [Defect("its file differs from what this unplugd would write", INSTALL)]
    return []


def _is_same_command(installed: tuple[str, ...], current: tuple[str, ...]) -> bool:
    return installed == current or (bool(installed) and _locate(installed) == _locate(current))


def _locate(command: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """Return the real folder of a program (not that of the Python that runs it), and its arguments."""
    if command[1:4] == ("-P", "-m", "unplugd"):
        return Path(command[0]).parent.resolve(), command[4:]
    return Path(command[0]).resolve().parent, command[1:]


def find_start_problem(program: Path) -> str:
    """Return why a program cannot be started, or soon cannot any more, "" if it can.

    Its interpreter is checked, too: a moved environment lacks it, and so does one whose Python an upgrade has removed.
    """
    shown = shorten(program)
    try:
        with program.open("rb") as file:
            first = file.readline(1024)
    except PermissionError:
        first = b""
    except OSError:
        return f"the program it starts no longer exists: {shown}"
    # A NUL ends a line for the kernel, too.
    words = first[2:].partition(b"\0")[0].split()[:1] if first.startswith(b"#!") else []
    interpreter = Path(os.fsdecode(words[0])) if words else program
    if not os.access(program, os.X_OK):
        return f"the program it starts cannot be run: {shown}"
    if not os.access(interpreter, os.X_OK):
        return f"the Python that runs {shown} no longer exists: {shorten(interpreter)}"
    return _find_python_problem(interpreter)


def _find_python_problem(interpreter: Path) -> str:
    """Return what an upgrade of Python has done to a virtual environment, or will do, "" if nothing or if it is none."""
    environment = interpreter.parent.parent
    try:
        settings = (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    if re.search("^home *=.*/Cellar/", settings, re.MULTILINE):
        return FROM_CELLAR
    libraries = sorted(path.name for path in environment.glob("lib/python3.*"))
    name = interpreter.resolve().name
    if libraries and re.fullmatch(r"python3\.[0-9]+", name) and name not in libraries:
        # It does not look into the folder of the version before.
        return f"unplugd was installed for {libraries[-1]}, which {name} has replaced"
    return ""
