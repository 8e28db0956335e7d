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

from unplugd_service import hands, seal
from unplugd_service.manager import Problem, State
from unplugd_service.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from unplugd_service.hands import Done, Hands
    from unplugd_service.program import Program

UNIT: Final = "unplugd.service"
BOOTED: Final = Path("/run/systemd/system")
"""Is there where systemd runs the system (sd_booted(3))."""
PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+:@,=~-")
"""Characters that mean nothing else in a command line of systemd's."""
ENV: Final = "/usr/bin/env"
"""Starts a program of any name: systemd itself takes none with quotes, backslashes or control characters in its path."""
AGAIN: Final = "unplugd service install"
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


def words_of(line: str, home: str = "") -> tuple[str, ...]:
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
        self._home = home = Path(environment.get("HOME") or Path.home())
        given = environment.get("XDG_CONFIG_HOME", "")
        configuration = Path(given) if os.path.isabs(given) else home / ".config"  # noqa: PTH117 - may be empty
        self.file = configuration / "systemd/user" / UNIT
        self._booted = booted

    def text(self, program: Program) -> str:
        """Return the unit for a program."""
        template = files("unplugd_service").joinpath(UNIT).read_text(encoding="utf-8")
        first, rest = template.replace("@COMMAND@", command_line(program.command, str(self._home)), 1).split(
            "\n", 1
        )
        return first.replace("@SEAL@", seal.line(rest, program.version)) + f"\n{rest}"

    def check(self) -> None:
        """Make sure that the user's manager can be asked."""
        if not self._booted.exists() or not shutil.which("systemctl"):
            raise Trouble(
                "systemd does not run here (in a container it seldom does)",
                "unplugd run watches without it; have your desktop start that when you log in",
            )
        done = _systemctl("show", "--property=Version")
        if done.code:
            raise Trouble(
                f"the service manager of your session cannot be reached: {done.complaint}",
                "log in as the person who uses the desktop, not by su or sudo, and try again there",
            )

    def install(self, program: Program, hands: Hands) -> None:
        """Write the unit, enable it, start it, and wait until it is ready."""
        before = self._read()
        sealed = seal.read(before) if before is not None else None
        if before is not None and sealed is None:
            raise Trouble(
                f"{_short(self.file)} is there and is not unplugd's own", "move it away, then try again"
            )
        if before is not None and sealed and not sealed.intact:
            hands.write(self.file.with_name(f"{UNIT}.old"), before.encode(errors="surrogateescape"))
        text = self.text(program)
        if text != before:
            hands.write(self.file, text.encode())
        _must(hands.run("systemctl", "--user", "daemon-reload"))
        # Anew: an older unit may have been enabled for other targets.
        _must(hands.run("systemctl", "--user", "reenable", UNIT))
        self.restart(hands)

    def uninstall(self, hands: Hands) -> bool:
        """Stop the service and remove the unit, if it is unplugd's own."""
        text = self._read()
        if text is None:
            return False
        if seal.read(text) is None:
            raise Trouble(f"{_short(self.file)} is not unplugd's own", "remove it by hand if you want that")
        _must(hands.run("systemctl", "--user", "disable", "--now", UNIT))
        hands.remove(self.file)
        _must(hands.run("systemctl", "--user", "daemon-reload"))
        # Else a service that had failed would go on being listed.
        hands.run("systemctl", "--user", "reset-failed", UNIT)
        return True

    def start(self, hands: Hands) -> None:
        """Start it, and wait until it is ready."""
        self._begin("start", hands)

    def stop(self, hands: Hands) -> None:
        """Stop it until the next login."""
        self._must_be_known()
        _must(hands.run("systemctl", "--user", "stop", UNIT))

    def restart(self, hands: Hands) -> None:
        """Stop it and start it again."""
        self._begin("restart", hands)

    def state(self, program: Program | None) -> State:
        """Return what is known of it."""
        known = self._shown()
        text = self._read()
        if text is None and known.get("FragmentPath"):
            # Installed for everybody, by a package or an administrator.
            file = Path(known["FragmentPath"])
            with contextlib.suppress(OSError):
                text = file.read_text(encoding="utf-8", errors="surrogateescape")
        else:
            file = self.file
        command = _command_in(text, str(self._home))
        mine = program if file == self.file else None
        problems = (
            *_of_the_file(text, command, mine, self),
            *_of_the_service(known, installed=text is not None, own=file == self.file),
        )
        return State(
            self.name,
            file,
            installed=text is not None,
            enabled=known.get("UnitFileState") in ("enabled", "enabled-runtime"),
            state=_spoken(known),
            process=int(known.get("MainPID") or 0),
            command=command,
            problems=problems,
        )

    def logs(self, lines: int, *, follow: bool) -> tuple[str, ...]:
        """Return the command that shows what it has said."""
        if not shutil.which("journalctl"):
            raise Trouble("there is no journalctl to show it", "unplugd log shows what unplugd saw and did")
        more = ("--follow",) if follow else ("--no-pager",)
        return ("journalctl", "--user", f"--unit={UNIT}", f"--lines={lines}", "--output=short-iso", *more)

    def _begin(self, verb: str, hands: Hands) -> None:
        self._must_be_known(hands)
        # Else a service that has failed too often is not tried again.
        hands.run("systemctl", "--user", "reset-failed", UNIT)
        # The unit says when it is ready, and this waits for it.
        done = hands.run("systemctl", "--user", verb, UNIT)
        if done.code:
            result = self._shown().get("Result", "")
            because = f" ({result})" if result not in ("", "success") else f": {done.complaint}"
            raise Trouble(
                f"the service does not start{because}", "unplugd service logs says why; unplugd doctor, too"
            )

    def _must_be_known(self, hands: Hands | None = None) -> None:
        if isinstance(hands, _Rehearsal) or self.file.exists():
            return
        if self._shown().get("LoadState") == "not-found":
            raise Trouble("the service is not installed", "unplugd service install")

    def _read(self) -> str | None:
        try:
            return self.file.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Trouble(
                f"{_short(self.file)} cannot be read: {error.strerror}", "make it a file that you can read"
            ) from None

    def _shown(self) -> dict[str, str]:
        done = _systemctl("show", UNIT, f"--property={','.join(ASKED)}")
        return dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)


