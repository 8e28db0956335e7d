"""unplugd as a launchd agent: a real program under a simulated launchd, for every way in which launchctl answers."""

from __future__ import annotations

import os
import plistlib
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.rig.mac.machine import UID, USER, Mac
from tests.rig.wait import wait_until
from unplugd.cli import dispatch
from unplugd_service import launchd, system
from unplugd_service.applet import Applet
from unplugd_service.errors import Failure
from unplugd_service.launchd import LABEL, Launchd
from unplugd_service.program import Program
from unplugd_service.system import DryRun, RealSystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unplugd_service.system import System

DOMAIN = f"gui/{UID}"
SERVICE = f"{DOMAIN}/{LABEL}"
ALWAYS = 1000
"""Times that something goes wrong: more than anybody tries."""


class NoApplet(Applet):
    """Quick to install: what it does has tests of its own."""

    def install(self, system: System) -> str:  # noqa: ARG002 - nothing is done
        """Do nothing."""
        return "no applet"

    def uninstall(self, system: System) -> bool:  # noqa: ARG002 - likewise
        """Do nothing."""
        return False


class Rig:
    """A person with a Mac, who has unplugd's service managed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mac = Mac(folder, monkeypatch)
        self.manager = Launchd(uid=UID)
        self.manager.applet = NoApplet()
        self.file = self.manager.file
        self.messages: list[str] = []
        self.system = RealSystem(self.messages.append)
        self.script = folder / "bin/unplugd"
        self.script.parent.mkdir()
        self.runs("echo started $1 >&2; exec sleep 3600")
        self.program = Program((str(self.script), "run"), "1.0")

    def with_applet(self) -> None:
        """Have the applet built, too."""
        self.manager.applet = Applet()

    def runs(self, script: str) -> None:
        """Have this be what unplugd does."""
        self.script.write_text(f"#!/bin/sh\n{script}\n")
        self.script.chmod(0o755)

    def install(self, program: Program | None = None) -> None:
        self.manager.install(program or self.program, self.system)

    def refused(self, verb: str = "install") -> tuple[str, str]:
        """Have something done that cannot be, and return what is said of it."""
        arguments = {"install": [self.program, self.system], "check": []}.get(verb, [self.system])
        with pytest.raises(Failure) as trouble:
            getattr(self.manager, verb)(*arguments)
        said = (str(trouble.value), trouble.value.hint)
        assert all(line and "\n" not in line and USER not in line for line in said)
        return said

    def problems(self, program: Program | None = None) -> list[tuple[str, str]]:
        """Return what is wrong, and what repairs it."""
        state = self.manager.inspect(program or self.program)
        return [(problem.what, problem.repair) for problem in state.defects]

    @property
    def log(self) -> str:
        return self.manager.log.read_text() if self.manager.log.exists() else ""

    @property
    def launchctl(self) -> list[str]:
        """The launchctl commands so far that change something."""
        looks = ("print", "print-disabled")
        return [call[1] for call in self.mac.calls if call[0] == "launchctl" and call[1] not in looks]

    @property
    def process(self) -> int:
        return int(self.mac.job(LABEL).get("pid", 0))


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Yield a Mac on which things are quick to be waited for."""
    monkeypatch.setattr(system, "POLL_SECONDS", 0.001)
    rig = Rig(tmp_path, monkeypatch)
    yield rig
    rig.mac.close()
    assert not any(USER in line for line in rig.messages)


@pytest.fixture
def in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody wait long for what does not come: a start, but no end, which comes and may take its time."""
    for name in ("LOAD_TIMEOUT_SECONDS", "START_TIMEOUT_SECONDS"):
        monkeypatch.setattr(launchd, name, 0.3)


# --- installing


def test_a_program_in_a_folder_of_any_characters(rig: Rig) -> None:
    """It is started from there, and known for the same program; a folder that no property list can name is refused."""
    folder = rig.script.parent / """a b'c$HOME\\d"e\tf\ng<h>&amp;%h;ü\u2028\\"""
    folder.mkdir()
    program = Program((str(rig.script.rename(folder / "unplugd")), "run"), "1.0")
    rig.install(program)
    wait_until(lambda: "started run" in rig.log, "the program")
    assert rig.problems(program) == []
    rig.program = Program((f"{folder}\udcff/unplugd", "run"), "1.0")
    assert rig.refused()[0] == "the path of unplugd contains characters that launchd cannot handle"


