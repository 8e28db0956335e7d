"""The service file as it is found: whose it is, whether it is what would be written now, what to keep of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from unplugd_service import stamp
from unplugd_service.errors import Failure
from unplugd_service.manager import INSTALL, Problem
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from unplugd_service.program import Program
    from unplugd_service.system import System


def read(file: Path) -> str | None:
    """Return what stands in a service file, None where there is none; Failure where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(
            f"{shorten(file)} cannot be read: {error.strerror}", "make it a file that you can read"
        ) from None


def make_room(file: Path, text: str | None, hands: System) -> None:
    """See that `file`, which has `text`, may be written anew or removed: a change by hand is kept beside it."""
    if text is None:
        return
    sealed = stamp.read_stamp(text)
    if sealed is None:
        raise Failure(f"{shorten(file)} is there and is not unplugd's own", "move it away, then try again")
    if not sealed.intact:
        hands.tell(f"{shorten(file)} was changed by hand; a copy is kept:")
        hands.write(file.with_name(f"{file.name}.old"), text.encode(errors="surrogateescape"))


def restore(program: Program, command: tuple[str, ...]) -> Program:
    """Return the program as the file has it already, where that is the same: a link that lasts stays a link."""
    return replace(program, command=command) if _same(command, program.command) else program


def find_problems(
    text: str, command: tuple[str, ...], program: Program | None, written: Callable[[Program], str]
) -> list[Problem]:
    """Compare a file that has `text` and starts `command` with what `written` would make of `program` now."""
    if command and not _can_start(Path(command[0])):
        return [Problem(f"the program that it starts is gone: {shorten(Path(command[0]))}", INSTALL)]
    sealed = stamp.read_stamp(text)
    if sealed is None or program is None:
        # A packager's, or somebody's own: what stands in it is their choice.
        return []
    if not sealed.intact:
        return [Problem("its file was changed by hand (a copy is kept when it is written anew)", INSTALL)]
    if sealed.version != program.version:
        return [Problem(f"it was installed by unplugd {sealed.version}, this is {program.version}", INSTALL)]
    if not _same(command, program.command):
        return [Problem(f"it starts another unplugd: {shorten(Path(command[0]))}", INSTALL)]
    if text != written(restore(program, command)):
        return [Problem("its file is not as this unplugd writes it", INSTALL)]
    return []


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return one == other or (bool(one) and _entry(one) == _entry(other))


def _entry(command: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """Return the folder that a program comes from, links followed but Python's own, and what it is to do."""
    if command[1:3] == ("-m", "unplugd"):
        return Path(command[0]).parent.resolve(), command[3:]
    return Path(command[0]).resolve().parent, command[1:]


def _can_start(program: Path) -> bool:
    """Whether a program, and the interpreter that its first line names, are there: a moved environment lacks the second."""
    try:
        with program.open("rb") as file:
            first = file.readline(1024)
    except PermissionError:
        first = b""
    except OSError:
        return False
    interpreter = first[2:].split()[:1] if first.startswith(b"#!") else []
    return os.access(program, os.X_OK) and all(os.access(path, os.X_OK) for path in interpreter)
