"""Which programs are upload software or system services. Pure. Names come from vendors' files and documents."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

COMM_MAX_BYTES: Final = 15
"""Length to which Linux truncates process names, in bytes (TASK_COMM_LEN without the terminator)."""


@dataclass(frozen=True, slots=True)
class Program:
    """What identifies a process. `arguments` may contain secrets and must not outlive the poll that read them."""

    name: str
    path: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Uploader:
    """Upload software. Each entry of `process` is a name, a full path or `interpreter:script`; `*` matches anything.

    If `name` is empty, the process name is used. `alone`: its running suggests an upload even while it does not hold
    the device. `doubtful`: holding the device is weak evidence of an upload, so it counts for a limited time.
    """

    name: str
    process: tuple[str, ...]
    alone: bool = True
    doubtful: bool = False


BUILT_IN: Final = (
    Uploader("CareLink Uploader", ("java:uploader.jar", "javaw:uploader.jar")),
    Uploader("Tidepool Uploader", ("Tidepool Uploader", "tidepool-uploader")),
    # When run from source, its process is called "electron" like many others: it counts only while it holds the device.
    Uploader("Tidepool Uploader", ("electron",), alone=False),
    # Tidepool's web uploader opens the meter through WebHID: a browser that holds the device is uploading.
    Uploader("", ("chrome", "chromium", "Google Chrome", "msedge", "Microsoft Edge"), alone=False),
    Uploader("ddguard", ("python*:ddguard.py",), alone=False),
    Uploader(
        "decoding-contour-next-link", ("python*:read_minimed_next24.py", "read_minimed_next24"), alone=False
    ),
    Uploader("openaps", ("openaps", "python*:openaps"), alone=False),
    # A virtual machine holds the device for as long as it runs, which says little about an upload.
    Uploader("", ("VirtualBoxVM", "VBoxHeadless", "qemu-system-*"), alone=False, doubtful=True),
)

SERVICES: Final = ("ModemManager", "fwupd", "upowerd", "systemd", "systemd-udevd", "udevd", "(udev-worker)")
"""System services that open USB devices on their own: neither uploads nor worth a warning."""


def may_match(name: str, uploaders: Iterable[Uploader]) -> bool:
    """Whether a process with this name may be upload software; a cheap test that is made for every process.

    Linux truncates names to `COMM_MAX_BYTES`. Only the last part of a full path is compared.
    """
    found = os.fsencode(name)
    for uploader in uploaders:
        for pattern in uploader.process:
            text = PurePath(pattern).name if pattern.startswith("/") else pattern.partition(":")[0]
            wanted = os.fsencode(text)
            if fnmatchcase(found, wanted) or (
                len(found) == COMM_MAX_BYTES and fnmatchcase(found, wanted[:COMM_MAX_BYTES] + b"*")
            ):
                return True
    return False


def is_service(program: Program) -> bool:
    """Whether `program` is a system service that opens USB devices on its own."""
    return program.name in SERVICES or PurePath(program.path).name in SERVICES


def find_uploader(program: Program, uploaders: Iterable[Uploader]) -> Uploader | None:
    """Return the uploader that matches `program`, or None."""
    for uploader in uploaders:
        if any(_matches(program, pattern) for pattern in uploader.process):
            return uploader
    return None


def _matches(program: Program, pattern: str) -> bool:
    if pattern.startswith("/"):
        # The path of a script is the first argument of its interpreter.
        return any(fnmatchcase(path, pattern) for path in (program.path, *program.arguments[1:2]))
    names = {program.name, PurePath(program.path).name}
    interpreter, colon, script = pattern.partition(":")
    if not colon:
        return any(fnmatchcase(name, pattern) for name in names)
    return any(fnmatchcase(name, interpreter) for name in names) and any(
        fnmatchcase(PurePath(argument).name, script) for argument in program.arguments[1:]
    )