def test_installing_starts_it(rig: Rig) -> None:
    """In this order; it really runs, and writes its log."""
    rig.with_applet()
    rig.manager.check()
    rig.install()
    assert rig.launchctl == ["enable", "bootout", "bootstrap", "kickstart"]
    wait_until(lambda: rig.log == "started run\n", "its log")
    assert rig.file.stat().st_mode & 0o777 == 0o644
    assert rig.file.read_text() == rig.manager.render(rig.program)
    assert rig.manager.log.stat().st_mode & 0o077 == 0o044, "launchd makes it before the umask counts"
    assert rig.manager.log.parent.stat().st_mode & 0o777 == 0o700
    state = rig.manager.inspect(rig.program)
    assert (state.manager, state.file, state.installed, state.enabled) == ("launchd", rig.file, True, True)
    assert (state.state, state.process, state.command) == ("running", rig.process, rig.program.command)
    assert state.defects == ()
    assert "Wrote ~/Library/LaunchAgents/local.unplugd.plist" in rig.messages
    assert any(line.startswith("Reminders are shown by ~/Applications/unplugd.app") for line in rig.messages)


def test_installing_again_runs_the_new_one(rig: Rig) -> None:
    """As an upgrade does."""
    rig.install()
    first = rig.process
    rig.install(Program((*rig.program.command, "--config", "x"), "1.1"))
    assert rig.process not in (0, first)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert rig.manager.inspect(None).command[-1] == "x"
    assert not list(rig.file.parent.glob("*.old"))


def test_a_file_of_somebody_else_is_left_alone(rig: Rig) -> None:
    """Neither overwritten nor removed; nothing is started."""
    rig.file.parent.mkdir(parents=True)
    rig.file.write_text("theirs")
    assert rig.refused() == (
        "~/Library/LaunchAgents/local.unplugd.plist exists but was not written by unplugd",
        "move it away, then try again",
    )
    assert rig.refused("uninstall")[1] == "move it away, then try again"
    assert rig.file.read_text() == "theirs"
    assert rig.launchctl == []


def test_what_was_changed_by_hand_is_kept(rig: Rig) -> None:
    """Beside it, where launchd does not look; also at uninstalling."""
    rig.install()
    old = rig.file.with_name("local.unplugd.plist.old")
    for undo in (rig.install, lambda: rig.manager.uninstall(rig.system)):
        changed = rig.file.read_bytes().replace(b"<integer>30<", b"<integer>\xe9<")
        rig.file.write_bytes(changed)
        rig.messages.clear()
        undo()
        assert old.read_bytes() == changed
        assert any("was edited by hand; saving a copy:" in line for line in rig.messages)
        old.unlink()
    assert not rig.file.exists()


def test_a_folder_in_the_way_is_reported(rig: Rig) -> None:
    rig.file.mkdir(parents=True)
    assert rig.refused()[0] == "~/Library/LaunchAgents/local.unplugd.plist is not a file"


def test_one_that_was_switched_off_is_switched_on(rig: Rig) -> None:
    """Whoever installs it wants it."""
    rig.mac.disabled = [LABEL]
    rig.install()
    assert rig.process
    assert rig.mac.disabled == []


def test_one_that_takes_its_time_to_end_is_waited_for(rig: Rig) -> None:
    """launchd refuses while it is still ending the one before."""  # noqa: D403 - its name
    rig.runs("trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.05; done")
    rig.install()
    first = rig.process
    rig.install()
    assert rig.process not in (0, first)


