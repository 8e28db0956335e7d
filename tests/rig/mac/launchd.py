"""A simulated launchd with one user's session: `launchctl` as far as unplugd uses it, and a keeper for each agent.

`bootstrap` really starts the program of a property list, with its environment and log files, and its keeper starts it
again as KeepAlive says. Exit statuses are those that are reported of launchctl, and what it prints is as `State.version`
of macOS prints it.
"""

from __future__ import annotations

import json
import os
import plistlib
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.mac.state import here

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.rig.mac.state import State

UID = 501
DOMAIN = f"gui/{UID}"
PATIENCE = 600.0
"""Seconds that a program has to end before it is killed: launchd gives it 20, which pass quickly on a busy machine."""
KNOWN: Mapping[str, type] = {
    "Label": str,
    "ProgramArguments": list,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ThrottleInterval": int,
    "ProcessType": str,
    "LimitLoadToSessionType": str,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "Umask": int,
    "EnvironmentVariables": dict,
}
MESSAGES = {
    3: "No such process",
    5: "Input/output error",
    36: "Operation now in progress",
    37: "Operation already in progress",
    112: "Could not find specified domain",
    113: "Could not find specified service",
    119: "Service is disabled",
    122: "Path had bad ownership/permissions",
    125: "Domain does not support specified action",
    134: "Service cannot load in requested session",
}
AS_ROOT = "Try re-running the command as root for richer errors."
# Not on macOS, for which all this is checked as well.
SIGTIMEDWAIT: Callable[..., Any] = vars(signal)["sigtimedwait"]
SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1)


# --- launchctl


def launchctl(arguments: list[str]) -> int:
    """Do what `launchctl ARGUMENTS` does, and return its exit status."""
    state = here()
    order = state.called("launchctl", arguments)
    match arguments:
        case ["bootstrap", domain, path] if domain == DOMAIN:
            return _answer("Bootstrap failed", order, lambda: _bootstrap(state, Path(path)), *_advice(state))
        case ["bootout", target] if label := _label(target):
            return _answer("Boot-out failed", order, lambda: _bootout(state, label), *_advice(state))
        case ["kickstart", target] if label := _label(target):
            return _answer("Could not kickstart service", order, lambda: _kickstart(state, label))
        case ["enable" | "disable" as verb, target] if label := _label(target):
            return _answer(f"Could not {verb} service", order, lambda: _switch(state, verb, label))
        case ["print", target] if target == DOMAIN:
            return _answer("Could not print domain", order, lambda: _print_domain(state))
        case ["print", target] if re.fullmatch(r"gui/\d+", target):
            # Of somebody who is not logged in.
            return _answer("Could not print domain", order, lambda: 125)
        case ["print", target] if label := _label(target):
            pid = order != "no pid"
            return _answer("Could not print", order if pid else None, lambda: _print(state, label, pid=pid))
        case ["print-disabled", domain] if domain == DOMAIN:
            return _answer("Could not print", order, lambda: _print_disabled(state))
    return state.refuse(f"launchctl {' '.join(arguments)}")


def _label(target: str) -> str:
    found = re.fullmatch(rf"{DOMAIN}/([\w.-]+)", target)
    return found[1] if found else ""


def _advice(state: State) -> list[str]:
    return [] if state.version == "10.15" else [AS_ROOT]


def _answer(failed: str, order: str | int | None, do: Callable[[], int], *advice: str) -> int:
    """Do it, or misbehave: with an exit status, after all the same (`37 but done`), or failing."""
    if isinstance(order, str):
        assert order.endswith(" but done"), order
        do()
        order = int(order.removesuffix(" but done"))
    code = do() if order is None else order
    if code:
        print(f"{failed}: {code}: {MESSAGES.get(code, 'Unknown error')}", *advice, sep="\n", file=sys.stderr)
    return code


def _bootstrap(state: State, path: Path) -> int:
    if state.no_session.exists():
        return 125
    try:
        agent = plistlib.loads(path.read_bytes())
    except (OSError, plistlib.InvalidFileException, ValueError):
        return 5
    label = agent["Label"]
    strange = [key for key, value in agent.items() if not isinstance(value, KNOWN.get(key, ()))]
    if strange or f"{label}.plist" != path.name or agent["KeepAlive"] != {"SuccessfulExit": False}:
        state.refuse(f"a property list with {strange or agent}")
    if path.stat().st_mode & 0o022:
        return 122
    if label in state.disabled:
        return 119
    if job := _job(state, label):
        return 36 if job["state"] == "draining" else 5
    state.jobs.mkdir(exist_ok=True)
    # Each agent has a keeper, which says when it has begun and goes on alone.
    with (
        (state.folder / "keepers").open("ab") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "tests.rig.mac.launchd", str(path)],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        ) as keeper,
    ):
        assert keeper.stdout
        keeper.stdout.readline()
        keeper.returncode = 0
    return 0


def _bootout(state: State, label: str) -> int:
    job = _job(state, label)
    if state.no_session.exists():
        return 125
    if not job:
        return 3
    if job["state"] == "draining":
        return 36
    os.kill(job["keeper"], signal.SIGTERM)
    # Only the keeper writes what is noted of its agent: what two write, one of them would undo.
    while job and job["state"] != "draining":
        time.sleep(0.002)
        job = _job(state, label)
    return 0


def _kickstart(state: State, label: str) -> int:
    if state.no_session.exists():
        return 125
    job = _job(state, label)
    if not job:
        return 113
    if not job["pid"]:
        os.kill(job["keeper"], signal.SIGUSR1)
    return 0


