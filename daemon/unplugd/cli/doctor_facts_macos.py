"""What `unplugd doctor --report` says of a Mac: what ioreg, launchctl and codesign show of unplugd and of its devices."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from unplugd.cli.daemon_client import ask_if_running
from unplugd.cli.doctor_facts import (
    ANOTHER,
    NOT_KNOWN,
    describe_program,
    find_version,
    load_usable_settings,
    time_calls,
    try_run,
)
from unplugd.platforms.macos import iokit, ioreg, registry
from unplugd.platforms.macos.frameworks import LIBRARIES, Frameworks
from unplugd.rules import devices
from unplugd_service import launchctl
from unplugd_service.applet import IDENTIFIER, Applet
from unplugd_service.launchd import LABEL, Launchd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unplugd.cli.doctor_facts import Facts
    from unplugd.cli.doctor_words import Words
    from unplugd.paths import Paths
    from unplugd.platforms.macos.frameworks import Libraries
    from unplugd.platforms.macos.registry import Node
    from unplugd_service.system import ProgramResult

LAUNCHD_KEYS: Final = (
    "active count", "state", "runs", "last exit code", "last exit reason", "last terminating signal", "spawn type",
    "minimum runtime", "exit timeout", "job state",
)  # fmt: skip
LAUNCHD_WORDS: Final = (
    "Boot-out failed: Bootstrap failed: Could not find service in domain for user gui: Could not find domain for "
    "Try re-running the command as root for richer errors. Could not kickstart service Bad request. Unrecognized target "
    "Service is disabled Load failed: Could not print Domain does not support specified action specifier service "
    "not running spawn scheduled waiting exited (never exited) Killed: Terminated: Abort trap: Segmentation fault: Bus error: "
    "Hangup: Interrupt: EX_CONFIG EX_USAGE background interactive adaptive standard OS_REASON_EXIT OS_REASON_SIGNAL "
    "cannot load in requested session Operation not permitted while System Integrity Protection is engaged Usage: launchctl"
)
"""Words of launchctl's messages and states."""
SIGNATURE_KEYS: Final = {
    "Identifier": re.escape(IDENTIFIER),
    "Signature": "adhoc",
    "Format": "app bundle with Mach-O [a-z0-9_() ]{1,40}",
    "TeamIdentifier": "not set",
    "CodeDirectory": r"v=[0-9a-f]+ size=[0-9]+ flags=0x[0-9a-f]+\([a-z,]+\)[a-z0-9=+ ]{0,60}",
}
ATTRIBUTE: Final = re.compile(r"com\.apple\.[A-Za-z.#-]{1,40}")
CLASS: Final = re.compile(r"(IO|Apple)[A-Za-z]{1,40}")
RESTART_SECONDS: Final = 45.0
"""Seconds for which a restart after a crash is waited for; launchd waits for 30."""
POLL_SECONDS: Final = 0.5


def describe_mac() -> Facts:
    """Return the version of macOS."""
    build = try_run("sw_vers", "-buildVersion").out.strip()
    return [
        ("macOS", find_version(try_run("sw_vers", "-productVersion").out)),
        ("build", build if re.fullmatch("[0-9]{2}[A-Z][0-9]{1,5}[a-z]?", build) else NOT_KNOWN),
    ]


def describe_registry(where: Paths, words: Words, libraries: Libraries = LIBRARIES) -> Facts:
    """Return what the I/O Registry holds of the watched devices, by IOKit and by ioreg."""
    watches = load_usable_settings(where).watches

    def is_watched(node: Node) -> bool:
        watch = devices.find_watch(node.number("idVendor") or 0, node.number("idProduct") or 0, watches)
        return watch is not None and watch.on

    facts: Facts = []
    nodes: dict[str, tuple[Node, ...]] = {}
    lists: dict[str, Callable[[], tuple[Node, ...]]] = {
        "IOKit": lambda: iokit.list_entries(Frameworks(libraries), is_watched),
        "ioreg": ioreg.Ioreg(time.monotonic).wait,
    }
    for name, call in lists.items():
        try:
            nodes[name] = call()
        except OSError as error:
            facts.append((name, words.reduce(error.strerror or "")))
        else:
            facts.append((name, f"{len(nodes[name])} devices, {time_calls(call)}"))
    ids = [sorted(node.id for node in found) for found in nodes.values()]
    if len(ids) == 2:
        facts.append(("both list the same devices", "yes" if ids[0] == ids[1] else "NO"))
    for name, found in nodes.items():
        for node in filter(is_watched, found):
            facts += [(name, line) for line in _describe_entry(node, words)]
    return facts


