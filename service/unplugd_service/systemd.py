"""unplugd as a systemd user service."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unplugd_service import stamp, system, unit_file
from unplugd_service.errors import Failure
from unplugd_service.manager import INSTALL, Problem, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from unplugd_service.program import Program
    from unplugd_service.system import Done, System

UNIT: Final = "unplugd.service"
BOOTED: Final = Path("/run/systemd/system")
"""Is there where systemd runs the system (sd_booted(3))."""
PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+:@,=~-")
"""Characters that mean nothing else in a command line of systemd's."""
ENV: Final = "/usr/bin/env"
"""Starts a program of any name: systemd itself takes none with quotes, backslashes or control characters in its path."""
RESTART: Final = "unplugd service restart"
ASKED: Final = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "UnitFileState",
    "NeedDaemonReload",
    "FragmentPath",
)


def command_line(words: Sequence[str], home: str = "") -> str:
    """Return the words as ExecStart= takes them, each quoted (systemd.service(5), "Command lines").

    The home folder is written as %h: it holds the user's name.
    """
    if any(letter in "\"'\\" or not letter.isprintable() for letter in words[0]):
        words = (ENV, *words)
    program, *arguments = words
    below = f"{home.rstrip('/')}/" if len(home) > 1 else ""
    if below and program.startswith(below):
        start = _quoted(program.removeprefix(below))
        first = f'"%h/{start[1:]}' if start.startswith('"') else f"%h/{start}"
    else:
        first = _quoted(program)
    # In the program's own path systemd replaces no variables.
    return " ".join([first, *(_quoted(word.replace("$", "$$")) for word in arguments)])


def _quoted(word: str) -> str:
    if word and PLAIN.issuperset(word):
        return word
    out = []
    for byte in os.fsencode(word):
        letter = chr(byte)
        if letter in '"\\':
            out.append(f"\\{letter}")
        elif letter == "%":
            out.append("%%")
        else:
            out.append(letter if " " <= letter <= "~" else f"\\x{byte:02x}")
    return f'"{"".join(out)}"'


def split_words(line: str, home: str = "") -> tuple[str, ...]:
    """Return the words of a command line as `command_line` writes it; of any other at least the program."""
    words: list[bytes] = []
    word: bytearray | None = None
    quoted = False
    letters = iter(os.fsencode(line))
    for byte in letters:
        if byte == ord('"'):
            quoted = not quoted
            word = bytearray() if word is None else word
        elif byte == ord(" ") and not quoted:
            if word is not None:
                words.append(bytes(word))
            word = None
        else:
            word = bytearray() if word is None else word
            word += _escaped(letters) if byte == ord("\\") else bytes((byte,))
    if word is not None:
        words.append(bytes(word))
    plain = [
        re.sub("%([%h])", lambda found: "%" if found[1] == "%" else home, os.fsdecode(word)) for word in words
    ]
    found = (*plain[:1], *(word.replace("$$", "$") for word in plain[1:]))
    return found[1:] if found[:1] == (ENV,) else found


def _escaped(letters: Iterable[int]) -> bytes:
    after = bytes(islice(letters, 1))
    if after != b"x":
        return after
    digits = bytes(islice(letters, 2))
    with contextlib.suppress(ValueError):
        return bytes((int(digits, 16),))
    return digits


