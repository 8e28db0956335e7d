"""Runs unplugd as a systemd user service."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service import stamp, systemd_quoting, unit_file
from unplugd_service.errors import Failure
from unplugd_service.home import find_home, look_up_home
from unplugd_service.identity import Identity
from unplugd_service.manager import INSTALL, Defect, ServiceStatus, parse_process_id
from unplugd_service.system import ProgramResult, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unplugd_service.program import Program
    from unplugd_service.system import System

UNIT: Final = "unplugd.service"
BOOTED: Final = Path("/run/systemd/system")
"""Exists if systemd is the init system (sd_booted(3))."""
RESTART: Final = "unplugd service restart"
PROPERTIES: Final = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "UnitFileState",
    "NeedDaemonReload",
    "FragmentPath",
)


class Systemd:
    """The systemd manager of the user. `environment` determines the user's folders."""

    name: Final = "systemd"

    def __init__(self, environment: Mapping[str, str] = os.environ, booted: Path = BOOTED) -> None:
        self._environment = environment
        # A user in a container may have no home folder.
        self._home = str(look_up_home(environment) or "")
        given = environment.get("XDG_CONFIG_HOME", "")
        configuration = Path(given) if os.path.isabs(given) else find_home(environment) / ".config"  # noqa: PTH117 - may be empty
        self.file = configuration / "systemd/user" / UNIT
        self._booted = booted
        self._identity = Identity(environment)

    def render(self, program: Program) -> str:
        """Return the unit file for a program."""
        if any("\ud800" <= letter <= "\udfff" for letter in "".join(program.command)):
            # systemd would start it, but then refuse every question about the service.
            raise Failure(
                "the path of unplugd contains characters that systemd cannot handle",
                "install it in another folder",
            )
        line = systemd_quoting.format_command(program.command, self._home)
        # ConditionFileIsExecutable= takes a plain path, without the quoting of ExecStart=.
        executable = (
            systemd_quoting.SHELL[0]
            if line.startswith(systemd_quoting.SHELL[0])
            else program.command[0].replace("%", "%%")
        )
        if len(self._home) > 1 and executable.startswith(below := f"{self._home}/"):
            executable = f"%h/{executable.removeprefix(below)}"
        template = files("unplugd_service").joinpath(UNIT).read_text(encoding="utf-8")
        first, _, rest = template.partition("\n")
        rest = rest.replace("@PROGRAM@", executable).replace("@COMMAND@", line)
        return first.replace("@STAMP@", stamp.format_line(rest, program.version)) + f"\n{rest}"

    def check(self) -> None:
        """Raise Failure unless the user's systemd manager can be reached and uses the same folders as this shell."""
        if not self._booted.exists() or not shutil.which("systemctl"):
            raise Failure(
                "systemd is not running here (containers usually lack it)",
                "unplugd run works without systemd; have your desktop start it when you log in",
            )
        result = _systemctl("show-environment")
        if result.code:
            raise Failure(
                f"cannot reach your session's service manager: {result.message}",
                "log in as the user of the desktop (not through su or sudo) and try again",
            )
        manager_environment = systemd_quoting.parse_environment(result.out)
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            value = self._environment.get(name, "")
            if manager_environment.get(name, "") == value:
                continue
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise Failure(
                    f"{name} is not UTF-8 text, and systemd gives its services nothing else",
                    f"rename that folder, or: unset {name}",
                )
            raise Failure(
                f"{name} differs between this shell and your session, so the service would use other folders",
                f"set it in ~/.config/environment.d/ (see environment.d(5)) and log in again, or: unset {name}",
            )

    def install(self, program: Program, system: System) -> None:
        """Write the unit file, enable and start the service, and wait until it is ready."""
        self._require_unmasked()
        before = unit_file.read(self.file)
        unit_file.keep_changes(self.file, before, system)
        program = unit_file.prefer_installed(program, self._parse_command(before))
        text = self.render(program)
        if text != before:
            system.write(self.file, text.encode(errors="surrogateescape"))
        self._identity.install(program, system)
        _require_success(system.run("systemctl", "--user", "daemon-reload"))
        # Use reenable: an older unit file may have been enabled for other targets.
        _require_success(system.run("systemctl", "--user", "reenable", UNIT))
        self._start_unit("restart", system)

    def uninstall(self, system: System) -> bool:
        """Stop the service and remove the unit file, if unplugd wrote it; return whether anything was there."""
        self.check()
        self._require_unmasked()
        text = unit_file.read(self.file)
        if text is None:
            was_there = self._clean_up(system)
            return self._identity.uninstall(system) or was_there
        unit_file.keep_changes(self.file, text, system)
        _require_success(system.run("systemctl", "--user", "disable", "--now", UNIT))
        system.remove(self.file)
        self._reload_manager(system)
        self._identity.uninstall(system)
        return True

    def start(self, system: System) -> None:
        """Start the service and wait until it is ready."""
        self._require_unit()
        self._start_unit("start", system)

    def stop(self, system: System) -> None:
        """Stop the service until the next login."""
        self._require_unit()
        _require_success(system.run("systemctl", "--user", "stop", UNIT))

    def restart(self, system: System) -> None:
        """Restart the service and wait until it is ready."""
        self._require_unit()
        self._start_unit("restart", system)

    def inspect(self, program: Program | None) -> ServiceStatus:
        """Return the status of the service."""
        self.check()
        known = self._query()
        masked = known.get("LoadState") == "masked"
        text, path, own = None if masked else unit_file.read(self.file), self.file, True
        if text is None and known.get("FragmentPath") and not masked:
            # It was installed for all users by a package or an administrator.
            path, own = Path(known["FragmentPath"]), False
            with contextlib.suppress(OSError):
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
        command = self._parse_command(text)
        defects = _find_defects(known, installed=text is not None, own=own)
        if text is not None:
            of_file = unit_file.find_defects(text, command, program if own else None, self.render)
            if own and program and stamp.read_stamp(text) and not of_file:
                of_file = self._identity.find_defects(replace(program, command=command))
            defects[:0] = of_file
        return ServiceStatus(
            self.name,
            path,
            installed=text is not None,
            enabled=known.get("UnitFileState") in ("enabled", "enabled-runtime"),
            state=_describe_state(known),
            process=parse_process_id(known.get("MainPID", "")),
            command=command,
            defects=tuple(defects),
        )

    def make_log_command(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows the service's log."""
        if not shutil.which("journalctl"):
            raise Failure("journalctl is not installed", "unplugd log shows what unplugd saw and did")
        more = ("--follow",) if follow else ("--no-pager",)
        return ("journalctl", "--user", f"--unit={UNIT}", f"--lines={lines}", "--output=short-iso", *more)

    def _start_unit(self, verb: str, system: System) -> None:
        # Otherwise a service that failed too often is not started again.
        system.run("systemctl", "--user", "reset-failed", UNIT)
        # Because of Type=notify, this returns when the service is ready.
        result = system.run("systemctl", "--user", verb, UNIT)
        # systemctl does not treat an unmet condition as an error.
        if result.code or not system.wait(
            "the service is running", lambda: self._query().get("ActiveState") == "active", 1.0
        ):
            reason = self._query().get("Result", "")
            because = f" ({reason})" if reason not in ("", "success") else f": {result.message}"
            raise Failure(
                f"the service failed to start{because}", "see unplugd service logs and unplugd doctor"
            )

    def _clean_up(self, system: System) -> bool:
        """Stop and remove what is left without a unit file; return whether there was anything."""
        known = self._query()
        if known.get("FragmentPath"):
            raise Failure(
                f"the service is installed for all users, in {known['FragmentPath']}",
                f"to turn it off for yourself only: systemctl --user mask --now {UNIT}",
            )
        links = sorted(self.file.parent.glob(f"*.wants/{UNIT}"))
        runs = known.get("ActiveState") not in (None, "", "inactive")
        if runs:
            _require_success(system.run("systemctl", "--user", "stop", UNIT))
        for link in links:
            system.remove(link)
        if runs or links:
            self._reload_manager(system)
        return bool(runs or links)

    def _reload_manager(self, system: System) -> None:
        _require_success(system.run("systemctl", "--user", "daemon-reload"))
        # Otherwise a failed service would stay listed.
        system.run("systemctl", "--user", "reset-failed", UNIT)

    def _require_unmasked(self) -> None:
        # A masked unit file is a symlink to /dev/null.
        if self.file.is_symlink() and self.file.resolve() == Path(os.devnull):
            raise _make_masked_failure()

    def _require_unit(self) -> None:
        known = self._query()
        if known.get("LoadState") == "masked":
            raise _make_masked_failure()
        if known.get("LoadState") == "not-found":
            raise Failure("the service is not installed", INSTALL)

    def _parse_command(self, text: str | None) -> tuple[str, ...]:
        for line in (text or "").splitlines():
            if line.startswith("ExecStart="):
                words = systemd_quoting.split_words(line.removeprefix("ExecStart="), self._home)
                # No file name contains a NUL, which every call with a path refuses.
                return words if "\0" not in "".join(words) else ()
        return ()

    def _query(self) -> dict[str, str]:
        result = _systemctl("show", UNIT, f"--property={','.join(PROPERTIES)}")
        return dict(line.split("=", 1) for line in result.out.split("\n") if "=" in line)


def _systemctl(*arguments: str) -> ProgramResult:
    return run("systemctl", "--user", *arguments)


def _require_success(result: ProgramResult) -> None:
    if result.code:
        raise Failure(f"systemctl failed: {result.message}", "unplugd service status")


def _make_masked_failure() -> Failure:
    return Failure("the service is masked", f"systemctl --user unmask {UNIT}")


def _find_defects(known: Mapping[str, str], *, installed: bool, own: bool) -> list[Defect]:
    active, sub, result = known.get("ActiveState", ""), known.get("SubState", ""), known.get("Result", "")
    if known.get("LoadState") == "masked":
        return [Defect(str(_make_masked_failure()), _make_masked_failure().hint)]
    if not installed:
        # The service may still be running without its file.
        left = active in ("active", "activating", "reloading")
        runs = [Defect("the service is running, but its file is missing", INSTALL)]
        return runs if left else [Defect("the service is not installed", INSTALL)]
    defects = []
    if known.get("NeedDaemonReload") == "yes":
        defects.append(Defect("its file has changed since systemd read it", INSTALL))
    if known.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        repair = INSTALL if own else f"systemctl --user enable {UNIT}"
        defects.append(Defect("it does not start when you log in", repair))
    if active == "failed":
        defects.append(Defect(f"it failed ({result}); see unplugd service logs", RESTART))
    elif active == "activating" and sub == "auto-restart":
        defects.append(Defect(f"it keeps exiting ({result}); see unplugd service logs", RESTART))
    elif active in ("inactive", "deactivating"):
        defects.append(Defect("it is not running", "unplugd service start"))
    return defects


def _describe_state(known: Mapping[str, str]) -> str:
    active, sub = known.get("ActiveState", "unknown"), known.get("SubState", "")
    return {
        "active": "running",
        "inactive": "stopped",
        "failed": "failed",
        "activating": "waiting to restart" if sub == "auto-restart" else "starting",
        "deactivating": "stopping",
    }.get(active, active)
