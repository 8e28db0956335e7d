r"""Which programs are upload software or system services. Pure. Names come from vendors' files and documents.

Programs of Windows are compared as if they were of another system: "C:\Tools\up.exe" as "C:/Tools/up", both where
a person has written it and where it runs. Which system this is makes no difference.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from pathlib import PurePosixPath
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

    Upper and lower case are the same: a program is often called "Python" on macOS and "python3" on Linux. On Windows,
    `.exe` may be left out. If `name` is empty, the process name is used. `alone`: its running suggests an upload even
    while it does not hold the device. `doubtful`: holding the device is weak evidence of an upload, so it counts for a
    limited time. `script`: names and full paths may also be those of a script that one of the `INTERPRETERS` runs.
    """

    name: str
    process: tuple[str, ...]
    alone: bool = True
    doubtful: bool = False
    script: bool = False


INTERPRETERS: Final = (
    *("python*", "pypy*", "java*", "node", "nodejs", "deno", "bun", "electron", "Electron Helper*"),
    *("perl*", "ruby*", "php*", "lua*"),
    *("bash", "sh", "dash", "zsh", "fish", "ksh", "csh", "tcsh", "pwsh", "busybox"),
    *("osascript", "dotnet", "mono", "wine", "wine64", "wine-preloader", "wine64-preloader"),
    *("py", "pyw", "cmd", "powershell*", "wscript", "cscript", "mshta", "rundll32"),
)
"""Programs that run other programs; configured as upload software, they would cover everything they run."""
BROWSERS: Final = (
    *(
        "chrome",
        "Google Chrome*",
        "google-chrome*",
        "chromium*",
        "msedge*",
        "Microsoft Edge*",
        "microsoft-edge*",
    ),
    *("brave*", "vivaldi*"),
    *("opera", "opera-*", "Opera *", "Arc", "Arc *"),
)
"""Browsers with WebHID, as their processes are called on Linux and on macOS, beta versions and helpers included."""
VIRTUAL_MACHINES: Final = (
    *("VirtualBoxVM", "VBoxHeadless", "qemu-system-*", "QEMULauncher", "prl_vm_app", "vmware-vmx*"),
    "com.apple.Virtualization.VirtualMachine",
)
"""Virtual machines, as their processes are called on Linux and on macOS."""
SHARED_NAMES: Final = ("applet", "droplet", "JavaAppLauncher", "JavaApplicationStub")
"""Names that the programs of many macOS applications have: one of these is known by its full path only."""
_STARTERS: Final = (
    *("firefox*", "Safari", "Script Editor", "Automator", "sudo", "doas", "env"),
    *("explorer", "conhost", "svchost", "WindowsTerminal", "msiexec"),
)
"""More programs that run or show what others have written."""
BUILT_IN: Final = (
    Uploader("CareLink Uploader", ("java:uploader.jar", "javaw:uploader.jar")),
    # How its process is called on macOS is not public, but its folders are. Other programs of the vendor may be there.
    Uploader(
        "CareLink Uploader",
        ("/Library/Application Support/Medtronic/*", "/Applications/CareLink*"),
        alone=False,
    ),
    Uploader("Tidepool Uploader", ("Tidepool Uploader", "tidepool-uploader")),
    # When run from source, its process is called "electron" like many others: it counts only while it holds the device.
    Uploader("Tidepool Uploader", ("electron",), alone=False),
    # Tidepool's web uploader opens the meter through WebHID: a browser that holds the device is uploading.
    Uploader("", BROWSERS, alone=False),
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
    Uploader("", VIRTUAL_MACHINES, alone=False, doubtful=True),
)

