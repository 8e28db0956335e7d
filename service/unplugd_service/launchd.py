"""Runs unplugd as a launchd agent.

launchctl's exit status is unreliable (5 means four different things), so rely on what `print` shows afterwards.
"""

from __future__ import annotations

import os
import plistlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from unplugd_service import launchctl, stamp, unit_file
from unplugd_service.applet import Applet
from unplugd_service.errors import Failure
from unplugd_service.home import find_home
from unplugd_service.launchctl import Service
from unplugd_service.manager import INSTALL, Defect, ServiceStatus
from unplugd_service.system import ProgramResult, run
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from pathlib import Path

    from unplugd_service.program import Program
    from unplugd_service.system import System

LABEL: Final = "local.unplugd"
NO_SESSION: Final = frozenset((112, 125, 134))
"""launchctl's exit statuses if the user has no graphical session."""
NOT_LOADED: Final = frozenset((3, 113))
"""Its exit statuses for a service that is not loaded."""
BUSY: Final = frozenset((5, 36, 37))
"""Its exit statuses while the previous process is still being stopped: a retry may succeed."""
DISABLED: Final = 119
"""Its exit status for a service that the person has disabled in System Settings."""
UNLOAD_TIMEOUT_SECONDS: Final = 25.0
"""Timeout of unloading in seconds; launchd kills the process after 20."""
LOAD_TIMEOUT_SECONDS: Final = 10.0
"""Seconds for which loading is retried while the previous process is still being stopped."""
START_TIMEOUT_SECONDS: Final = 10.0
"""Seconds within which the process must exist."""


