"""Who a process is, and what upload software runs where there is no /proc of Linux's; through psutil."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from unplugd import sanitize
from unplugd.rules import uploaders
from unplugd.rules.uploaders import Program, Uploader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psutil

T = TypeVar("T")
OS_ERRORS: Final = (OSError, RuntimeError, SystemError)
"""What psutil raises on macOS now and then instead of an error of its own (its issues 2116 and 2708, pull 2854)."""
_ANCESTORS: Final = 3
"""Generations of parents looked at to find whose helper a process is."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a device: what it is called and which upload software it belongs to, if any."""

    name: str
    uploader: Uploader | None
    service: bool


def identify(pid: int, software: Sequence[Uploader], called: str = "") -> Holder | None:
    """Return who process `pid` is, or None if it has ended.

    `called` is its name as the system has it elsewhere, for a process of another user that psutil may not look into.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        found = read_program(process, called)
        uploader, service = uploaders.find_uploader(found, software), uploaders.is_service(found)
    except psutil.NoSuchProcess:
        return None
    if not (uploader or service):
        uploader = _find_helped(process, software)
    return Holder(sanitize.one_line(found.name) or "unnamed", uploader, service)


def find_running(
    software: Sequence[Uploader],
    now: Callable[[], float],
    starts: dict[tuple[int, float], float] | None = None,
    wall: Callable[[], float] = time.time,
) -> tuple[str, float] | None:
    """Return the upload software started last, and when: seconds on the clock `now`. None if none runs.

    A child of the same program is not another start. psutil knows the start on the wall clock `wall`, which people set:
    `starts` is the caller's and remembers what it was on the other clock when the process was first seen.
    """
    import psutil

    alone = [uploader for uploader in software if uploader.alone]
    seen: dict[tuple[int, float], float] = {}
    latest: tuple[str, float] | None = None
    for process in psutil.process_iter():
        try:
            if not _may_be(process.name(), alone):
                continue
            uploader = uploaders.find_uploader(read_program(process), alone)
            parent = process.parent() if uploader else None
            if uploader is None or (
                parent and uploaders.find_uploader(read_program(parent), alone) == uploader
            ):
                continue
            created = process.create_time()
        except (psutil.Error, *OS_ERRORS):
            continue
        moment = now()
        key = (process.pid, created)
        # Never in the future, and never before the clock began, however the wall clock was set since.
        started = (starts or {}).get(key, max(0.0, min(moment, moment - (wall() - created))))
        seen[key] = started
        if latest is None or started > latest[1]:
            latest = (uploader.name, started)
    if starts is not None:
        starts.clear()
        starts.update(seen)
    return latest


def _may_be(name: str, software: Sequence[Uploader]) -> bool:
    # A system keeps 15 or 16 bytes of a name; psutil finds the rest where it may.
    return uploaders.may_match(name, software) or uploaders.may_match(
        os.fsdecode(os.fsencode(name)[: uploaders.COMM_MAX_BYTES]), software
    )


def _find_helped(process: psutil.Process, software: Sequence[Uploader]) -> Uploader | None:
    """Return the upload software whose helper a process is: it holds the device for it."""
    import psutil

    try:
        parents = [read_program(parent) for parent in process.parents()[:_ANCESTORS]]
    except (psutil.Error, *OS_ERRORS):
        return None
    return next((found for parent in parents if (found := uploaders.find_uploader(parent, software))), None)


def read_program(process: psutil.Process, called: str = "") -> Program:
    """Return what can be known of a process; what is another user's stays empty. NoSuchProcess if it has ended."""
    path = _ask(process.exe, "")
    # psutil looks into the arguments for the end of a long name, and fails with them.
    name = _ask(process.name, called) or os.path.basename(path)
    return Program(name, path, _ask(lambda: tuple(process.cmdline()), ()))


def _ask(ask: Callable[[], T], otherwise: T) -> T:
    """Return what psutil tells, or `otherwise` where it may not or cannot."""
    import psutil

    try:
        return ask()
    except psutil.NoSuchProcess:
        raise
    except (psutil.Error, *OS_ERRORS):
        return otherwise