SERVICES: Final = ("ModemManager", "fwupd", "upowerd", "systemd", "systemd-udevd", "udevd", "(udev-worker)")
"""System services that open USB devices on their own: neither uploads nor worth a warning."""
_PROGRAM_FOLDERS: Final = (
    *("/bin/", "/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"),
    *("C:/Windows/System32/", "C:/Program Files/Java/bin/"),
)
_ANY_CASE: Final = re.IGNORECASE | re.ASCII
"""Ignores the case of ASCII letters only: with all letters, a name that the system has truncated could match another."""
_WILDCARD: Final = re.compile(r"[*?[]")
_MODULE_OPTION: Final = re.compile("-[A-Za-z]*m")
"""Python's option before the name of a module, alone or behind other options."""
_PLAIN_NAME: Final = re.compile(r"\w[\w.+ -]*")
_ATTACHED_MODULE: Final = re.compile(r"-m([A-Za-z_][\w.]*)")
_EXTENSION: Final = re.compile(r"\.exe$", _ANY_CASE)
"""How the names of Windows' programs end."""
_DRIVE: Final = re.compile(r"(?:[A-Za-z]:|\\)[\\/]")
"""How a full path begins on Windows: with a drive, or a computer."""


def may_match(name: str, uploaders: Iterable[Uploader]) -> bool:
    """Whether a process with this name may be upload software; a cheap test that is made for every process.

    Linux truncates names to `COMM_MAX_BYTES`. A script may have its own name or its interpreter's.
    """
    whole, beginnings = _compile_names(tuple(uploaders))
    name = _EXTENSION.sub("", name)
    if whole.match(name) or whole.match(_strip_version(name)):
        return True
    encoded = os.fsencode(name)
    return len(encoded) == COMM_MAX_BYTES and encoded.lower().startswith(beginnings)


@lru_cache(maxsize=8)
def _compile_names(uploaders: tuple[Uploader, ...]) -> tuple[re.Pattern[str], tuple[bytes, ...]]:
    """Return a pattern of the names that a process of `uploaders` may have, and how the truncated names begin."""
    names: set[str] = set()
    for uploader in uploaders:
        for pattern in map(_simplify, uploader.process):
            interpreter, colon, script = pattern.partition(":")
            if colon and not is_path(pattern):
                names.update((interpreter, _strip_version(interpreter), _find_name(script)))
                continue
            names.add(_find_name(pattern))
            if uploader.script:
                names.update(INTERPRETERS)
    beginnings = {
        os.fsencode(_WILDCARD.split(name)[0])[:COMM_MAX_BYTES].lower()
        for name in names
        if _may_be_truncated(name)
    }
    whole = "|".join(map(translate, sorted(names))) or "(?!)"
    return re.compile(whole, _ANY_CASE), tuple(beginnings)


def _find_name(pattern: str) -> str:
    """Return a pattern of the names of all programs that a name or a full path matches.

    `*` in a path also stands for slashes, so the name may begin anywhere in what it stands for.
    """
    _, slash, name = pattern.rpartition("/")
    return f"*{re.split(r'[]*?]', name)[-1]}" if slash and _WILDCARD.search(name) else name


def _may_be_truncated(pattern: str) -> bool:
    return len(os.fsencode(pattern)) >= COMM_MAX_BYTES or _WILDCARD.search(pattern) is not None


def _strip_version(name: str) -> str:
    """Return the name that all versions of an interpreter have: "python" for "python3.11"."""
    return name.rstrip("0123456789.")


def _matches(text: str, pattern: str) -> bool:
    return _compile(pattern).match(text) is not None


@lru_cache(maxsize=512)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), _ANY_CASE)


def is_path(pattern: str) -> bool:
    """Whether an entry of `Uploader.process` is a full path."""
    return pattern.startswith("/") or _DRIVE.match(pattern) is not None


@lru_cache(maxsize=512)
def _simplify(pattern: str) -> str:
    """Return an entry of `Uploader.process` without what only Windows has in names and paths."""
    if is_path(pattern):
        return _EXTENSION.sub("", _use_slashes(pattern))
    interpreter, colon, script = pattern.partition(":")
    return (
        _EXTENSION.sub("", interpreter) + colon + (_use_slashes(script) if _DRIVE.match(script) else script)
    )


def _simplify_program(program: Program) -> Program:
    """Return a program of Windows as if it were of another system; any other program as it is."""
    if not (_EXTENSION.search(program.name) or _DRIVE.match(program.path) or _DRIVE.match(program.folder)):
        return program
    return Program(
        _EXTENSION.sub("", program.name),
        _EXTENSION.sub("", _use_slashes(program.path)),
        tuple(_EXTENSION.sub("", _use_slashes(argument)) for argument in program.arguments),
        _use_slashes(program.folder),
    )


