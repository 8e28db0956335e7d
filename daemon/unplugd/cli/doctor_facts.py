"""What `unplugd doctor --report` says of the computer and of unplugd on it, on every system.

Each fact is a number, a word from a list, or a message that `Words` has reduced: nothing else gets into the report.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import re
import sys
import time
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from unplugd import __version__, sanitize
from unplugd.cli.daemon_client import ask_if_running
from unplugd.cli.doctor_words import LEFT_OUT, PATH
from unplugd.cli.service_checks import find_manager, inspect_service
from unplugd.config.file import load_settings
from unplugd.config.settings import Settings
from unplugd.errors import ConfigurationError, Failure
from unplugd.journal.files import read_tail
from unplugd.journal.kinds import KINDS
from unplugd.platforms.processes import OS_ERRORS
from unplugd.rules import devices
from unplugd.watch import client
from unplugd_service.system import ProgramResult, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from unplugd.cli.doctor_words import Words
    from unplugd.doctor import Finding
    from unplugd.paths import Paths
    from unplugd.platforms.protocol import InspectablePlatform

    Facts = list[tuple[str, str]]

NOT_KNOWN: Final = "not known"
ANOTHER: Final = "another"
LIBRARIES: Final = ("jeepney", "msgspec", "plyer", "psutil", "pyusb", "rich", "structlog")
MACHINES: Final = (
    "x86_64",
    "amd64",
    "arm64",
    "aarch64",
    "armv7l",
    "armv6l",
    "i686",
    "riscv64",
    "ppc64le",
    "s390x",
)
PYTHONS: Final = {
    "Homebrew": "/(Cellar|homebrew|linuxbrew)/",
    "python.org": "^/Library/Frameworks/Python.framework/|/Programs/Python/|^C:/(Program Files/)?Python3",
    "the Microsoft Store": "/WindowsApps/",
    "Apple": "/(CommandLineTools|Xcode.app)/",
    "uv": "/uv/python/",
    "pyenv": "/.?pyenv/",
    "conda": "conda|mamba|miniforge",
    "the system": "^/usr(/|$)",
}
INSTALLATIONS: Final = {
    "pipx": "/pipx/",
    "uv tool": "/uv/tools/",
    "make install": "/share/unplugd/venv$",
    "a checkout": "/[.]venv$",
}
UPLOAD_WORDS: Final = "java|carelink|medtronic|minimed|uploader|tidepool|glooko|diasend|contour|ascensia"
"""What is in the names of upload software."""
PROGRAM_WORDS: Final = "agent|app|daemon|desktop|helper|launcher|link|next|renderer|runtime|service|usb|w"
"""What else may be in the name of a program that is written."""
TIMES: Final = 3
"""How often each thing is timed."""
TAIL_BYTES: Final = 200_000
"""How much of the journal's end is looked at."""
LAST_EVENTS: Final = 20
MAX_UPTIME_SECONDS: Final = 1e10
"""No computer runs for so long."""
MAX_VERSION_DIGITS: Final = 6
"""So many digits in the name of a program may be a version; more may be a serial number."""


def describe_system() -> Facts:
    """Describe the system, the Python and the libraries, by versions."""
    base = sys.base_prefix
    how = "no environment" if sys.prefix == base else _choose_match(sys.prefix, INSTALLATIONS)
    facts = [
        ("unplugd", __version__),
        ("installed by", how),
        ("system", f"{platform.system()} {find_version(platform.release())}"),
        ("processor", choose(platform.machine().lower(), MACHINES)),
        ("Python", f"{platform.python_version()}, from {_choose_match(base, PYTHONS)}"),
    ]
    versions = ", ".join(f"{name} {_find_library(name)}" for name in LIBRARIES)
    return [*facts, ("libraries", versions)]


def describe_findings(findings: Iterable[Finding], words: Words) -> Facts:
    """Return what the doctor found at each layer."""
    marks = {True: "ok", None: "--", False: "NO"}
    return [
        (
            f"{marks[finding.ok]} {finding.layer}",
            words.reduce(finding.what) + (f" (via {words.reduce(finding.by)})" if finding.by else ""),
        )
        for finding in findings
    ]