class Systemd:
    """The user's own service manager. `environment` is where the user's folders are found."""

    name: Final = "systemd"

    def __init__(self, environment: Mapping[str, str] = os.environ, booted: Path = BOOTED) -> None:
        self._environment = environment
        self._home = home = Path(environment.get("HOME") or Path.home())
        given = environment.get("XDG_CONFIG_HOME", "")
        configuration = Path(given) if os.path.isabs(given) else home / ".config"  # noqa: PTH117 - may be empty
        self.file = configuration / "systemd/user" / UNIT
        self._booted = booted

    def text(self, program: Program) -> str:
        """Return the unit for a program."""
        line = command_line(program.command, str(self._home))
        # Quoted for an ExecStart=, the path would not be read as a path.
        executable = ENV if line.startswith(ENV) else program.command[0].replace("%", "%%")
        if (below := f"{self._home}/") != "//" and executable.startswith(below):
            executable = f"%h/{executable.removeprefix(below)}"
        template = files("unplugd_service").joinpath(UNIT).read_text(encoding="utf-8")
        first, _, rest = template.partition("\n")
        rest = rest.replace("@PROGRAM@", executable).replace("@COMMAND@", line)
        return first.replace("@SEAL@", stamp.format_line(rest, program.version)) + f"\n{rest}"

    def check(self) -> None:
        """Make sure that the user's manager can be asked, and has the same folders as the command line."""
        if not self._booted.exists() or not shutil.which("systemctl"):
            raise Failure(
                "systemd does not run here (in a container it seldom does)",
                "unplugd run watches without it; have your desktop start that when you log in",
            )
        done = _systemctl("show-environment")
        if done.code:
            raise Failure(
                f"the service manager of your session cannot be reached: {done.complaint}",
                "log in as the person who uses the desktop, not by su or sudo, and try again there",
            )
        there = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            if there.get(name, "").strip("'\"") != self._environment.get(name, ""):
                raise Failure(
                    f"{name} is not the same in this shell as in your session, so a service would have other folders",
                    f"set it in ~/.config/environment.d/ (environment.d(5)) and log in anew, or: unset {name}",
                )

    def install(self, program: Program, hands: System) -> None:
        """Write the unit, enable it, start it, and wait until it is ready."""
        self._must_not_be_masked()
        before = unit_file.read(self.file)
        unit_file.make_room(self.file, before, hands)
        text = self.text(unit_file.restore(program, self._command(before)))
        if text != before:
            hands.write(self.file, text.encode(errors="surrogateescape"))
        _must(hands.run("systemctl", "--user", "daemon-reload"))
        # Anew: an older unit may have been enabled for other targets.
        _must(hands.run("systemctl", "--user", "reenable", UNIT))
        self._begin("restart", hands)

    def uninstall(self, hands: System) -> bool:
        """Stop the service and remove the unit, if it is unplugd's own."""
        self.check()
        self._must_not_be_masked()
        text = unit_file.read(self.file)
        if text is None:
            return self._clear_away(hands)
        unit_file.make_room(self.file, text, hands)
        _must(hands.run("systemctl", "--user", "disable", "--now", UNIT))
        hands.remove(self.file)
        self._forget(hands)
        return True

    def start(self, hands: System) -> None:
        """Start it, and wait until it is ready."""
        self._must_be_known()
        self._begin("start", hands)

    def stop(self, hands: System) -> None:
        """Stop it until the next login."""
        self._must_be_known()
        _must(hands.run("systemctl", "--user", "stop", UNIT))

    def restart(self, hands: System) -> None:
        """Stop it and start it again."""
        self._must_be_known()
        self._begin("restart", hands)

    def state(self, program: Program | None) -> State:
        """Return what is known of it."""
        self.check()
        known = self._shown()
        masked = known.get("LoadState") == "masked"
        text, path, own = None if masked else unit_file.read(self.file), self.file, True
        if text is None and known.get("FragmentPath") and not masked:
            # Installed for everybody, by a package or an administrator.
            path, own = Path(known["FragmentPath"]), False
            with contextlib.suppress(OSError):
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
        command = self._command(text)
        problems = _of_the_service(known, installed=text is not None, own=own)
        if text is not None:
            problems[:0] = unit_file.find_problems(text, command, program if own else None, self.text)
        return State(
            self.name,
            path,
            installed=text is not None,
            enabled=known.get("UnitFileState") in ("enabled", "enabled-runtime"),
            state=_describe_state(known),
            process=int(known.get("MainPID") or 0),
            command=command,
            problems=tuple(problems),
        )

    def logs(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows what it has said."""
        if not shutil.which("journalctl"):
            raise Failure("there is no journalctl to show it", "unplugd log shows what unplugd saw and did")
        more = ("--follow",) if follow else ("--no-pager",)
        return ("journalctl", "--user", f"--unit={UNIT}", f"--lines={lines}", "--output=short-iso", *more)

    def _begin(self, verb: str, hands: System) -> None:
        # Else a service that has failed too often is not tried again.
        hands.run("systemctl", "--user", "reset-failed", UNIT)
        # The unit says when it is ready, and this waits for it.
        done = hands.run("systemctl", "--user", verb, UNIT)
        # A condition that is not met is no error to systemctl.
        if done.code or not hands.wait("it runs", lambda: self._shown().get("ActiveState") == "active", 1.0):
            result = self._shown().get("Result", "")
            because = f" ({result})" if result not in ("", "success") else f": {done.complaint}"
            raise Failure(
                f"the service does not start{because}", "unplugd service logs says why; unplugd doctor, too"
            )

    def _clear_away(self, hands: System) -> bool:
        """Do what can be done without a unit of the user's own; return whether anything was there."""
        known = self._shown()
        if known.get("FragmentPath"):
            raise Failure(
                f"it is installed for everybody, in {known['FragmentPath']}",
                f"to have it left out for you alone: systemctl --user mask --now {UNIT}",
            )
        links = sorted(self.file.parent.glob(f"*.wants/{UNIT}"))
        runs = known.get("ActiveState") not in (None, "", "inactive")
        if runs:
            _must(hands.run("systemctl", "--user", "stop", UNIT))
        for link in links:
            hands.remove(link)
        if runs or links:
            self._forget(hands)
        return bool(runs or links)

    def _forget(self, hands: System) -> None:
        _must(hands.run("systemctl", "--user", "daemon-reload"))
        # Else a service that had failed would go on being listed.
        hands.run("systemctl", "--user", "reset-failed", UNIT)

    def _must_not_be_masked(self) -> None:
        # Masking puts a link to nothing there.
        if self.file.is_symlink() and self.file.resolve() == Path(os.devnull):
            raise _masked()

    def _must_be_known(self) -> None:
        known = self._shown()
        if known.get("LoadState") == "masked":
            raise _masked()
        if known.get("LoadState") == "not-found":
            raise Failure("the service is not installed", INSTALL)

    def _command(self, text: str | None) -> tuple[str, ...]:
        for line in (text or "").splitlines():
            if line.startswith("ExecStart="):
                return split_words(line.removeprefix("ExecStart="), str(self._home))
        return ()

    def _shown(self) -> dict[str, str]:
        done = _systemctl("show", UNIT, f"--property={','.join(ASKED)}")
        return dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)


