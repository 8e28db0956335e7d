"""Runs unplugd on Windows from logon on, by a value of the registry's Run key.

Not by the Task Scheduler, which could start it again after a crash: by default its tasks stop on battery and after three
days, only an administrator may be allowed to make one that starts at logon, and many companies forbid it. The Run key
needs no rights, and people can see and switch off in the Task Manager what is in it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Final, Protocol

from unplugd_service import unit_file, windows_processes, windows_registry
from unplugd_service.errors import Failure
from unplugd_service.home import find_home
from unplugd_service.manager import INSTALL, Defect, ServiceStatus
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unplugd_service.program import Program
    from unplugd_service.system import System

KEY: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
"""Programs that Windows starts when this person logs on."""
SWITCHES: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
"""Which of them are switched off in the Task Manager or in the Settings: the first byte of the value is odd then."""
POLICIES: Final = tuple(
    rf"{root}\Software\Microsoft\Windows\CurrentVersion\Policies\Explorer" for root in ("HKCU", "HKLM")
)
FORBIDDING: Final = "DisableCurrentUserRun"
"""The value there by which an administrator keeps Windows from starting them."""
VALUE: Final = "unplugd"
MAX_CHARACTERS: Final = 260
"""Longest command that Windows starts from the Run key."""
STOP_TIMEOUT_SECONDS: Final = 10.0
START_TIMEOUT_SECONDS: Final = 30.0


class Registry(Protocol):
    """Values of the registry; see `windows_registry`."""

    def read_value(self, key: str, name: str, /) -> object:
        """Return a value, None if there is none."""

    def write_value(self, key: str, name: str, text: str, /) -> None:
        """Write a text."""

    def delete_value(self, key: str, name: str, /) -> None:
        """Delete a value, if there is one."""


class Processes(Protocol):
    """The service's process; see `windows_processes`."""

    def find_daemon(self, lock: Path, /) -> int:
        """Return the process id of the daemon that wrote `lock`, 0 if none runs in the background."""

    def start_program(self, command: tuple[str, ...], /) -> None:
        """Start a program that goes on by itself."""

    def ask_to_end(self, process: int, /) -> None:
        """Ask a process to end."""

    def end_process(self, process: int, /) -> None:
        """End a process."""

    def check_session(self) -> None:
        """Raise Failure unless this person is at the screen."""