def _use_slashes(path: str) -> str:
    return path.replace("\\", "/")


def find_name(pattern: str) -> str:
    """Return the program's name in an entry of `Uploader.process`, or the script's if that is its last part."""
    return _simplify(pattern).rpartition("/")[2].rpartition(":")[2]


def is_interpreter(name: str) -> bool:
    """Whether a program of this name runs scripts."""
    name = _EXTENSION.sub("", name)
    return any(_matches(_strip_version(name), pattern) for pattern in INTERPRETERS)


def runs_others(name: str) -> bool:
    """Whether a program of this name runs, or shows, what others have written: it is not upload software as such."""
    others = (*BROWSERS, *VIRTUAL_MACHINES, *SHARED_NAMES, *_STARTERS)
    name = _EXTENSION.sub("", name)
    return is_interpreter(name) or any(_matches(name, pattern) for pattern in others)


def covers_others(pattern: str) -> bool:
    """Whether an entry of `Uploader.process` covers a program that runs others, whatever that one runs."""
    pattern = _simplify(pattern)
    _, colon, script = pattern.partition(":")
    if colon and not is_path(pattern):
        return not script.strip("*?")
    _, slash, name = pattern.rpartition("/")
    if slash and any(_matches(name, shared) for shared in SHARED_NAMES):
        return False
    found = [example.rstrip("* ") for example in (*INTERPRETERS, *BROWSERS, *VIRTUAL_MACHINES, *_STARTERS)]
    examples = [
        f"{folder}{example}{version}"
        for folder in (_PROGRAM_FOLDERS if slash else ("",))
        for example in found
        for version in ("", "3", "3.12")
    ]
    if slash:
        examples += [f"/Applications/{example}.app/Contents/MacOS/{example}" for example in found]
    return runs_others(name) or any(_matches(example, pattern) for example in examples)


def can_be_added(name: str) -> bool:
    """Whether a program's name can be configured as upload software: it is plain, and covers only this program."""
    # Other names could be taken for an option, a pattern or a path.
    return _PLAIN_NAME.fullmatch(name) is not None and not runs_others(name)


def is_service(program: Program) -> bool:
    """Whether `program` is a system service that opens USB devices on its own."""
    program = _simplify_program(program)
    return program.name in SERVICES or PurePosixPath(program.path).name in SERVICES


def find_uploader(program: Program, uploaders: Iterable[Uploader]) -> Uploader | None:
    """Return the uploader that matches `program`, or None."""
    program = _simplify_program(program)
    names = {program.name, PurePosixPath(program.path).name}
    scripts = _find_scripts(program)
    # "#!/usr/bin/python3" leaves "python3" in the first argument only: the name is the script's, the path has a version.
    interpreters = names | {PurePosixPath(argument).name for argument in program.arguments[:1]}
    runs_script = any(map(is_interpreter, interpreters)) or any(
        os.fsencode(PurePosixPath(script).name)[:COMM_MAX_BYTES] == os.fsencode(program.name)
        for script in scripts
    )
    for uploader in uploaders:
        own_scripts = scripts if uploader.script and runs_script else []
        for pattern in map(_simplify, uploader.process):
            if is_path(pattern):
                found = any(_matches(path, pattern) for path in (program.path, *own_scripts))
            elif ":" in pattern:
                interpreter, _, script = pattern.partition(":")
                found = _match_script(scripts, script) and any(
                    _matches(name, interpreter) or _matches(_strip_version(name), _strip_version(interpreter))
                    for name in interpreters
                )
            else:
                found = any(_matches(name, pattern) for name in names) or _match_script(own_scripts, pattern)
            if found:
                return uploader
    return None


def _match_script(scripts: Iterable[str], pattern: str) -> bool:
    """Whether a script matches; as many parts of its path are compared as the pattern has, all if it is a full path."""
    if is_path(pattern):
        return any(_matches(script, pattern) for script in scripts)
    parts = pattern.count("/") + 1
    return any(_matches("/".join(script.split("/")[-parts:]), pattern) for script in scripts)


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
    return path if _DRIVE.match(path) else posixpath.normpath(posixpath.join(folder, path))
