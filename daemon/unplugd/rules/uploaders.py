"""Which programs are upload software and which are system services. Pure; names from vendors' files and documents."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

COMM_MAX_BYTES: Final = 15
"""Bytes of a process's name that Linux keeps (TASK_COMM_LEN less the end mark)."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process as it is recognised. `arguments` never leave the look that read them: they can hold secrets."""

    name: str
    path: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Uploader:
    """Upload software. Each of `process` is a name, a full path or `interpreter:script`; `*` stands for anything.

    Without a `name` it is called what its process is called.
    `alone`: running without the device already speaks for an upload. `doubtful`: holding the device is weak evidence
    of an upload, so it counts for a limited time.
    """

    name: str
    process: tuple[str, ...]
    alone: bool = True
    doubtful: bool = False


BUILT_IN: Final = (
    Uploader("CareLink Uploader", ("java:uploader.jar", "javaw:uploader.jar")),
    Uploader("Tidepool Uploader", ("Tidepool Uploader", "tidepool-uploader")),
    # From source it runs in an Electron that is named like every other: only one that holds the device is meant.
    Uploader("Tidepool Uploader", ("electron",), alone=False),
    # Tidepool's web uploader opens the meter by WebHID: a browser that holds this device is uploading.
    Uploader("", ("chrome", "chromium", "Google Chrome", "msedge", "Microsoft Edge"), alone=False),
    Uploader("ddguard", ("python*:ddguard.py",), alone=False),
    Uploader(
        "decoding-contour-next-link", ("python*:read_minimed_next24.py", "read_minimed_next24"), alone=False
    ),
    Uploader("openaps", ("openaps", "python*:openaps"), alone=False),
    # The claim lasts as long as the machine runs, so it says little about an upload.
    Uploader("", ("VirtualBoxVM", "VBoxHeadless", "qemu-system-*"), alone=False, doubtful=True),
)

SERVICES: Final = ("ModemManager", "fwupd", "upowerd", "systemd", "systemd-udevd", "udevd", "(udev-worker)")
"""System services that open such devices by themselves: neither an upload nor anybody to warn of."""


def may_match(name: str, uploaders: Iterable[Uploader]) -> bool:
    """Whether a process that the system calls `name` is worth a closer look: cheap, and asked of every process.

    Linux keeps 15 bytes of a name; a full path is compared by its last part.
    """
    kept = os.fsencode(name)
    for uploader in uploaders:
        for pattern in uploader.process:
            text = PurePath(pattern).name if pattern.startswith("/") else pattern.partition(":")[0]
            known = os.fsencode(text)
            if fnmatchcase(kept, known) or (
                len(kept) == COMM_MAX_BYTES and fnmatchcase(kept, known[:COMM_MAX_BYTES] + b"*")
            ):
                return True
    return False


def is_service(program: Program) -> bool:
    """Whether `program` is a system service that opens USB devices by itself."""
    return program.name in SERVICES or PurePath(program.path).name in SERVICES


def find_uploader(program: Program, uploaders: Iterable[Uploader]) -> Uploader | None:
    """Return the upload software that `program` is, or None."""
    for uploader in uploaders:
        if any(_matches(program, pattern) for pattern in uploader.process):
            return uploader
    return None


def _matches(program: Program, pattern: str) -> bool:
    if pattern.startswith("/"):
        # A script's path is the first argument of the program that runs it.
        return any(fnmatchcase(path, pattern) for path in (program.path, *program.arguments[1:2]))
    names = {program.name, PurePath(program.path).name}
    interpreter, colon, script = pattern.partition(":")
    if not colon:
        return any(fnmatchcase(name, pattern) for name in names)
    return any(fnmatchcase(name, interpreter) for name in names) and any(
        fnmatchcase(PurePath(argument).name, script) for argument in program.arguments[1:]
    )