class Windows:
    """What Windows starts when this person logs on."""

    name: Final = "windows"

    def __init__(
        self,
        registry: Registry = windows_registry,
        processes: Processes = windows_processes,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._registry = registry
        self._processes = processes
        self._environment = environment
        self.file = Path(f"{KEY}\\{VALUE}")

    @property
    def folder(self) -> Path:
        """The folder of the daemon's lock and log."""
        local = self._environment.get("LOCALAPPDATA") or find_home(self._environment) / "AppData/Local"
        return Path(local, "unplugd")

    def render(self, program: Program) -> str:
        """Return the command that writes the value, as a person can paste it into a terminal or a script."""
        text = _format_command(program.command).replace('"', '\\"')
        return f'reg add "{KEY}" /v {VALUE} /d "{text}" /f\n'

    def check(self) -> None:
        """Raise Failure unless there is a desktop here, on which this person sees reminders."""
        self._processes.check_session()

    def install(self, program: Program, system: System) -> None:
        """Write the value, and start the service."""
        found = self._read()
        if found is not None and not _is_ours(_parse_command(found)):
            raise Failure(
                f"{self.file} exists but was not written by unplugd",
                f'remove it, then try again: reg delete "{KEY}" /v {VALUE}',
            )
        text = _format_command(program.command)
        if len(text) > MAX_CHARACTERS:
            raise Failure(
                f"Windows starts nothing whose command has more than {MAX_CHARACTERS} characters; this one has {len(text)}",
                "install unplugd in a folder with a shorter path",
            )
        system.carry_out(f"set {self.file} to {text}", lambda: self._registry.write_value(KEY, VALUE, text))
        system.tell(f"Wrote {self.file}")
        self._switch_on(system)
        self._stop(system)
        self._start(program.command, system)

    def uninstall(self, system: System) -> bool:
        """Stop the service and delete the value; return whether anything was there."""
        found = self._read()
        running = self._stop(system)
        self._switch_on(system)
        if found is not None and _is_ours(_parse_command(found)):
            system.carry_out(f"delete {self.file}", lambda: self._registry.delete_value(KEY, VALUE))
            system.tell(f"Removed {self.file}")
            return True
        return running

    def start(self, system: System) -> None:
        """Start the service, unless it is running."""
        command = self._read_command()
        if not self._find_process():
            self._start(command, system)

    def stop(self, system: System) -> None:
        """Stop the service until the next logon."""
        self._read_command()
        self._stop(system)

    def restart(self, system: System) -> None:
        """Stop the service and start it again."""
        command = self._read_command()
        self._stop(system)
        self._start(command, system)

    def inspect(self, program: Program | None) -> ServiceStatus:
        """Return the status of the service."""
        found = self._read()
        command = _parse_command(found)
        process = self._find_process()
        enabled = found is not None and not self._is_switched_off() and not self._is_forbidden()
        return ServiceStatus(
            self.name,
            self.file,
            installed=found is not None,
            enabled=enabled,
            state="running" if process else "not running",
            process=process,
            command=command,
            defects=tuple(self._find_defects(found, command, process, program)),
        )

    def make_log_command(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows the service's log."""
        log = self.folder / "unplugd.log"
        if not log.exists() and not follow:
            raise Failure("there is no log yet", "unplugd service status")
        # Windows has no tail, and its PowerShell may be forbidden.
        show = (sys.executable, "-P", "-m", "unplugd_service.tail")
        return (*show, *(("--follow",) if follow else ()), str(lines), str(log))

    # --- the registry

    def _read(self) -> object:
        return self._registry.read_value(KEY, VALUE)

    def _read_command(self) -> tuple[str, ...]:
        """Return the command in the value; Failure if there is none that can be started."""
        found = self._read()
        if found is None:
            raise Failure("the service is not installed", INSTALL)
        command = _parse_command(found)
        if not _is_ours(command):
            raise Failure(f"{self.file} does not start unplugd", INSTALL)
        if problem := _find_start_problem(Path(command[0])):
            raise Failure(problem, INSTALL)
        return command

    def _is_switched_off(self) -> bool:
        switch = self._registry.read_value(SWITCHES, VALUE)
        return isinstance(switch, bytes) and bool(switch) and switch[0] % 2 == 1

    def _is_forbidden(self) -> bool:
        return any(self._registry.read_value(key, FORBIDDING) == 1 for key in POLICIES)

    def _switch_on(self, system: System) -> None:
        if self._registry.read_value(SWITCHES, VALUE) is not None:
            # Without a value there, it is switched on.
            system.carry_out(
                f"delete {SWITCHES}\\{VALUE}", lambda: self._registry.delete_value(SWITCHES, VALUE)
            )

    # --- the process

    def _find_process(self) -> int:
        return self._processes.find_daemon(self.folder / "events.lock")

    def _start(self, command: tuple[str, ...], system: System) -> None:
        system.carry_out(f"start {_format_command(command)}", lambda: self._processes.start_program(command))
        if not system.wait("it is running", lambda: self._find_process() != 0, START_TIMEOUT_SECONDS):
            raise Failure(
                "the service was started but is not running", "see unplugd service logs and unplugd doctor"
            )

    def _stop(self, system: System) -> bool:
        """Stop the daemon, if it runs in the background, and return whether it did."""
        process = self._find_process()
        if not process:
            return False

        def has_ended() -> bool:
            return self._find_process() != process

        system.carry_out(f"ask process {process} to end", lambda: self._processes.ask_to_end(process))
        if not system.wait("it has ended", has_ended, STOP_TIMEOUT_SECONDS):
            self._processes.end_process(process)
            if not system.wait("it has ended", has_ended, STOP_TIMEOUT_SECONDS):
                raise Failure("the running unplugd does not stop", "end it in the Task Manager")
        return True

    # --- defects

    def _find_defects(
        self, found: object, command: tuple[str, ...], process: int, program: Program | None
    ) -> list[Defect]:
        if found is None:
            what = (
                "the service is running, but is not installed" if process else "the service is not installed"
            )
            return [Defect(what, INSTALL)]
        if not _is_ours(command):
            return [Defect(f"{self.file} does not start unplugd", f'reg delete "{KEY}" /v {VALUE}')]
        if problem := _find_start_problem(Path(command[0])):
            return [Defect(problem, INSTALL)]
        defects = []
        if program and _normalize(command) != _normalize(program.command):
            defects.append(Defect(f"it starts a different unplugd: {shorten(Path(command[0]))}", INSTALL))
        if self._is_switched_off():
            what = (
                "it is switched off in the Task Manager or the Settings, so it does not start when you log on"
            )
            defects.append(Defect(what, INSTALL))
        if self._is_forbidden():
            what = "a policy of this computer keeps it from starting when you log on"
            defects.append(
                Defect(what, "ask your administrator; until then, after each logon: unplugd service start")
            )
        if not process:
            defects.append(Defect("it is not running", "unplugd service start"))
        return defects


def _format_command(command: tuple[str, ...]) -> str:
    # Without quotation marks, `C:\Program Files\x` could start `C:\Program`.
    return f'"{command[0]}" {subprocess.list2cmdline(command[1:])}'


def _parse_command(value: object) -> tuple[str, ...]:
    """Return the command in a value, () if there is none in it."""
    words = re.findall(r'"([^"]*)"|(\S+)', value) if isinstance(value, str) else []
    return tuple(quoted or bare for quoted, bare in words)


def _is_ours(command: tuple[str, ...]) -> bool:
    is_program = bool(command) and PureWindowsPath(command[0]).stem.casefold() == "unplugd"
    return command[-3:] == ("-m", "unplugd", "run") or (is_program and command[1:2] == ("run",))


def _normalize(command: tuple[str, ...]) -> tuple[str, ...]:
    return (os.path.normcase(command[0]), *command[1:])


def _find_start_problem(program: Path) -> str:
    """Return why a program cannot be started, "" if it can."""
    if problem := unit_file.find_start_problem(program):
        return problem
    try:
        settings = (program.parent.parent / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # What is in an environment there only starts the Python that it was made with.
    home = re.search(r"^home *= *(.+?) *$", settings, re.MULTILINE)
    if home and not Path(home[1], program.name).is_file():
        return f"the Python that runs it no longer exists: {shorten(Path(home[1]))}"
    return ""