def describe_devices(computer: InspectablePlatform, where: Paths, words: Words) -> Facts:
    """Return the watched devices that are plugged in, and how many others are."""
    settings = load_usable_settings(where)
    try:
        found = computer.list_all_devices()
    except OSError as error:
        return [("USB devices", words.reduce(error.strerror or ""))]
    watched = devices.select_watched(found, settings.watches)
    others = [device for device in found if device.id not in {one.id for one in watched}]
    hubs = sum(device.device_class == devices.HUB for device in others)
    facts = [("plugged in", f"{len(watched)} watched, {hubs} hubs, {len(others) - hubs} others")]
    facts += [
        ("watched", f"{device.id}, port {words.reduce(device.port)}, class {device.device_class}")
        for device in watched
    ]
    # A device of the vendors that is not watched may be one that should be.
    vendors = {watch.vendor for watch in devices.BUILT_IN}
    facts += [("not watched", device.id) for device in others if device.vendor in vendors]
    return facts


def describe_use(computer: InspectablePlatform, where: Paths, words: Words) -> Facts:
    """Return how each watched device is being used, as seen from here, and which upload software runs."""
    settings = load_usable_settings(where)
    software = settings.uploaders
    facts: Facts = []
    try:
        running = computer.find_running(software)
        for use in computer.find_usage(computer.scan(settings.watches), software, running, computer.now()):
            by = f" by {describe_program(use.program, words)}" if use.program else ""
            for name in use.unknown_programs:
                by += f", open in {describe_program(name, words)}"
            evidence = f" ({words.reduce(use.evidence)})" if use.evidence else ""
            facts.append((use.device.id, f"{use.verdict}{by}{evidence}"))
    except OSError as error:
        return [("use", words.reduce(error.strerror or ""))]
    held = describe_program(running.program, words) if running else "none"
    return [*facts, ("upload software that runs", held), ("programs with such a name", _list_programs(words))]


def describe_timing(computer: InspectablePlatform, where: Paths) -> Facts:
    """Return how long each part of a look takes."""
    settings = load_usable_settings(where)
    software = settings.uploaders

    def look() -> None:
        computer.find_usage(computer.scan(settings.watches), software, None, computer.now())

    command = (sys.executable, "-P", "-m", "unplugd", "--version")
    return [
        ("listing the USB devices", time_calls(computer.list_all_devices)),
        ("looking for upload software", time_calls(lambda: computer.find_running(software))),
        ("finding out who uses the devices", time_calls(look)),
        ("an answer of the daemon", time_calls(lambda: client.ask(where, {"command": "status"}))),
        ("starting Python and unplugd", time_calls(lambda: run(*command))),
    ]


def describe_clocks(computer: InspectablePlatform) -> Facts:
    """Return the clocks that unplugd relies on."""
    return [
        ("seconds since the start of the computer", f"{computer.now():.0f}"),
        ("of them asleep", f"{computer.sleep_seconds():.0f}"),
        ("id of this start", "there" if computer.boot_id() else "missing"),
        ("id of this computer", "there" if computer.machine_id() else "missing"),
    ]


def describe_service(where: Paths, words: Words) -> Facts:
    """Return the state of the service and what the daemon has cost so far."""
    facts: Facts = []
    process = 0
    try:
        status, defects = inspect_service(find_manager(), where)
    except Failure as failure:
        facts.append(("service", words.reduce(str(failure))))
    else:
        process = status.process
        told = "installed" if status.installed else "not installed"
        at_login = ", starts at login" if status.enabled else ""
        facts.append(("service", f"{status.manager}: {told}{at_login}, {words.reduce(status.state)}"))
        facts += [("problem", words.reduce(defect.what)) for defect in defects]
    own = ask_if_running(where, "status").get("process")
    facts.append(("daemon", _describe_cost(own) if isinstance(own, int) else "not running"))
    if isinstance(own, int) and process not in (0, own):
        facts.append(("daemon", "is not the service's process"))
    return facts


