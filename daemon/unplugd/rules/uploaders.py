"""Which programs are upload software or system services. Pure. Names come from vendors' files and documents."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache
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
    folder: str = ""
    """The working directory, which relative paths in `arguments` start from."""


@dataclass(frozen=True, slots=True)
class Uploader:
    """Upload software. Each entry of `process` is a name, a full path or `interpreter:script`; `*` matches anything.

    If `name` is empty, the process name is used. `alone`: its running suggests an upload even while it does not hold
    the device. `doubtful`: holding the device is weak evidence of an upload, so it counts for a limited time. `script`:
    names and full paths may also be those of a script that one of the `INTERPRETERS` runs.
    """

    name: str
    process: tuple[str, ...]
    alone: bool = True
    doubtful: bool = False
    script: bool = False


INTERPRETERS: Final = ("python*", "java*", "node", "electron", "perl*", "ruby*", "bash", "sh", "dash", "zsh")
"""Programs that run other programs; configured as upload software, they would cover everything they run."""
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
    Uploader(
        "openaps",
        (
            *("openaps", "openaps-use", "openaps-report"),
            *("python*:openaps", "python*:openaps-use", "python*:openaps-report"),
        ),
        alone=False,
    ),
    # Its folder is part of the pattern because other scripts are called "stick.py" too.
    Uploader("decocare", ("python*:decocare/stick.py", "python*:mm-*.py"), alone=False),
    # A virtual machine holds the device for as long as it runs, which says little about an upload.
    Uploader("", ("VirtualBoxVM", "VBoxHeadless", "qemu-system-*"), alone=False, doubtful=True),
)

SERVICES: Final = ("ModemManager", "fwupd", "upowerd", "systemd", "systemd-udevd", "udevd", "(udev-worker)")
"""System services that open USB devices on their own: neither uploads nor worth a warning."""
_MODULE_OPTION: Final = re.compile("-[A-Za-z]*m")
"""Python's option before the name of a module, alone or behind other options."""
_PLAIN_NAME: Final = re.compile(r"\w[\w.+ -]*")
_ATTACHED_MODULE: Final = re.compile(r"-m([A-Za-z_][\w.]*)")


def may_match(name: str, uploaders: Iterable[Uploader]) -> bool:
    """Whether a process with this name may be upload software; a cheap test that is made for every process.

    Linux truncates names to `COMM_MAX_BYTES`. A script may have its own name or its interpreter's.
    """
    whole, beginnings = _compile_names(tuple(uploaders))
    if whole.match(name) or whole.match(_strip_version(name)):
        return True
    encoded = os.fsencode(name)
    return len(encoded) == COMM_MAX_BYTES and encoded.startswith(beginnings)


@lru_cache(maxsize=8)
def _compile_names(uploaders: tuple[Uploader, ...]) -> tuple[re.Pattern[str], tuple[bytes, ...]]:
    """Return a pattern of the names that a process of `uploaders` may have, and how the truncated names begin."""
    names: set[str] = set()
    for uploader in uploaders:
        for pattern in uploader.process:
            interpreter, colon, script = pattern.partition(":")
            if colon and not pattern.startswith("/"):
                names.update((interpreter, _strip_version(interpreter), PurePath(script).name))
                continue
            names.add(PurePath(pattern).name)
            if uploader.script:
                names.update(INTERPRETERS)
    beginnings = {
        os.fsencode(re.split(r"[*?[]", name)[0])[:COMM_MAX_BYTES] for name in names if _may_be_truncated(name)
    }
    return re.compile("|".join(map(translate, sorted(names))) or "(?!)"), tuple(beginnings)


def _may_be_truncated(pattern: str) -> bool:
    return len(os.fsencode(pattern)) >= COMM_MAX_BYTES or not {"*", "?", "["}.isdisjoint(pattern)


def _strip_version(name: str) -> str:
    """Return the name that all versions of an interpreter have: "python" for "python3.11" and for macOS's "Python"."""
    return name.lower().rstrip("0123456789.")


def is_interpreter(name: str) -> bool:
    """Whether a program of this name runs other programs."""
    return any(fnmatchcase(name.lower(), pattern) for pattern in INTERPRETERS)


def can_be_added(name: str) -> bool:
    """Whether a program's name can be configured as upload software: it is plain, and covers only this program."""
    # Other names could be taken for an option, a pattern or a path.
    return _PLAIN_NAME.fullmatch(name) is not None and not is_interpreter(name)


def is_service(program: Program) -> bool:
    """Whether `program` is a system service that opens USB devices on its own."""
    return program.name in SERVICES or PurePath(program.path).name in SERVICES


def find_uploader(program: Program, uploaders: Iterable[Uploader]) -> Uploader | None:
    """Return the uploader that matches `program`, or None."""
    names = {program.name, PurePath(program.path).name}
    scripts = _find_scripts(program)
    # "#!/usr/bin/python3" leaves "python3" in the first argument only: the name is the script's, the path has a version.
    interpreters = names | {PurePath(argument).name for argument in program.arguments[:1]}
    runs_script = any(map(is_interpreter, interpreters)) or any(
        os.fsencode(PurePath(script).name)[:COMM_MAX_BYTES] == os.fsencode(program.name) for script in scripts
    )
    for uploader in uploaders:
        own_scripts = scripts if uploader.script and runs_script else []
        for pattern in uploader.process:
            if pattern.startswith("/"):
                found = any(fnmatchcase(path, pattern) for path in (program.path, *own_scripts))
            elif ":" in pattern:
                interpreter, _, script = pattern.partition(":")
                found = _match_script(scripts, script) and any(
                    fnmatchcase(name, interpreter)
                    or fnmatchcase(_strip_version(name), _strip_version(interpreter))
                    for name in interpreters
                )
            else:
                found = any(fnmatchcase(name, pattern) for name in names) or _match_script(
                    own_scripts, pattern
                )
            if found:
                return uploader
    return None


def _match_script(scripts: Iterable[str], pattern: str) -> bool:
    """Whether a script matches; as many parts of its path are compared as the pattern has, all if it starts with "/"."""
    if pattern.startswith("/"):
        return any(fnmatchcase(script, pattern) for script in scripts)
    parts = pattern.count("/") + 1
    return any(fnmatchcase("/".join(script.split("/")[-parts:]), pattern) for script in scripts)


def _find_scripts(program: Program) -> list[str]:
    """Return the paths and modules of which one is the script that `program`, if it is an interpreter, runs.

    They end with the first argument that cannot be the value of an option: what follows is for the script.
    """
    found: list[str] = []
    option = ""
    for argument in program.arguments[1:]:
        attached = _ATTACHED_MODULE.fullmatch(argument)
        if argument == "-c":
            break
        if argument.startswith("-") and not attached:
            option = argument
            continue
        script = attached[1] if attached else argument
        is_module = bool(attached or _MODULE_OPTION.fullmatch(option)) and "/" not in script
        found.append(_join(program.folder, script))
        if is_module:
            found += [_join(program.folder, script.replace(".", "/") + ".py"), script.rpartition(".")[2]]
        if not attached and (is_module or not option):
            break
        option = argument if attached else ""
    return found


def _join(folder: str, path: str) -> str:
    return os.path.normpath(PurePath(folder, path))