def _systemctl(*arguments: str) -> Done:
    return system.run("systemctl", "--user", *arguments)


def _must(done: Done) -> None:
    if done.code:
        raise Failure(f"systemctl failed: {done.complaint}", "unplugd service status")


def _masked() -> Failure:
    return Failure("the service is masked", f"systemctl --user unmask {UNIT}")


def _of_the_service(known: Mapping[str, str], *, installed: bool, own: bool) -> list[Problem]:
    active, sub, result = known.get("ActiveState", ""), known.get("SubState", ""), known.get("Result", "")
    if known.get("LoadState") == "masked":
        return [Problem(str(_masked()), _masked().hint)]
    if not installed:
        # One that is still loaded although its file is gone.
        left = active in ("active", "activating", "reloading")
        runs = [Problem("the service runs although its file is gone", INSTALL)]
        return runs if left else [Problem("the service is not installed", INSTALL)]
    problems = []
    if known.get("NeedDaemonReload") == "yes":
        problems.append(Problem("systemd has not read its file as it is now", INSTALL))
    if known.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        repair = INSTALL if own else f"systemctl --user enable {UNIT}"
        problems.append(Problem("it is not started when you log in", repair))
    if active == "failed":
        problems.append(Problem(f"it has failed ({result}); unplugd service logs says why", RESTART))
    elif active == "activating" and sub == "auto-restart":
        problems.append(
            Problem(f"it ends again and again ({result}); unplugd service logs says why", RESTART)
        )
    elif active in ("inactive", "deactivating"):
        problems.append(Problem("it does not run", "unplugd service start"))
    return problems


def _describe_state(known: Mapping[str, str]) -> str:
    active, sub = known.get("ActiveState", "unknown"), known.get("SubState", "")
    return {
        "active": "running",
        "inactive": "stopped",
        "failed": "failed",
        "activating": "waiting to be started again" if sub == "auto-restart" else "starting",
        "deactivating": "stopping",
    }.get(active, active)
