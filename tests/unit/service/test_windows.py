"""The service on Windows: what is written into the registry, and what is found wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from unplugd_service.errors import Failure
from unplugd_service.manager import INSTALL
from unplugd_service.program import Program
from unplugd_service.system import DryRun, RealSystem
from unplugd_service.windows import FORBIDDING, KEY, MAX_CHARACTERS, POLICIES, SWITCHES, VALUE, Windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass
class Registry:
    """A registry with the values that concern unplugd; it refuses any other one."""

    values: dict[tuple[str, str], object] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    def read_value(self, key: str, name: str, /) -> object:
        assert (key, name) in {(KEY, VALUE), (SWITCHES, VALUE), *((key, FORBIDDING) for key in POLICIES)}
        return self.values.get((key, name))

    def write_value(self, key: str, name: str, text: str, /) -> None:
        assert (key, name) == (KEY, VALUE)
        self.changes.append(f"write {text}")
        self.values[key, name] = text

    def delete_value(self, key: str, name: str, /) -> None:
        assert (key, name) in self.values, "there is nothing to delete"
        assert key in {KEY, SWITCHES}
        self.changes.append(f"delete {key}")
        del self.values[key, name]


@dataclass
class Processes:
    """One daemon at most, which ends when it is asked to, unless it hangs."""

    folder: Path
    daemon: int = 0
    starts: bool = True
    hangs: bool = False
    done: list[str] = field(default_factory=list)

    def find_daemon(self, lock: Path, /) -> int:
        assert lock == self.folder / "unplugd/events.lock"
        return self.daemon

    def start_program(self, command: tuple[str, ...], /) -> None:
        assert not self.daemon
        assert command[1:] == ("-P", "-m", "unplugd", "run")
        self.done.append("start")
        self.daemon = 100 + len(self.done) if self.starts else 0

    def ask_to_end(self, process: int, /) -> None:
        assert process == self.daemon
        self.done.append("ask")
        self.daemon = process if self.hangs else 0

    def end_process(self, process: int, /) -> None:
        assert process == self.daemon
        self.done.append("end")
        self.daemon = 0

    def check_session(self) -> None:
        raise AssertionError("only the command checks it")


class Impatient(RealSystem):
    """Waits for nothing that is not there at once."""

    def wait(self, what: str, condition: Callable[[], bool], _seconds: float) -> bool:
        return super().wait(what, condition, 0)


class Ground:
    """A person's registry, processes and programs."""

    def __init__(self, folder: Path) -> None:
        self.registry, self.processes = Registry(), Processes(folder)
        self.windows = Windows(self.registry, self.processes, {"LOCALAPPDATA": str(folder)})
        self.python = folder / "venv/Scripts/pythonw.exe"
        self.python.parent.mkdir(parents=True)
        self.python.write_bytes(b"MZ")
        self.python.chmod(0o755)
        self.program = Program((str(self.python), "-P", "-m", "unplugd", "run"), "1.0")
        self.said: list[str] = []
        self.system = Impatient(self.said.append)

    def install(self) -> None:
        self.windows.install(self.program, self.system)

    def find_defects(self, program: Program | None = None) -> list[tuple[str, str]]:
        defects = self.windows.inspect(program or self.program).defects
        return [(defect.what, defect.repair) for defect in defects]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """Return those of a person who has not installed the service."""
    return Ground(tmp_path)


def test_it_is_installed_started_and_removed(ground: Ground) -> None:
    """The whole path is in quotation marks; nothing is left afterwards."""
    assert ground.find_defects() == [("the service is not installed", INSTALL)]
    ground.install()
    assert ground.registry.values == {(KEY, VALUE): f'"{ground.python}" -P -m unplugd run'}
    assert ground.find_defects() == []
    status = ground.windows.inspect(ground.program)
    assert (status.installed, status.enabled, status.process) == (True, True, 101)
    assert status.command == ground.program.command
    assert ground.windows.uninstall(ground.system)
    assert ground.registry.values == {}
    assert ground.processes.done == ["start", "ask"]
    assert ground.said == [f"Wrote {KEY}\\{VALUE}", f"Removed {KEY}\\{VALUE}"]
    assert not ground.windows.uninstall(ground.system)


def test_a_dry_run_changes_nothing(ground: Ground) -> None:
    """It says what would be done, with ~ for the home folder."""
    said: list[str] = []
    ground.windows.install(ground.program, DryRun(said.append))
    assert said[0].startswith(f"# would set {KEY}\\{VALUE} to ")
    assert said[-2].startswith("# would start ")
    assert ground.registry.changes == ground.processes.done == []
    ground.install()
    ground.windows.uninstall(DryRun(said.append))
    assert said[-4:] == [
        "# would ask process 101 to end",
        "# would wait up to 10 s until it has ended",
        f"# would delete {KEY}\\{VALUE}",
        f"# would say: Removed {KEY}\\{VALUE}",
    ]
    assert ground.processes.daemon == 101


