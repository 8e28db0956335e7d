"""Identifies processes through psutil, and finds running upload software on systems without Linux's /proc."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

from unplugd import sanitize
from unplugd.clock_offset import read_offset
from unplugd.platforms.shortage import raise_shortage
from unplugd.rules import uploaders
from unplugd.rules.model import Running
from unplugd.rules.uploaders import Program, Uploader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import psutil

T = TypeVar("T")
OS_ERRORS: Final = (OSError, RuntimeError, SystemError)
"""Errors that psutil sometimes raises on macOS instead of its own (psutil issues 2116 and 2708, pull 2854)."""
_MAX_ANCESTORS: Final = 3
"""How many generations of parents are searched for the uploader that a helper process belongs to."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a device: its name, its upload software if any, and whether it is a system service."""

    name: str
    uploader: Uploader | None
    service: bool


def identify(pid: int, software: Sequence[Uploader], fallback_name: str = "") -> Holder | None:
    """Return what the process `pid` is, None if it has ended.

    `fallback_name` is used if psutil may not inspect the process, because it is another user's. OSError in a shortage.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        program = read_program(process, fallback_name)
        uploader, service = uploaders.find_uploader(program, software), uploaders.is_service(program)
    except psutil.NoSuchProcess:
        return None
    if not (uploader or service):
        uploader = _find_ancestor(process, software)
    return Holder(sanitize.one_line(program.name) or "unnamed", uploader, service)


class Candidate(NamedTuple):
    """A process that may be upload software, and when it started, in seconds on the wall clock; 0 if that is unknown."""

    pid: int
    program: Program
    created: float


def find_running(
    software: Sequence[Uploader],
    now: Callable[[], float],
    known_starts: dict[tuple[int, float], float] | None = None,
    wall: Callable[[], float] = time.time,
    list_candidates: Callable[[Sequence[Uploader]], Iterable[Candidate]] | None = None,
) -> Running | None:
    """Return, of the upload software that is running, the one that started first; None if none is running.

    Its start is on the clock `now`. The system has the start on the wall clock, which people set, so `known_starts`, a
    cache kept by the caller, has the starts on the clock `now` as first converted. `list_candidates` is the system's
    own way to list processes, psutil's if None.
    """
    alone = [uploader for uploader in software if uploader.alone]
    seen: dict[tuple[int, float], float] = {}
    first: Running | None = None
    for candidate in (list_candidates or _list_candidates)(alone):
        uploader = uploaders.find_uploader(candidate.program, alone)
        if uploader is None:
            continue
        key = (candidate.pid, candidate.created)
        offset = read_offset(now, wall)
        moment = now()
        began = candidate.created + offset if candidate.created else moment
        # Keep it between the clock's zero and now, however the wall clock has been set.
        started = (known_starts or {}).get(key, max(0.0, min(moment, began)))
        seen[key] = started
        if first is None or started < first.started:
            first = describe_running(uploader, candidate.program, started)
    if known_starts is not None:
        known_starts.clear()
        known_starts.update(seen)
    return first


def _list_candidates(software: Sequence[Uploader]) -> Iterator[Candidate]:
    """Yield the processes whose name may be that of upload software."""
    import psutil

    for process in psutil.process_iter():
        try:
            if _may_match(process.name(), software):
                yield Candidate(process.pid, read_program(process), process.create_time())
        except (psutil.Error, *OS_ERRORS) as error:
            raise_shortage(error)


def describe_running(uploader: Uploader, program: Program, started: float) -> Running:
    """Return upload software that is running, with names that may be shown."""
    process = sanitize.one_line(program.name)
    return Running(uploader.name or process or "unnamed", started, process)


def _may_match(name: str, software: Sequence[Uploader]) -> bool:
    # Systems truncate names to 15 or 16 bytes; psutil completes them if it has permission.
    return uploaders.may_match(name, software) or uploaders.may_match(
        os.fsdecode(os.fsencode(name)[: uploaders.COMM_MAX_BYTES]), software
    )


def _find_ancestor(process: psutil.Process, software: Sequence[Uploader]) -> Uploader | None:
    """Return the upload software that a process is a helper of, found among its ancestors; None if there is none."""
    import psutil

    try:
        parents = [read_program(parent) for parent in process.parents()[:_MAX_ANCESTORS]]
    except (psutil.Error, *OS_ERRORS) as error:
        raise_shortage(error)
        return None
    return next((found for parent in parents if (found := uploaders.find_uploader(parent, software))), None)


def read_program(process: psutil.Process, fallback_name: str = "") -> Program:
    """Return what identifies a process, empty if access is denied; NoSuchProcess if it has ended."""
    arguments: tuple[str, ...] = _query(lambda: tuple(process.cmdline()), ())
    path = _read_path(process, "exe")
    if not path and arguments and os.path.isabs(arguments[0]):
        path = arguments[0]
    # psutil reads the arguments to complete a long name, and fails if it may not do so.
    name = _query(process.name, fallback_name) or os.path.basename(path)
    return Program(name, path, arguments, _read_path(process, "cwd"))


def _read_link(process: psutil.Process, name: Literal["exe", "cwd"]) -> str:
    # psutil also looks whether there is a file at the path, which hangs if that is on a dead network mount.
    try:
        return os.readlink(f"/proc/{process.pid}/{name}").removesuffix(" (deleted)")
    except OSError:
        return ""


def _query_path(process: psutil.Process, name: Literal["exe", "cwd"]) -> str:
    return _query(process.exe if name == "exe" else process.cwd, "")


_read_path = _read_link if sys.platform == "linux" else _query_path


def _query(read: Callable[[], T], default: T) -> T:
    """Return the result of `read`, or `default` if psutil fails or access is denied."""
    import psutil

    try:
        return read()
    except psutil.NoSuchProcess:
        raise
    except (psutil.Error, *OS_ERRORS) as error:
        raise_shortage(error)
        return default
