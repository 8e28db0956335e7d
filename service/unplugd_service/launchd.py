"""unplugd as a launchd agent of one user.

What launchctl's exit status says is not always so (5 stands for four things): what counts is what `print` shows after it.
"""

from __future__ import annotations

import os
import plistlib
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unplugd_service import stamp, unit_file
from unplugd_service.applet import Applet
from unplugd_service.errors import Failure
from unplugd_service.manager import INSTALL, Problem, State
from unplugd_service.system import Done, run
from unplugd_service.tilde import shorten

if TYPE_CHECKING:
    from unplugd_service.program import Program
    from unplugd_service.system import System

LABEL: Final = "local.unplugd"
NO_SESSION: Final = frozenset((112, 125))
"""launchctl's exit status where the user is not logged in on the screen."""
UNKNOWN: Final = frozenset((3, 113))
"""Its exit status for a service that is not loaded."""
AGAIN: Final = frozenset((5, 36, 37))
"""Its exit status while an earlier one is still being ended: it may go next time."""
DISABLED: Final = 119
UNLOAD_TIMEOUT_SECONDS: Final = 25.0
"""Seconds that ending an earlier one may take: launchd kills it after 20."""
LOAD_TIMEOUT_SECONDS: Final = 10.0
"""Seconds that launchd may refuse to load what it is still ending."""
START_TIMEOUT_SECONDS: Final = 10.0
"""Seconds until there must be a process."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What `launchctl print` says of the service. `process` is 0 while there is none."""

    code: int
    state: str = ""
    process: int = 0
    last_exit: str = ""


