"""The processes of Windows that may be upload software.

Windows lists the name of every process, whoever's it is, and the path of those of the same person. Arguments are read
of interpreters only, since nothing else needs them.
"""

from __future__ import annotations

from ctypes import byref, create_unicode_buffer, sizeof, wintypes
from typing import TYPE_CHECKING, Final

from unplugd.platforms import processes
from unplugd.platforms.processes import Candidate
from unplugd.rules import uploaders
from unplugd.rules.uploaders import Program
from unplugd.win32 import kernel32, library

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.rules.uploaders import Uploader

MAX_PATH_CHARACTERS: Final = 32768
EPOCH_SECONDS: Final = 11_644_473_600
"""Seconds from 1601, from which Windows counts, to 1970."""


def list_candidates(software: Sequence[Uploader]) -> Iterator[Candidate]:
    """Yield the processes whose name may be that of upload software; OSError if they cannot be listed."""
    for pid, name in list_processes():
        if uploaders.may_match(name, software):
            path, created = _read_details(pid)
            arguments, folder = _read_arguments(pid) if uploaders.is_interpreter(name) else ((), "")
            yield Candidate(pid, Program(name, path, arguments, folder), created)


def list_processes() -> Iterator[tuple[int, str]]:
    """Yield the id and the name of each process; OSError if they cannot be listed."""
    functions = kernel32.load()
    snapshot = functions.CreateToolhelp32Snapshot(kernel32.SNAPSHOT_PROCESSES, 0)
    if snapshot in (None, kernel32.INVALID_HANDLE):
        raise library.make_error("CreateToolhelp32Snapshot")
    try:
        entry = kernel32.ProcessEntry(size=sizeof(kernel32.ProcessEntry))
        found = functions.Process32FirstW(snapshot, byref(entry))
        library.check(found, "Process32First")
        while found:
            yield entry.pid, entry.name
            found = functions.Process32NextW(snapshot, byref(entry))
    finally:
        functions.CloseHandle(snapshot)


def _read_details(pid: int) -> tuple[str, float]:
    """Return the path of a process and its start, in seconds on the wall clock; "" and 0 if Windows refuses them."""
    functions = kernel32.load()
    process = functions.OpenProcess(kernel32.QUERY_LIMITED_INFORMATION, False, pid)
    if not process:
        return "", 0.0
    try:
        path, size = create_unicode_buffer(MAX_PATH_CHARACTERS), wintypes.DWORD(MAX_PATH_CHARACTERS)
        if not functions.QueryFullProcessImageNameW(process, 0, path, byref(size)):
            path.value = ""
        created, *others = (wintypes.FILETIME() for _ in range(4))
        if not functions.GetProcessTimes(process, byref(created), *map(byref, others)):
            return path.value, 0.0
        units = created.dwHighDateTime << 32 | created.dwLowDateTime
        return path.value, units / 1e7 - EPOCH_SECONDS
    finally:
        functions.CloseHandle(process)


def _read_arguments(pid: int) -> tuple[tuple[str, ...], str]:
    """Return the arguments of a process and its working directory, as far as Windows lets this person read them."""
    import psutil

    try:
        program = processes.read_program(psutil.Process(pid))
    except (psutil.NoSuchProcess, *processes.OS_ERRORS):
        return (), ""
    return program.arguments, program.folder