def test_what_keeps_it_from_starting_is_named_and_repaired(ground: Ground, tmp_path: Path) -> None:
    """The program was moved, the Task Manager has switched it off, it is another one, it does not run."""
    ground.install()
    ground.registry.values[SWITCHES, VALUE] = bytes.fromhex("030000000123456789abcdef")
    off = "it is switched off in the Task Manager or the Settings, so it does not start when you log on"
    assert ground.find_defects() == [(off, INSTALL)]
    assert not ground.windows.inspect(ground.program).enabled
    ground.registry.values[SWITCHES, VALUE] = bytes.fromhex("020000000000000000000000")
    assert ground.find_defects() == []

    other = Program((str(tmp_path / "other/pythonw.exe"), *ground.program.command[1:]), "1.0")
    assert ground.find_defects(other) == [(f"it starts a different unplugd: {ground.python}", INSTALL)]
    ground.registry.values[KEY, VALUE] = f'"{ground.python.with_name("python.exe")}" -P -m unplugd run'
    gone = f"the program it starts no longer exists: {ground.python.with_name('python.exe')}"
    assert ground.find_defects() == [(gone, INSTALL)]
    for change in (ground.windows.start, ground.windows.restart):
        with pytest.raises(Failure, match="no longer exists"):
            change(ground.system)

    ground.registry.values[SWITCHES, VALUE] = b"\3"
    ground.install()
    assert list(ground.registry.values) == [(KEY, VALUE)]
    ground.registry.values[SWITCHES, VALUE] = b"\3"
    ground.windows.restart(ground.system)
    assert ground.find_defects() == [(off, INSTALL)], "whoever has switched it off means it"
    ground.install()
    assert ground.find_defects() == []
    assert list(ground.registry.values) == [(KEY, VALUE)]
    ground.windows.stop(ground.system)
    assert ground.find_defects() == [("it is not running", "unplugd service start")]
    ground.windows.start(ground.system)
    ground.windows.start(ground.system)
    assert ground.find_defects() == []


@pytest.mark.parametrize("key", POLICIES)
def test_a_policy_that_forbids_it_is_named(ground: Ground, key: str) -> None:
    """Only an administrator can change that."""
    ground.install()
    ground.registry.values[key, FORBIDDING] = 1
    ((what, repair),) = ground.find_defects()
    assert what == "a policy of this computer keeps it from starting when you log on"
    assert repair.startswith("ask your administrator")
    ground.registry.values[key, FORBIDDING] = 0
    assert ground.find_defects() == []


def test_an_environment_without_its_python_is_named(ground: Ground, tmp_path: Path) -> None:
    """What is in it only starts the Python that it was made with, which an update may remove."""
    ground.install()
    settings = ground.python.parent.parent / "pyvenv.cfg"
    settings.write_text(f"home = {tmp_path / 'Python313'}\nversion = 3.13.0\n")
    assert ground.find_defects() == [
        (f"the Python that runs it no longer exists: {tmp_path / 'Python313'}", INSTALL)
    ]
    settings.write_text(f"home = {ground.python.parent}\n")
    assert ground.find_defects() == []


@pytest.mark.parametrize(
    "value", ['"C:\\x\\notepad.exe" -P', "", b"\0", '"C:\\x\\pythonw.exe" -m unplugd snooze']
)
def test_a_value_of_somebody_else_is_left_alone(ground: Ground, value: object) -> None:
    """It is neither replaced nor removed, nor started."""
    ground.registry.values[KEY, VALUE] = value
    with pytest.raises(Failure, match="exists but was not written by unplugd") as refusal:
        ground.install()
    assert refusal.value.hint.endswith(f'reg delete "{KEY}" /v {VALUE}')
    with pytest.raises(Failure, match="does not start unplugd"):
        ground.windows.start(ground.system)
    assert not ground.windows.uninstall(ground.system)
    assert ground.find_defects() == [
        (f"{KEY}\\{VALUE} does not start unplugd", f'reg delete "{KEY}" /v {VALUE}')
    ]
    assert ground.registry.values == {(KEY, VALUE): value}


def test_a_command_that_windows_would_not_start_is_refused(ground: Ground) -> None:
    """It starts nothing that is longer than 260 characters, and says nothing about it."""
    rest = len('"" -P -m unplugd run')
    for length, fits in ((MAX_CHARACTERS, True), (MAX_CHARACTERS + 1, False)):
        program = Program(("x" * (length - rest), *ground.program.command[1:]), "1.0")
        if fits:
            ground.windows.install(program, ground.system)
        else:
            with pytest.raises(Failure, match="more than 260 characters; this one has 261"):
                ground.windows.install(program, ground.system)


def test_a_daemon_that_hangs_is_ended(ground: Ground) -> None:
    """After it was asked to end; one that does not start is told."""
    ground.install()
    ground.processes.hangs = True
    ground.windows.restart(ground.system)
    assert ground.processes.done == ["start", "ask", "end", "start"]
    ground.processes.starts = False
    with pytest.raises(Failure, match="the service was started but is not running"):
        ground.windows.restart(ground.system)


def test_the_file_is_a_command_to_paste() -> None:
    """For administrators; cmd.exe takes it as it is."""
    program = Program((r"C:\Program Files\unplugd\pythonw.exe", "-P", "-m", "unplugd", "run"), "1.0")
    assert Windows().render(program) == (
        r'reg add "HKCU\Software\Microsoft\Windows\CurrentVersion\Run" /v unplugd'
        r' /d "\"C:\Program Files\unplugd\pythonw.exe\" -P -m unplugd run" /f'
        "\n"
    )


def test_a_log_that_does_not_exist_yet(ground: Ground, tmp_path: Path) -> None:
    """It can be waited for, but not shown."""
    with pytest.raises(Failure, match="there is no log yet"):
        ground.windows.make_log_command(5, follow=False)
    log = str(tmp_path / "unplugd/unplugd.log")
    assert ground.windows.make_log_command(5, follow=True)[-3:] == ("--follow", "5", log)