def _switch(state: State, verb: str, label: str) -> int:
    others = [other for other in state.disabled if other != label]
    state.disabled = [*others, label] if verb == "disable" else others
    return 0


def _print_domain(state: State) -> int:
    if state.no_session.exists():
        return 125
    print(f"{DOMAIN} = {{\n\ttype = login\n\thandle = 100003\n}}")
    return 0


def _print(state: State, label: str, *, pid: bool) -> int:
    if state.no_session.exists():
        return 112
    job = _job(state, label)
    if not job:
        print("Bad request.", file=sys.stderr)
        print(f'Could not find service "{label}" in domain for user gui: {UID}', file=sys.stderr)
        sys.exit(113)
    running = pid and job["pid"]
    resting = "waiting" if state.version == "10.15" else "not running"
    lines = [
        f"active count = {1 if running else 0}",
        f"path = {job['path']}",
        "type = LaunchAgent",
        f"state = {'running' if running else 'spawn scheduled' if job['throttled'] else resting}",
        "",
        f"program = {job['program']}",
        f"runs = {job['runs']}",
        *([f"pid = {job['pid']}"] if running else []),
        job["last"],
        "",
        "spawn type = background (3)",
        "event channels = {",
        "\tstate = active",
        "\tpid = 1",
        "}",
    ]
    print("\n\t".join([f"{DOMAIN}/{label} = {{", *lines]) + "\n}")
    return 0


def _print_disabled(state: State) -> int:
    if state.no_session.exists():
        return 125
    services = ["com.example.other", *state.disabled]
    off, on = ("true", "false") if state.version == "10.15" else ("disabled", "enabled")
    print("\tdisabled services = {")
    for label in services:
        print(f'\t\t"{label}" => {off}')
    print(f'\t\t"com.example.enabled" => {on}\n\t}}')
    return 0


# --- what is noted of a job


def _job(state: State, label: str) -> dict[str, Any] | None:
    try:
        job: dict[str, Any] = json.loads((state.jobs / label).read_text())
    except OSError:
        return None
    return job


def _note(state: State, label: str, job: dict[str, Any]) -> None:
    fresh = state.jobs / f".{label}.{os.getpid()}"
    fresh.write_text(json.dumps(job))
    fresh.replace(state.jobs / label)


# --- the keeper of one agent


class Keeper:
    """Starts the program, and starts it again when it has failed. SIGTERM ends it, SIGUSR1 starts what does not run."""

    def __init__(self, state: State, path: Path) -> None:
        self._state = state
        self._path = path
        self._agent = plistlib.loads(path.read_bytes())
        self._child: subprocess.Popen[bytes] | None = None
        self._runs = 0
        self._last = "last exit code = (never exited)"
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def keep(self) -> None:
        """Do it until told to end, or until the simulated Mac is gone."""
        start = self._agent.get("RunAtLoad", False)
        said = False
        while self._state.jobs.exists():
            if start:
                self._start()
            self._note("loaded")
            if not said:
                print("loaded", flush=True)
                said = True
            failed = self._failed
            came = SIGTIMEDWAIT(SIGNALS, self._state.throttle if failed else 1.0)
            number = came.si_signo if came else 0
            if number == signal.SIGTERM:
                break
            if self._child and (code := self._child.poll()) is not None:
                # One or the other.
                self._last = (
                    f"last exit code = {code}"
                    if code >= 0
                    else f"last terminating signal = {signal.strsignal(-code)}: {-code}"
                )
                self._child = None
            start = self._child is None and (number == signal.SIGUSR1 or (failed and not number))
        self._note("draining")
        self._end()
        (self._state.jobs / self._agent["Label"]).unlink(missing_ok=True)

    @property
    def _failed(self) -> bool:
        return self._child is None and self._runs > 0 and self._last != "last exit code = 0"

    def _start(self) -> None:
        agent = self._agent
        self._runs += 1
        # The plist's own PATH, with the simulated programs before it.
        environment = dict(agent["EnvironmentVariables"])
        environment["PATH"] = f"{Path(__file__).parent}:{environment['PATH']}"
        kept = {name: value for name, value in os.environ.items() if name.startswith(("HOME", "UNPLUGD_"))}
        try:
            with (
                Path(agent["StandardOutPath"]).open("ab") as out,
                Path(agent["StandardErrorPath"]).open("ab") as err,
            ):
                self._child = subprocess.Popen(
                    agent["ProgramArguments"],
                    env={**kept, **environment},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                    umask=agent["Umask"],
                    preexec_fn=_unblock,  # noqa: PLW1509 - one thread
                )
        except OSError:
            self._last = "last exit code = 78: EX_CONFIG"

    def _note(self, what: str) -> None:
        job = {
            "keeper": os.getpid(),
            "path": str(self._path),
            "program": self._agent["ProgramArguments"][0],
            "pid": self._child.pid if self._child else 0,
            "runs": self._runs,
            "last": self._last,
            "throttled": self._failed,
            "state": what,
        }
        if self._state.jobs.exists():
            _note(self._state, self._agent["Label"], job)

    def _end(self) -> None:
        if not self._child:
            return
        self._child.terminate()
        end = time.monotonic() + PATIENCE
        while self._child.poll() is None:
            SIGTIMEDWAIT((signal.SIGCHLD,), max(0.0, min(0.1, end - time.monotonic())))
            if time.monotonic() >= end:
                self._child.kill()


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


if __name__ == "__main__":
    Keeper(here(), Path(sys.argv[1])).keep()