def describe_journal(where: Paths) -> Facts:
    """Return the names of the last events, and how many seconds ago each was."""
    events = list(read_tail(where.journal, TAIL_BYTES))
    counts = Counter(event["event"] for event in events if event["event"] in KINDS)
    facts = [("events", ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]) or "none")]
    known = [event for event in events if event["event"] in KINDS and event["event"] != "checkpoint"]
    last = known[-1] if known else {}
    steps = [
        f"{event['event']} {last['uptime'] - event['uptime']:.0f}"
        for event in known[-LAST_EVENTS:]
        if event.get("boot") == last.get("boot") and _has_uptime(last) and _has_uptime(event)
    ]
    return [*facts, ("the last ones, and how many seconds before the last", ", ".join(steps) or "none")]


# --- parts of them


def load_usable_settings(where: Paths) -> Settings:
    """Return the settings, the defaults if they cannot be used."""
    try:
        return load_settings(where.config)
    except ConfigurationError:
        return Settings()


def try_run(*command: str) -> ProgramResult:
    """Run a program and return its result, exit status 127 if it cannot be run."""
    try:
        return run(*command)
    except Failure:
        return ProgramResult(127)


def choose(text: str, known: Iterable[str], otherwise: str = ANOTHER) -> str:
    """Return `text` if it is one of the `known` ones."""
    return text if text in known else otherwise


def find_version(text: str) -> str:
    """Return the numbers of a version, without what distributions and people append."""
    found = re.match(r"[^0-9]{0,10}([0-9]{1,6}(\.[0-9]{1,6}){0,3})", text)
    return found[1] if found else NOT_KNOWN


def describe_program(name: str, words: Words) -> str:
    """Return the name of a program, without what is neither known nor usual in the names of upload software."""
    name = sanitize.one_line(name)
    if sum(character.isdigit() for character in name) > MAX_VERSION_DIGITS:
        name = re.sub(r"\d+", LEFT_OUT, name)
    reduced = words.reduce(name)
    if LEFT_OUT not in reduced and PATH not in reduced:
        return reduced
    usual = re.compile(rf"({UPLOAD_WORDS}|{PROGRAM_WORDS})+|[ ()._-]|[0-9]{{1,3}}", re.IGNORECASE)
    parts = re.findall(r"[^\W\d_]+|\d+|.", name)
    if not any(part.isalpha() and usual.fullmatch(part) for part in parts):
        return LEFT_OUT
    return "".join(part if usual.fullmatch(part) else words.reduce(part) for part in parts)


def time_calls(call: Callable[[], object]) -> str:
    """Return how many milliseconds a call takes, the shortest and the longest of a few."""
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        try:
            call()
        except (OSError, Failure, client.NotRunningError):
            return "not possible"
        took.append((time.perf_counter() - began) * 1000)
    return f"{min(took):.1f} to {max(took):.1f} ms"


def _has_uptime(event: dict[str, Any]) -> bool:
    uptime = event.get("uptime")
    return isinstance(uptime, int | float) and 0 <= uptime < MAX_UPTIME_SECONDS


def _choose_match(path: str, patterns: dict[str, str]) -> str:
    path = PurePath(path).as_posix()
    return next((name for name, pattern in patterns.items() if re.search(pattern, path)), ANOTHER)


def _find_library(name: str) -> str:
    try:
        return find_version(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _list_programs(words: Words) -> str:
    import psutil

    names = Counter[str]()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, *OS_ERRORS):
            names[process.name()] += 1
    found = sorted(name for name in names if re.search(UPLOAD_WORDS, name, re.IGNORECASE))
    return ", ".join(f"{names[name]} {describe_program(name, words)}" for name in found) or "none"


def _describe_cost(pid: int) -> str:
    import psutil

    try:
        process = psutil.Process(pid)
        seconds = time.time() - process.create_time()
        used = process.cpu_times()
        memory = process.memory_info().rss / 1e6
    except psutil.Error:
        return "running"
    return f"running for {seconds:.0f} s, {used.user + used.system:.2f} s of a processor, {memory:.1f} MB resident"