def describe_agent(words: Words, uid: int | None = None) -> Facts:
    """Return what launchd says of the service, and codesign of the applet."""
    target = f"{_find_domain(uid)}/{LABEL}"
    applet = Applet()
    printed = try_run("launchctl", "print", target)
    facts = [("launchctl print", _describe_result(printed, words))]
    values = ((key, launchctl.find_value(printed.out, key)) for key in LAUNCHD_KEYS)
    facts += [(key, words.reduce(value)) for key, value in values if value]
    facts.append(("agent's file", "there" if Launchd().file.exists() else "missing"))
    if not applet.path.exists():
        return [*facts, ("applet", "missing")]
    shown = try_run("codesign", "-dvv", str(applet.path))
    for key, pattern in SIGNATURE_KEYS.items():
        value = re.search(rf"^{key}[= ](.+)$", shown.err, re.MULTILINE)
        if value:
            facts.append((f"applet's {key}", value[1] if re.fullmatch(pattern, value[1]) else ANOTHER))
    verified = try_run("codesign", "--verify", str(applet.path))
    attributes = sorted(set(ATTRIBUTE.findall(try_run("xattr", "-lr", str(applet.path)).out)))
    return [
        *facts,
        ("codesign --verify", _describe_result(verified, words)),
        ("extended attributes", ", ".join(attributes) or "none"),
        (
            "notices that wait",
            str(len(list(applet.notices.glob("*"))) if applet.notices.exists() else "no folder"),
        ),
    ]


def describe_refusals(words: Words, uid: int | None = None) -> Facts:
    """Return what launchctl says to what it cannot do; nothing is changed."""
    domain = _find_domain(uid)
    commands = {
        "bootstrap of what is loaded": ("bootstrap", domain, str(Launchd().file)),
        "bootout of what is not there": ("bootout", f"{domain}/{LABEL}.nothing"),
        "kickstart of what runs": ("kickstart", f"{domain}/{LABEL}"),
        "print of what is not there": ("print", f"{domain}/{LABEL}.nothing"),
        "print of another's session": ("print", "gui/99999"),
    }
    return [
        (name, _describe_result(try_run("launchctl", *command), words)) for name, command in commands.items()
    ]


def describe_switch(words: Words, uid: int | None = None) -> Facts:
    """Return what launchctl says of a service that the person has switched off."""
    printed = try_run("launchctl", "print-disabled", _find_domain(uid))
    found = re.search(rf'"{re.escape(LABEL)}" => (\w+)', printed.out)
    return [
        ("launchctl print-disabled", words.reduce(found[1]) if found else "does not name it"),
        *describe_agent(words, uid),
    ]


def describe_log() -> Facts:
    """Return how often the service's output names a trouble."""
    try:
        text = Launchd().log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return [("log file", "missing")]
    counts = {what: text.count(what) for what in ("cannot list", "Traceback", "not responding")}
    lines = text.count("\n")
    return [("log file", f"{lines} lines; " + ", ".join(f"{counts[what]} with “{what}”" for what in counts))]


def watch_restart(where: Paths, words: Words, before: int, uid: int | None = None) -> Facts:
    """Wait until launchd has started the service again, and return what it said until then."""
    facts: Facts = [("right after it", _describe_state(words, uid))]
    took = f"not within {RESTART_SECONDS:.0f} s"
    began = time.monotonic()
    while time.monotonic() - began < RESTART_SECONDS:
        process = ask_if_running(where, "status").get("process")
        if isinstance(process, int) and process != before:
            took = f"{time.monotonic() - began:.1f} s"
            break
        time.sleep(POLL_SECONDS)
    return [*facts, ("running again after", took), ("then", _describe_state(words, uid))]


def _find_domain(uid: int | None) -> str:
    return f"gui/{os.getuid() if uid is None else uid}"


def _describe_state(words: Words, uid: int | None) -> str:
    return "; ".join(f"{key} {value}" for key, value in describe_agent(words, uid) if key in LAUNCHD_KEYS)


def _describe_result(result: ProgramResult, words: Words) -> str:
    """Return the exit status and each line of the error message, reduced."""
    lines = [words.reduce(line) for line in result.err.splitlines()[:5]]
    return " / ".join([f"exit status {result.code}", *lines])


def _describe_entry(node: Node, words: Words, depth: int = 0) -> Iterator[str]:
    """Yield a line for an entry of the I/O Registry and for each below it: its class, its numbers and who has it open."""
    kind = node.kind if CLASS.fullmatch(node.kind) else "another class"
    parts = [f"{'. ' * depth}{kind}"]
    keys = ("idVendor", "idProduct", "locationID", "bDeviceClass", registry.INTERFACE, *registry.ADDRESSES)
    parts += [f"{key} {number}" for key in keys if (number := node.number(key)) is not None]
    for key in (registry.OWNER, registry.CREATOR):
        if text := node.text(key):
            who = re.fullmatch(r"pid ([0-9]+), ?(.*)", text, re.DOTALL)
            driver = text if CLASS.fullmatch(text) else ANOTHER
            parts.append(f"{key} {f'a process, {describe_program(who[2], words)}' if who else driver}")
    if registry.OPENED in node.properties:
        parts.append(f"{registry.OPENED} {bool(node.properties[registry.OPENED])}")
    if not node.here:
        parts.append("not registered")
    yield ", ".join(parts)
    for child in node.children:
        yield from _describe_entry(child, words, depth + 1)