_Rehearsal = hands.Rehearsal
_short = hands.short


def _systemctl(*arguments: str) -> Done:
    return hands.run("systemctl", "--user", *arguments)


def _must(done: Done) -> None:
    if done.code:
        raise Trouble(f"systemctl failed: {done.complaint}", "unplugd service status")


def _command_in(text: str | None, home: str) -> tuple[str, ...]:
    for line in (text or "").splitlines():
        if line.startswith("ExecStart="):
            return words_of(line.removeprefix("ExecStart="), home)
    return ()


def _of_the_file(
    text: str | None, command: tuple[str, ...], program: Program | None, manager: Systemd
) -> list[Problem]:
    """Compare the unit with the one that would be written now."""
    if text is None:
        return [Problem("the service is not installed", AGAIN)]
    sealed = seal.read(text)
    if command and not Path(command[0]).exists():
        return [Problem(f"the program that it starts is gone: {_short(Path(command[0]))}", AGAIN)]
    if sealed is None or program is None:
        # A packager's, or somebody's own: what stands in it is their choice.
        return []
    if not sealed.intact:
        return [Problem("the unit was changed by hand (a copy is kept when it is written anew)", AGAIN)]
    if sealed.version != program.version:
        return [Problem(f"it was installed by unplugd {sealed.version}, this is {program.version}", AGAIN)]
    if command != program.command:
        return [Problem(f"it starts another unplugd: {_short(Path(command[0]))}", AGAIN)]
    return (
        [] if text == manager.text(program) else [Problem("the unit is not as this unplugd writes it", AGAIN)]
    )


def _of_the_service(known: Mapping[str, str], *, installed: bool, own: bool) -> list[Problem]:
    problems = []
    active, result = known.get("ActiveState", ""), known.get("Result", "")
    if known.get("LoadState") == "masked":
        return [Problem("the service is masked", f"systemctl --user unmask {UNIT}")]
    if not installed:
        # One that is still loaded although its file is gone.
        left = active in ("active", "activating", "reloading")
        return (
            [Problem("the service runs although its unit is gone", f"systemctl --user stop {UNIT}")]
            if left
            else []
        )
    if known.get("NeedDaemonReload") == "yes":
        problems.append(Problem("systemd has not read the unit as it is now", AGAIN))
    if known.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        problems.append(
            Problem("it is not started when you log in", AGAIN if own else f"systemctl --user enable {UNIT}")
        )
    if active == "failed":
        problems.append(
            Problem(f"it has failed ({result}); unplugd service logs says why", "unplugd service restart")
        )
    elif active == "inactive":
        problems.append(Problem("it does not run", "unplugd service start"))
    return problems


def _spoken(known: Mapping[str, str]) -> str:
    active, sub = known.get("ActiveState", "unknown"), known.get("SubState", "")
    return {
        "active": "running",
        "inactive": "stopped",
        "failed": "failed",
        "activating": "waiting to be started again" if sub == "auto-restart" else "starting",
        "deactivating": "stopping",
    }.get(active, active)