class Launchd:
    """The launchd of a user with a graphical session."""

    name: Final = "launchd"

    def __init__(self, home: Path | None = None, uid: int | None = None) -> None:
        home = home or find_home()
        self.file = home / f"Library/LaunchAgents/{LABEL}.plist"
        self.log = home / "Library/Logs/unplugd/unplugd.log"
        self.applet = Applet(home)
        # Windows, where nothing of it works, has none.
        own: int = getattr(os, "getuid", int)()
        self._uid = own if uid is None else uid
        self._domain = f"gui/{self._uid}"
        self._service = f"{self._domain}/{LABEL}"

    def render(self, program: Program) -> str:
        """Return the service file for a program."""
        template: dict[str, Any] = plistlib.loads(
            files("unplugd_service").joinpath("agent.plist").read_bytes()
        )
        agent = {
            "Label": LABEL,
            "ProgramArguments": list(program.command),
            **template,
            "StandardOutPath": str(self.log),
            "StandardErrorPath": str(self.log),
        }
        try:
            dumped = plistlib.dumps(agent, sort_keys=False)
            kept = plistlib.loads(dumped) == agent
        except Exception:  # noqa: BLE001 - plistlib's own errors and those of its XML parser
            kept = False
        if not kept:
            # File names may contain characters that property lists cannot.
            raise Failure(
                "the path of unplugd contains characters that launchd cannot handle",
                "install it in another folder",
            )
        lines = dumped.decode().splitlines(keepends=True)
        # Insert it after the document type: nothing may come before the first line.
        lines.insert(2, f"<!-- {stamp.format_line(dumped.decode(), program.version)} -->\n")
        return "".join(lines)

    def check(self) -> None:
        """Raise Failure unless there is a session in which the service can run."""
        result = run("launchctl", "print", self._domain)
        if result.code:
            raise (
                self._explain_no_session()
                if result.code in {*NO_SESSION, *NOT_LOADED}
                else _explain_exit("print", result)
            )

    def install(self, program: Program, system: System) -> None:
        """Write the service file, build the applet, enable the service at login and start it."""
        before = unit_file.read(self.file)
        unit_file.keep_changes(self.file, before, system)
        text = self.render(unit_file.prefer_installed(program, _parse_command(before) or ()))
        system.tell(self.applet.install(system))
        # launchd creates the log file, but not its folder.
        system.make_folder(self.log.parent)
        system.write(self.file, text.encode(), 0o644)
        # A disabled service stays disabled regardless of its file.
        self._enable(system)
        self._reload(system)

    def uninstall(self, system: System) -> bool:
        """Stop the service and remove what `install` wrote; return whether anything was there."""
        loaded = self._query().code == 0
        text = unit_file.read(self.file)
        unit_file.keep_changes(self.file, text, system)
        installed = text is not None
        if loaded:
            self._unload(system)
        if installed:
            system.remove(self.file)
        return self.applet.uninstall(system) or installed or loaded

    def start(self, system: System) -> None:
        """Start the service and wait until it is running."""
        self._require_file()
        self._enable(system)
        if self._query().code:
            self._load(system)
        self._kickstart(system)

    def stop(self, system: System) -> None:
        """Stop the service until the next login."""
        self._require_file()
        self._unload(system)

    def restart(self, system: System) -> None:
        """Restart the service with its current file."""
        self._require_file()
        self._enable(system)
        self._reload(system)

    def inspect(self, program: Program | None) -> ServiceStatus:
        """Return the status of the service."""
        text = unit_file.read(self.file)
        service = self._query()
        enabled = text is not None and not self._is_disabled()
        if text is not None:
            defects = [
                *self._find_file_defects(text, program),
                *self._find_service_defects(service, enabled=enabled),
            ]
        elif service.code == 0:
            defects = [Defect("the service is running, but its file is missing", INSTALL)]
        else:
            defects = [Defect("the service is not installed", INSTALL)]
        return ServiceStatus(
            self.name,
            self.file,
            installed=text is not None,
            enabled=enabled,
            state=_describe_status(service),
            process=service.process,
            command=_parse_command(text) or (),
            defects=tuple(defects),
        )

    def make_log_command(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows the service's log."""
        if not self.log.exists() and not follow:
            raise Failure("there is no log yet", "unplugd service status")
        # -F also waits for a missing file and copes with truncation, by which unplugd limits its size.
        return ("tail", "-n", str(lines), *(("-F",) if follow else ()), str(self.log))

    # --- the file

    def _require_file(self) -> None:
        if unit_file.read(self.file) is None:
            raise Failure("the service is not installed", "unplugd service install")

    # --- launchd

    def _query(self) -> Service:
        if self._uid == 0:
            raise self._explain_no_session()
        result = run("launchctl", "print", self._service)
        if result.code:
            return Service(result.code)
        return launchctl.parse_service(result.out)

    def _is_disabled(self) -> bool:
        return launchctl.is_disabled(run("launchctl", "print-disabled", self._domain).out, LABEL)

    def _enable(self, system: System) -> None:
        result = system.run("launchctl", "enable", self._service)
        if result.code:
            raise self._explain("enable", result)

    def _reload(self, system: System) -> None:
        self._unload(system)
        self._load(system)
        self._kickstart(system)

    def _unload(self, system: System) -> None:
        result = system.run("launchctl", "bootout", self._service)
        seconds = UNLOAD_TIMEOUT_SECONDS if result.code in {0, *BUSY} else 0.0
        if system.wait("launchd has unloaded the old service", lambda: self._query().code != 0, seconds):
            return
        if result.code in {0, *BUSY}:
            raise Failure(
                "the running unplugd does not stop", "log out and back in, then: unplugd service status"
            )
        raise self._explain("bootout", result)

    def _load(self, system: System) -> None:
        command = ("launchctl", "bootstrap", self._domain, str(self.file))
        result = system.run(*command)

        def try_to_load() -> bool:
            nonlocal result
            if self._query().code == 0:
                result = ProgramResult(0)
            elif run("launchctl", "print", self._domain).code in NO_SESSION:
                raise self._explain_no_session()
            else:
                result = system.run(*command)
            return result.code not in BUSY

        if result.code in BUSY:
            system.wait("launchd accepts the service", try_to_load, LOAD_TIMEOUT_SECONDS)
        if result.code:
            raise self._explain("bootstrap", result)

    def _kickstart(self, system: System) -> None:
        # Do not use -k, which would kill the process that loading has just started.
        result = system.run("launchctl", "kickstart", self._service)
        if system.wait("the service is running", lambda: self._query().process != 0, START_TIMEOUT_SECONDS):
            return
        service = self._query()
        if service.code in {*NO_SESSION, *NOT_LOADED}:
            raise self._explain("kickstart", ProgramResult(service.code))
        if result.code not in {0, *BUSY}:
            raise self._explain("kickstart", result)
        raise Failure(
            f"the service is loaded but not running{service.ended}",
            "see unplugd service logs and unplugd doctor",
        )

    def _explain(self, verb: str, result: ProgramResult) -> Failure:
        return self._explain_no_session() if result.code in NO_SESSION else _explain_exit(verb, result)

    def _explain_no_session(self) -> Failure:
        if self._uid == 0:
            return Failure("root has no desktop to show reminders on", "run it without sudo")
        return Failure(
            "you are not logged in on the Mac's own screen (launchd cannot start the service over ssh)",
            "log in on the Mac's own screen, then: unplugd service start",
        )

    def _find_file_defects(self, text: str, program: Program | None) -> list[Defect]:
        command = _parse_command(text)
        if command is None:
            aside = "" if stamp.read_stamp(text) else f"mv {shorten(self.file)} {shorten(self.file)}.old && "
            return [Defect(f"{shorten(self.file)} is not a service file", f"{aside}{INSTALL}")]
        return unit_file.find_defects(text, command, program, self.render)

    def _find_service_defects(self, service: Service, *, enabled: bool) -> list[Defect]:
        if service.code in NO_SESSION:
            error = self._explain_no_session()
            return [Defect(str(error), error.hint)]
        if not enabled:
            return [Defect("it is disabled, so it does not start when you log in", "unplugd service start")]
        if service.code:
            return [Defect("it is not loaded", "unplugd service start")]
        if service.is_throttled:
            what = f"it has ended{service.ended} and is started again within 30 seconds"
        elif not service.process:
            what = f"it is loaded but not running{service.ended}"
        else:
            return []
        return [Defect(f"{what}; see unplugd service logs", "unplugd service restart")]


def _explain_exit(verb: str, result: ProgramResult) -> Failure:
    again = "unplugd service start"
    if result.code == DISABLED:
        return Failure(
            "macOS has disabled unplugd",
            f"allow it in System Settings, General, Login Items & Extensions, then: {again}",
        )
    if result.code == 36:
        return Failure("launchd is still stopping the previous unplugd", f"wait a minute, then: {again}")
    if result.code in NOT_LOADED:
        return Failure("launchd does not know the service", "unplugd service install")
    if verb == "bootstrap" and result.code in BUSY:
        return Failure(
            f"launchd refused the service: {launchctl.find_message(result)}",
            "log out and back in, then: unplugd service install",
        )
    return Failure(
        f"launchctl {verb} failed ({result.code}): {launchctl.find_message(result)}", "unplugd service status"
    )


def _parse_command(text: str | None) -> tuple[str, ...] | None:
    """Return the command in a service file, None if it is not a valid service file."""
    try:
        words = plistlib.loads((text or "").encode(errors="surrogateescape"))["ProgramArguments"]
    except Exception:  # noqa: BLE001 - errors of plistlib and its XML parser, and content that is not a dictionary
        return None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        return None
    return tuple(words)


def _describe_status(service: Service) -> str:
    if service.code in NO_SESSION:
        return "no desktop session"
    if service.code:
        return "not loaded"
    if service.is_throttled:
        return "loaded, about to start again"
    return "running" if service.process else f"loaded, {service.state or 'not running'}"