class Launchd:
    """launchd of one user, who is logged in on the screen."""

    name: Final = "launchd"

    def __init__(self, home: Path | None = None, uid: int | None = None) -> None:
        home = home or Path.home()
        self.file = home / f"Library/LaunchAgents/{LABEL}.plist"
        self.log = home / "Library/Logs/unplugd/unplugd.log"
        self.applet = Applet(home)
        self._uid = os.getuid() if uid is None else uid
        self._domain = f"gui/{self._uid}"
        self._service = f"{self._domain}/{LABEL}"

    def text(self, program: Program) -> str:
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
        except Exception:  # noqa: BLE001 - plistlib's own and its XML parser's
            kept = False
        if not kept:
            # A file name may have any letter, a property list not.
            raise Failure(
                "the path of unplugd has letters that launchd cannot be told", "install it in another folder"
            )
        lines = dumped.decode().splitlines(keepends=True)
        # Behind the document type, since nothing may stand before the first line.
        lines.insert(2, f"<!-- {stamp.format_line(dumped.decode(), program.version)} -->\n")
        return "".join(lines)

    def check(self) -> None:
        """Make sure that there is a session in which it can run."""
        done = run("launchctl", "print", self._domain)
        if done.code:
            raise self._no_session() if done.code in {*NO_SESSION, *UNKNOWN} else _fault("print", done)

    def install(self, program: Program, hands: System) -> None:
        """Write the service file and the applet, have launchd start it at each login, and start it now."""
        before = unit_file.read(self.file)
        unit_file.make_room(self.file, before, hands)
        text = self.text(unit_file.restore(program, _command_in(before) or ()))
        hands.tell(self.applet.install(hands))
        # launchd makes the log file, but not the folder.
        hands.folder(self.log.parent)
        hands.write(self.file, text.encode(), 0o644)
        # Once disabled it stays so, whatever the file says.
        self._enable(hands)
        self._anew(hands)

    def uninstall(self, hands: System) -> bool:
        """Stop it and remove what `install` wrote, if it is unplugd's own."""
        loaded = self._shown().code == 0
        text = unit_file.read(self.file)
        unit_file.make_room(self.file, text, hands)
        there = text is not None
        if loaded:
            self._unload(hands)
        if there:
            hands.remove(self.file)
        return self.applet.uninstall(hands) or there or loaded

    def start(self, hands: System) -> None:
        """Start it."""
        self._must_be_there()
        self._enable(hands)
        if self._shown().code:
            self._load(hands)
        self._kick(hands)

    def stop(self, hands: System) -> None:
        """Stop it until the next login."""
        self._must_be_there()
        self._unload(hands)

    def restart(self, hands: System) -> None:
        """Stop it and start it again, as its file is now."""
        self._must_be_there()
        self._enable(hands)
        self._anew(hands)

    def state(self, program: Program | None) -> State:
        """Return what is known of it."""
        text = unit_file.read(self.file)
        shown = self._shown()
        enabled = text is not None and not self._is_disabled()
        if text is not None:
            problems = [*self._of_the_file(text, program), *self._of_the_service(shown, enabled=enabled)]
        elif shown.code == 0:
            problems = [Problem("the service runs although its file is gone", INSTALL)]
        else:
            problems = [Problem("the service is not installed", INSTALL)]
        return State(
            self.name,
            self.file,
            installed=text is not None,
            enabled=enabled,
            state=_describe_status(shown),
            process=shown.process,
            command=_command_in(text) or (),
            problems=tuple(problems),
        )

    def logs(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows what it has said."""
        if not self.log.exists() and not follow:
            raise Failure("it has said nothing yet", "unplugd service status")
        # -F: also where it is not there yet; unplugd empties it in place when it grows.
        return ("tail", "-n", str(lines), *(("-F",) if follow else ()), str(self.log))

    # --- the file

    def _must_be_there(self) -> None:
        if unit_file.read(self.file) is None:
            raise Failure("the service is not installed", "unplugd service install")

    # --- launchd

    def _shown(self) -> _Shown:
        if self._uid == 0:
            raise self._no_session()
        done = run("launchctl", "print", self._service)
        if done.code:
            return _Shown(done.code)

        def said(key: str) -> str:
            # At the first level: further in stand the same words of its parts.
            found = re.search(rf"^(?:\t| {{1,4}}){key} = (.+)$", done.out, re.MULTILINE)
            return found[1].strip() if found else ""

        process = said("pid")
        last = said("last exit code")
        return _Shown(0, said("state"), int(process) if process.isdecimal() else 0, last)

    def _is_disabled(self) -> bool:
        """Return whether it is switched off; macOS writes `disabled`, older ones `true`."""
        done = run("launchctl", "print-disabled", self._domain)
        return re.search(rf'"{re.escape(LABEL)}" => (disabled|true)\b', done.out) is not None

    def _enable(self, hands: System) -> None:
        done = hands.run("launchctl", "enable", self._service)
        if done.code:
            raise self._explained("enable", done)

    def _anew(self, hands: System) -> None:
        self._unload(hands)
        self._load(hands)
        self._kick(hands)

    def _unload(self, hands: System) -> None:
        done = hands.run("launchctl", "bootout", self._service)
        seconds = UNLOAD_TIMEOUT_SECONDS if done.code in {0, *AGAIN} else 0.0
        if hands.wait("launchd has let go of the one before", lambda: self._shown().code != 0, seconds):
            return
        if done.code in {0, *AGAIN}:
            raise Failure(
                "the unplugd that runs does not end", "log out and in again, then: unplugd service status"
            )
        raise self._explained("bootout", done)

    def _load(self, hands: System) -> None:
        command = ("launchctl", "bootstrap", self._domain, str(self.file))
        done = hands.run(*command)

        def loaded() -> bool:
            nonlocal done
            if self._shown().code == 0:
                done = Done(0)
            elif run("launchctl", "print", self._domain).code in NO_SESSION:
                raise self._no_session()
            else:
                done = hands.run(*command)
            return done.code not in AGAIN

        if done.code in AGAIN:
            hands.wait("launchd takes it", loaded, LOAD_TIMEOUT_SECONDS)
        if done.code:
            raise self._explained("bootstrap", done)

    def _kick(self, hands: System) -> None:
        # Without -k, which would end the one that loading has just started.
        done = hands.run("launchctl", "kickstart", self._service)
        if hands.wait("it runs", lambda: self._shown().process != 0, START_TIMEOUT_SECONDS):
            return
        shown = self._shown()
        if shown.code in {*NO_SESSION, *UNKNOWN}:
            raise self._explained("kickstart", Done(shown.code))
        if done.code not in {0, *AGAIN}:
            raise self._explained("kickstart", done)
        last = f" (last exit status {shown.last_exit})" if shown.last_exit else ""
        raise Failure(
            f"the service is loaded but does not run{last}",
            "unplugd service logs says why; unplugd doctor, too",
        )

    def _explained(self, verb: str, done: Done) -> Failure:
        return self._no_session() if done.code in NO_SESSION else _fault(verb, done)

    def _no_session(self) -> Failure:
        if self._uid == 0:
            return Failure("root has no desktop to remind anybody on", "run it without sudo")
        return Failure(
            "you are not logged in on the Mac's own screen (over ssh launchd cannot start anything there)",
            "log in on the Mac's own screen, then: unplugd service start",
        )

    def _of_the_file(self, text: str, program: Program | None) -> list[Problem]:
        command = _command_in(text)
        if command is None:
            aside = "" if stamp.read_stamp(text) else f"mv {shorten(self.file)} {shorten(self.file)}.old && "
            return [Problem(f"{shorten(self.file)} is not a service file", f"{aside}{INSTALL}")]
        return unit_file.find_problems(text, command, program, self.text)

    def _of_the_service(self, shown: _Shown, *, enabled: bool) -> list[Problem]:
        if shown.code in NO_SESSION:
            trouble = self._no_session()
            return [Problem(str(trouble), trouble.hint)]
        if not enabled:
            return [
                Problem("it is switched off, so it is not started when you log in", "unplugd service start")
            ]
        if shown.code:
            return [Problem("it is not loaded", "unplugd service start")]
        if not shown.process:
            last = f" (last exit status {shown.last_exit})" if shown.last_exit else ""
            return [
                Problem(
                    f"it is loaded but does not run{last}; unplugd service logs says why",
                    "unplugd service restart",
                )
            ]
        return []


def _fault(verb: str, done: Done) -> Failure:
    again = "unplugd service start"
    if done.code == DISABLED:
        return Failure(
            "macOS has switched unplugd off",
            f"allow it in System Settings, General, Login Items & Extensions, then: {again}",
        )
    if done.code == 36:
        return Failure("launchd is still ending the unplugd that ran before", f"wait a minute, then: {again}")
    if done.code in UNKNOWN:
        return Failure("launchd does not know the service", "unplugd service install")
    if verb == "bootstrap" and done.code in AGAIN:
        return Failure(
            f"launchd does not take the service: {done.complaint}",
            "log out and in again, then: unplugd service install",
        )
    return Failure(f"launchctl {verb} failed ({done.code}): {done.complaint}", "unplugd service status")


def _command_in(text: str | None) -> tuple[str, ...] | None:
    """Return what the file says it runs, None where it is no such file."""
    try:
        words = plistlib.loads((text or "").encode(errors="surrogateescape"))["ProgramArguments"]
    except Exception:  # noqa: BLE001 - plistlib's own, its XML parser's, and what is no dictionary
        return None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        return None
    return tuple(words)


def _describe_status(shown: _Shown) -> str:
    if shown.code in NO_SESSION:
        return "no session on the screen"
    if shown.code:
        return "not loaded"
    return "running" if shown.process else f"loaded, {shown.state or 'not running'}"