def test_one_that_does_not_end_is_reported(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started beside it."""
    rig.runs("trap '' TERM; echo deaf; while :; do sleep 0.05; done")
    rig.install()
    wait_until(lambda: rig.log, "the program to be deaf")
    monkeypatch.setattr(launchd, "UNLOAD_TIMEOUT_SECONDS", 0.3)
    for verb in ("install", "stop"):
        assert rig.refused(verb) == (
            "the running unplugd does not stop",
            "log out and back in, then: unplugd service status",
        )
    rig.mac.kill(LABEL, 9)


@pytest.mark.parametrize("code", [5, 36, 37])
def test_what_launchd_refuses_at_first_is_tried_again(rig: Rig, code: int) -> None:
    """Draining, in progress: it goes a little later."""
    rig.mac.misbehave("launchctl bootstrap", code, code)
    rig.install()
    assert rig.process
    assert rig.launchctl.count("bootstrap") == 3


@pytest.mark.parametrize("code", [5, 37])
def test_what_is_loaded_after_all_is_fine(rig: Rig, code: int) -> None:
    """Whatever the exit status says: it is there."""
    rig.mac.misbehave("launchctl bootstrap", f"{code} but done")
    rig.install()
    assert rig.process
    assert rig.launchctl.count("bootstrap") == 1


@pytest.mark.parametrize("code", [3, 113, 125])
def test_what_was_not_there_need_not_end(rig: Rig, code: int) -> None:
    """Whatever bootout says, what counts is that print does not show it."""
    rig.mac.misbehave("launchctl bootout", code)
    rig.install()
    assert rig.process


@pytest.mark.parametrize("code", [5, 36, 37])
def test_what_ends_all_the_same_is_fine(rig: Rig, code: int) -> None:
    """Again it is print that counts."""
    rig.install()
    first = rig.process
    rig.mac.misbehave("launchctl bootout", f"{code} but done")
    rig.install()
    assert rig.process not in (0, first)


def test_a_bootout_that_does_nothing_is_reported(rig: Rig) -> None:
    """It says that nothing was there, and print shows that there is."""
    rig.install()
    rig.mac.misbehave("launchctl bootout", 3, 1)
    assert rig.refused("stop") == ("launchd does not know the service", "unplugd service install")
    assert rig.refused("stop") == (
        "launchctl bootout failed (1): Boot-out failed: 1: Unknown error",
        "unplugd service status",
    )


TOO_LATE = "log out and back in, then: unplugd service install"


@pytest.mark.parametrize(
    ("call", "code", "what", "hint"),
    [
        (
            "bootstrap",
            5,
            "launchd refused the service: Bootstrap failed: 5: Input/output error",
            TOO_LATE,
        ),
        (
            "bootstrap",
            36,
            "launchd is still stopping the previous unplugd",
            "wait a minute, then: unplugd service start",
        ),
        (
            "bootstrap",
            37,
            "launchd refused the service: Bootstrap failed: 37: Operation already in progress",
            TOO_LATE,
        ),
        ("bootstrap", 134, "you are not logged in on the Mac's own screen", "log in on the Mac's own screen"),
        ("bootstrap", 112, "you are not logged in on the Mac's own screen", "log in on the Mac's own screen"),
        ("bootstrap", 125, "you are not logged in on the Mac's own screen", "log in on the Mac's own screen"),
        ("bootstrap", 113, "launchd does not know the service", "unplugd service install"),
        (
            "bootstrap",
            119,
            "macOS has disabled unplugd",
            "allow it in System Settings, General, Login Items & Extensions, then: unplugd service start",
        ),
        (
            "bootstrap",
            122,
            "launchctl bootstrap failed (122): Bootstrap failed: 122: Path had bad ownership/permissions",
            "unplugd service status",
        ),
        (
            "enable",
            1,
            "launchctl enable failed (1): Could not enable service: 1: Unknown error",
            "unplugd service status",
        ),
        ("enable", 125, "you are not logged in on the Mac's own screen", "log in on the Mac's own screen"),
    ],
)
@pytest.mark.usefixtures("in_vain")
def test_each_refusal_is_one_line_and_a_way_out(rig: Rig, call: str, code: int, what: str, hint: str) -> None:
    """However often it is tried; nobody is told to try it as root, as launchctl does in a second line."""
    rig.mac.misbehave(f"launchctl {call}", *[code] * ALWAYS)
    said = rig.refused()
    assert said[0].startswith(what)
    assert said[1].startswith(hint)
    assert "root" not in f"{said}"


@pytest.mark.parametrize("code", [112, 113, 125, 134])
def test_over_ssh_one_is_told_to_use_the_screen(rig: Rig, code: int) -> None:
    """The check says so before anything is written or started."""
    rig.mac.misbehave("launchctl print", code)
    assert rig.refused("check") == (
        "you are not logged in on the Mac's own screen (launchd cannot start the service over ssh)",
        "log in on the Mac's own screen, then: unplugd service start",
    )


def test_without_a_session_what_works_works(rig: Rig) -> None:
    """Installing says why it does not start, status likewise; uninstalling and stopping have nothing to do there."""
    rig.mac.log_out()
    assert rig.refused()[1] == "log in on the Mac's own screen, then: unplugd service start"
    assert rig.refused("start")[1] == "log in on the Mac's own screen, then: unplugd service start"
    state = rig.manager.inspect(rig.program)
    assert (state.state, state.process, len(state.defects)) == ("no desktop session", 0, 1)
    rig.manager.stop(rig.system)
    assert rig.manager.uninstall(rig.system)
    assert not rig.file.exists()


def test_over_ssh_the_commands_show_and_remove_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what starts something needs the screen."""
    rig.install()
    rig.manager.stop(rig.system)
    rig.mac.log_out()
    monkeypatch.setattr(os, "getuid", lambda: UID)
    by = ["--manager", "launchd"]
    assert dispatch.main(["service", "status", *by]) == 1
    out = capsys.readouterr().out
    assert "file      ~/Library/LaunchAgents/local.unplugd.plist (launchd)\n" in out
    assert "state     no desktop session\n" in out
    assert "fix       log in on the Mac's own screen, then: unplugd service start\n" in out
    assert dispatch.main(["service", "uninstall", *by]) == 0
    assert "Service removed." in capsys.readouterr().err
    assert not rig.file.exists()


@pytest.mark.usefixtures("rig")
def test_root_is_told_to_leave_sudo_away() -> None:
    """Its session is never there; what it sees and removes would not be the person's service."""
    root = Launchd(uid=0)
    file = root.file
    file.parent.mkdir(parents=True)
    file.write_text(root.render(Program(("/bin/true",), "1.0")))
    for ask in (root.check, lambda: root.inspect(None), lambda: root.uninstall(RealSystem(print))):
        with pytest.raises(Failure) as trouble:
            ask()
        assert trouble.value.hint == "run it without sudo"
    assert file.exists()


def test_a_launchctl_that_hangs_is_reported(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "TIMEOUT_SECONDS", 0.5)
    rig.mac.misbehave("launchctl enable", "hang")
    assert rig.refused() == (
        "launchctl is not responding",
        "try again; if that does not help, restart the computer",
    )


def test_without_launchctl_it_is_reported(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """This is no Mac, or its PATH is broken."""
    monkeypatch.setenv("PATH", str(rig.mac.home))
    assert rig.refused("check")[0] == "launchctl cannot be started: No such file or directory"


@pytest.mark.usefixtures("in_vain")
def test_a_program_that_does_not_start_is_reported(rig: Rig) -> None:
    """With what launchd says of its last run."""
    rig.script.unlink()
    assert rig.refused() == (
        "the service is loaded but not running (last exit status 78: EX_CONFIG)",
        "see unplugd service logs and unplugd doctor",
    )


def test_a_kickstart_that_fails_does_not_matter_while_it_runs(rig: Rig) -> None:
    """37 is what some say of one that runs already."""
    rig.mac.misbehave("launchctl kickstart", 37)
    rig.install()
    rig.mac.misbehave("launchctl kickstart", 119)
    rig.install()
    assert rig.process


@pytest.mark.usefixtures("in_vain")
def test_a_kickstart_that_fails_is_why_nothing_runs(rig: Rig) -> None:
    rig.script.unlink()
    rig.mac.misbehave("launchctl kickstart", 119)
    assert rig.refused()[0] == "macOS has disabled unplugd"


@pytest.mark.usefixtures("in_vain")
def test_a_service_that_is_forgotten_at_once_is_reported(rig: Rig) -> None:
    """It was loaded, and is not any more."""
    rig.install()
    rig.mac.misbehave("launchctl bootstrap", 0)
    assert rig.refused("restart") == ("launchd does not know the service", "unplugd service install")


def test_a_print_that_hides_the_process_is_not_believed_at_once(rig: Rig) -> None:
    """It may come a little later."""
    rig.mac.misbehave("launchctl print", 113, "no pid", "no pid")
    rig.install()
    assert rig.process


# --- start, stop, restart, uninstall


def test_start_stop_restart(rig: Rig) -> None:
    """Stopped means not loaded, until it is started or the next login."""
    rig.install()
    first = rig.process
    rig.manager.stop(rig.system)
    assert not rig.mac.job(LABEL)
    assert rig.problems() == [("it is not loaded", "unplugd service start")]
    rig.manager.stop(rig.system)
    rig.manager.start(rig.system)
    second = rig.process
    rig.manager.start(rig.system)
    assert rig.process == second
    rig.manager.restart(rig.system)
    assert len({0, first, second, rig.process}) == 4


def test_a_program_that_ended_well_is_started_by_start(rig: Rig) -> None:
    """launchd leaves it alone until then."""  # noqa: D403 - its name
    rig.runs("trap 'exit 0' USR1; echo ready; while :; do sleep 0.05; done")
    rig.install()
    wait_until(lambda: rig.log, "the program to be ready")
    rig.mac.kill(LABEL, signal.SIGUSR1)
    wait_until(lambda: not rig.process, "its end")
    assert rig.problems() == [
        (
            "it is loaded but not running (last exit status 0); see unplugd service logs",
            "unplugd service restart",
        )
    ]
    assert rig.manager.inspect(None).state == "loaded, not running"
    rig.manager.start(rig.system)
    assert rig.process


def test_how_it_ended_is_told(rig: Rig) -> None:
    """By which signal, or with which status; and that launchd is about to start it again."""
    rig.mac.throttle = 3600
    rig.runs("trap 'exit 3' USR1; echo ready; while :; do sleep 0.05; done")
    rig.install()
    for number, ended in ((9, "killed by signal 9"), (signal.SIGUSR1, "last exit status 3")):
        wait_until(lambda: rig.log, "the program to be ready")
        rig.manager.log.write_text("")
        rig.mac.kill(LABEL, number)
        wait_until(lambda: not rig.process, "its end")
        assert rig.problems() == [
            (
                f"it has ended ({ended}) and is started again within 30 seconds; see unplugd service logs",
                "unplugd service restart",
            )
        ]
        assert rig.manager.inspect(None).state == "loaded, about to start again"
        rig.manager.start(rig.system)
        assert rig.process


@pytest.mark.parametrize(
    ("lines", "ended"),
    [
        ("last exit code = (never exited)", ""),
        ("last terminating signal = Killed: 9", " (killed by signal 9)"),
        ("last exit code = 0\n\tlast terminating signal = Segmentation fault: 11", " (killed by signal 11)"),
        ("last exit code = (never exited)\n\tlast terminating signal = Hangup: 1", " (killed by signal 1)"),
        ("last exit reason = OS_REASON_CODESIGNING", " (last exit status OS_REASON_CODESIGNING)"),
        ("last terminating signal = strange", ""),
        ("runs = 0", ""),
    ],
)
def test_what_print_says_of_the_end_is_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, lines: str, ended: str
) -> None:
    """A signal goes before a status, and what has never run has not ended."""
    rig.install()
    out = f"{SERVICE} = {{\n\tactive count = 0\n\tstate = not running\n\t{lines}\n}}\n"
    monkeypatch.setattr(launchd, "run", lambda *_command: system.ProgramResult(0, out))
    assert rig.problems() == [
        (f"it is loaded but not running{ended}; see unplugd service logs", "unplugd service restart")
    ]


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
def test_what_is_not_installed_cannot_be_started_or_stopped(rig: Rig, verb: str) -> None:
    assert rig.refused(verb) == ("the service is not installed", "unplugd service install")


def test_uninstalling_removes_what_installing_wrote(rig: Rig) -> None:
    """No more and no less: the log and the journal's folder stay; a second time there is nothing."""
    rig.with_applet()
    rig.install()
    process = rig.process
    assert rig.manager.uninstall(rig.system)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    left = {str(path.relative_to(rig.mac.home)) for path in rig.mac.home.rglob("*") if path.is_file()}
    assert left == {"Library/Logs/unplugd/unplugd.log"}
    assert not (rig.mac.home / "Applications/unplugd.app").exists()
    assert not rig.manager.uninstall(rig.system)


def test_one_that_is_loaded_without_its_file_is_unloaded(rig: Rig) -> None:
    """Somebody removed the file only."""
    rig.install()
    rig.file.unlink()
    assert rig.problems() == [
        ("the service is running, but its file is missing", "unplugd service install"),
    ]
    assert rig.manager.uninstall(rig.system)
    assert not rig.mac.job(LABEL)


# --- what is known of it


def test_nothing_is_installed(rig: Rig) -> None:
    state = rig.manager.inspect(rig.program)
    assert (state.installed, state.enabled, state.state, state.process) == (False, False, "not loaded", 0)
    assert rig.problems() == [("the service is not installed", "unplugd service install")]


def test_each_problem_has_its_repair(rig: Rig) -> None:
    """An older version, another program, changed by hand, a program that is gone, switched off."""
    again = "unplugd service install"
    rig.install()
    assert rig.problems(Program(rig.program.command, "1.1")) == [
        ("it was installed by unplugd 1.0, this is 1.1", again)
    ]
    assert rig.problems(Program(("/bin/true",), "1.0")) == [
        (f"it starts a different unplugd: {rig.script}", again),
    ]
    rig.mac.disabled = [LABEL]
    assert not rig.manager.inspect(rig.program).enabled
    assert rig.problems() == [
        ("it is disabled, so it does not start when you log in", "unplugd service start")
    ]
    rig.manager.start(rig.system)
    text = rig.file.read_text()
    rig.file.write_text(text.replace("<integer>30<", "<integer>31<"))
    assert rig.problems() == [
        ("its file was edited by hand (installing again keeps a copy)", again),
    ]
    rig.file.write_text(text)
    rig.script.unlink()
    assert rig.problems() == [(f"the program it starts no longer exists: {rig.script}", again)]


@pytest.mark.parametrize("text", ["theirs", "<plist><array/></plist>", "<plist><dict/></plist>"])
def test_a_file_that_is_none_is_reported(rig: Rig, text: str) -> None:
    """Not ours: the repair moves it away first."""
    rig.file.parent.mkdir(parents=True)
    rig.file.write_text(text)
    name = "~/Library/LaunchAgents/local.unplugd.plist"
    assert rig.problems()[0] == (
        f"{name} is not a service file",
        f"mv {name} {name}.old && unplugd service install",
    )


def test_a_file_of_somebody_else_that_works_is_their_choice(rig: Rig) -> None:
    """Only that it does not run is reported."""
    rig.file.parent.mkdir(parents=True)
    rig.file.write_bytes(plistlib.dumps({"Label": LABEL, "ProgramArguments": ["/bin/sh"]}))
    assert rig.problems() == [("it is not loaded", "unplugd service start")]


def test_older_systems_write_true_for_disabled(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """In print-disabled."""
    rig.mac.version = "10.15"
    rig.install()
    assert rig.manager.inspect(None).enabled
    rig.mac.disabled = [LABEL]
    assert not rig.manager.inspect(None).enabled
    for said, enabled in (("true", False), ("false", True), ("enabled", True), ("disabled", False)):
        out = f'\tdisabled services = {{\n\t\t"{LABEL}" => {said}\n\t}}\n'
        monkeypatch.setattr(launchd, "run", lambda *_command, out=out: system.ProgramResult(0, out))
        assert rig.manager.inspect(None).enabled is enabled


def test_its_log_can_be_shown(rig: Rig) -> None:
    """By a command that exists; following waits for the file where it is not there yet."""
    with pytest.raises(Failure, match="there is no log yet"):
        rig.manager.make_log_command(5, follow=False)
    rig.install()
    wait_until(lambda: rig.log, "its log")
    command = rig.manager.make_log_command(5, follow=False)
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "started run\n"
    assert rig.manager.make_log_command(7, follow=True) == ("tail", "-n", "7", "-F", str(rig.manager.log))


# --- dry run


def test_a_dry_run_changes_nothing(rig: Rig) -> None:
    """It says each step, without the user's name; launchctl is only asked."""
    rig.with_applet()
    said: list[str] = []
    dry_run = DryRun(said.append)
    rig.manager.install(rig.program, dry_run)
    text = "\n".join(said)
    steps = [shlex.split(line)[4:6] for line in said if line.startswith("# would run: launchctl")]
    assert [step[0] for step in steps] == ["enable", "bootout", "bootstrap", "kickstart"]
    for program in ("osacompile", "codesign"):
        assert f"# would run: {program} " in text
    # As long as launchd itself waits before it kills, and a little longer.
    assert "# would wait up to 25 s until launchd has unloaded the old service" in said
    assert "# would write ~/Library/LaunchAgents/local.unplugd.plist (mode 0644):" in text
    assert "<string>local.unplugd</string>" in text
    assert USER not in text
    assert rig.launchctl == []
    assert not list(rig.mac.home.iterdir())
    rig.install()
    before = rig.process
    for verb in ("uninstall", "start", "stop", "restart"):
        getattr(rig.manager, verb)(dry_run)
    assert rig.process == before
    assert rig.file.exists()
    assert "# would remove ~/Applications/unplugd.app and everything in it" in said


def test_without_the_applet_the_service_is_installed_all_the_same(rig: Rig) -> None:
    """And the person is told why."""
    rig.with_applet()
    rig.mac.misbehave("osacompile", 1)
    rig.install()
    assert rig.process
    assert any("could not be set up" in line for line in rig.messages)
