"""Who a process is and what runs, by psutil only: real processes under names of these tests' own."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NoReturn

import psutil
import pytest

from tests.rig.programs import Programs
from tests.rig.wait import wait_until
from unplugd.platforms import processes
from unplugd.rules.model import Running
from unplugd.rules.uploaders import BUILT_IN, Uploader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINE = Uploader("Mine", ("p-uploader-test",))
LONG = Uploader("Long", ("p-uploader with a long name",))
SECOND = Uploader("Second", ("p-second-test",))
BROWSER = Uploader("", ("p-browser-test",), alone=False)
SOFTWARE = (MINE, LONG, SECOND, BROWSER, *BUILT_IN)


@pytest.fixture
def programs(compiled_program: Path, tmp_path: Path) -> Iterator[Programs]:
    """Yield programs on this machine as it is."""
    programs = Programs(compiled_program, tmp_path / "programs", {"PATH": os.environ["PATH"]})
    yield programs
    programs.close()


def denied(*_arguments: object) -> NoReturn:
    raise psutil.AccessDenied


# --- who it is


def test_upload_software_is_known_by_its_name(programs: Programs) -> None:
    holder = processes.identify(programs.start("p-uploader-test").pid, SOFTWARE)
    assert holder == processes.Holder("p-uploader-test", MINE, service=False)


def test_upload_software_is_known_by_its_arguments(programs: Programs) -> None:
    """CareLink Uploader is Java like any other; its token goes nowhere."""
    pid = programs.start("java", "-jar", "/opt/CareLink/uploader.jar", "a-session-token").pid
    holder = processes.identify(pid, SOFTWARE)
    assert holder
    assert holder.uploader is BUILT_IN[0]
    assert "token" not in repr(holder)


@pytest.mark.parametrize(
    ("command", "name", "doubtful"),
    [
        (("Python", "ddguard.py"), "ddguard", False),
        (("Electron",), "Tidepool Uploader", False),
        (("Google Chrome Beta",), "", False),
        (("vivaldi-bin",), "", False),
        (("com.apple.Virtualization.VirtualMachine",), "", True),
    ],
)
def test_a_holder_is_known_as_macos_or_linux_call_it(
    programs: Programs, command: tuple[str, ...], name: str, doubtful: bool
) -> None:
    """Whatever the case and the length of its name; while it only runs, it is nobody."""
    holder = processes.identify(programs.start(*command).pid, SOFTWARE)
    assert holder
    assert holder.uploader
    assert (holder.uploader.name, holder.uploader.doubtful) == (name, doubtful)
    assert processes.find_running(SOFTWARE, time.monotonic) is None


def test_a_long_name_is_known(programs: Programs) -> None:
    """The kernel cuts it, its file has it whole."""
    holder = processes.identify(programs.start("p-uploader with a long name").pid, SOFTWARE)
    assert holder
    assert holder.uploader is LONG


def test_a_helper_holds_the_device_for_its_parent(programs: Programs) -> None:
    """A helper of upload software is upload software, another's is a stranger."""
    parent = programs.start("p-uploader-test")
    holder = processes.identify(parent.start("helper").start("helper").pid, SOFTWARE)
    assert holder
    assert (holder.name, holder.uploader) == ("helper", MINE)
    holder = processes.identify(programs.start("photo-tool").start("helper").pid, SOFTWARE)
    assert holder
    assert holder.uploader is None


@pytest.mark.parametrize("name", ["fwupd", "ModemManager"])
def test_a_system_service_is_known(programs: Programs, name: str) -> None:
    """It holds the stick by itself: neither an upload nor anybody to warn of."""
    holder = processes.identify(programs.start(name).pid, SOFTWARE)
    assert holder
    assert (holder.service, holder.uploader) == (True, None)


def test_a_hostile_name_is_harmless(programs: Programs) -> None:
    """A process that calls itself an escape sequence is shown without it; one without a name has one."""
    program = programs.start("x")
    program.call_itself("<b>x</b>\x1b[31m")
    holder = processes.identify(program.pid, SOFTWARE)
    assert holder
    assert holder.name == "<b>x</b>[31m"
    program.call_itself("\x1b\x07")
    holder = processes.identify(program.pid, SOFTWARE)
    assert holder
    assert holder.name == "unnamed"


def test_a_process_that_has_ended_is_nobody(programs: Programs) -> None:
    """Between the look and the question it may have gone."""
    program = programs.start("short")
    program.end()
    assert processes.identify(program.pid, SOFTWARE, "p-uploader-test") is None


def test_another_users_process_has_the_name_it_is_called_by(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where psutil may not look, the name from elsewhere does, and is made harmless."""
    pid = programs.start("hidden").pid
    # As on macOS; on Linux, the paths are not psutil's.
    monkeypatch.setattr(processes, "_read_path", processes._query_path)
    for name in ("name", "exe", "cmdline", "parents"):
        monkeypatch.setattr(psutil.Process, name, denied)
    assert processes.identify(pid, SOFTWARE, "p-second-test") == processes.Holder(
        "p-second-test", SECOND, service=False
    )
    assert processes.identify(pid, SOFTWARE, "else\x1b") == processes.Holder("else", None, service=False)
    assert processes.identify(pid, SOFTWARE) == processes.Holder("unnamed", None, service=False)


# --- what runs


def test_the_upload_software_started_first_is_found(programs: Programs) -> None:
    """With its start on the clock that was given; one that has ended does not run."""
    mine = (MINE, LONG, SECOND)
    assert processes.find_running(mine, time.monotonic) is None
    before = time.monotonic()
    first = programs.start("p-uploader with a long name")
    alone = processes.find_running(mine, time.monotonic)
    assert alone
    assert alone.program == "Long"
    # A process's start is counted in hundredths, from a boot whose time is known to a second.
    assert before - 2 <= alone.started <= time.monotonic()
    answered = time.monotonic()
    wait_until(lambda: time.monotonic() > answered + 0.03, "the next tick")
    programs.start("p-uploader-test")
    both = processes.find_running(mine, time.monotonic)
    assert both
    assert both.program == "Long"
    first.end()
    found = processes.find_running(mine, time.monotonic)
    assert found
    assert found.program == "Mine"


def test_a_child_of_the_same_program_is_no_other_start(programs: Programs) -> None:
    """A forgotten window does not become fresh by starting a child of its own kind."""
    parent = programs.start("p-uploader-test")
    starts: dict[tuple[int, float], float] = {}
    before = processes.find_running((MINE,), time.monotonic, starts)
    parent.start("p-uploader-test")
    after = processes.find_running((MINE,), time.monotonic, starts)
    assert before
    assert after
    assert after.started == pytest.approx(before.started, abs=0.1)
    assert after._replace(started=before.started) == before


def test_what_only_counts_with_the_device_does_not_run(programs: Programs) -> None:
    """A browser is open all day."""
    programs.start("p-browser-test")
    assert processes.find_running((BROWSER,), time.monotonic) is None


def test_setting_the_wall_clock_moves_no_start(programs: Programs) -> None:
    """What was converted once stays; what has ended is forgotten."""
    program = programs.start("p-uploader-test")
    starts: dict[tuple[int, float], float] = {}
    clock = [time.time()]
    first = processes.find_running((MINE,), time.monotonic, starts, lambda: clock[0])
    for moved in (86400, -2 * 86400):
        clock[0] += moved
        assert processes.find_running((MINE,), time.monotonic, starts, lambda: clock[0]) == first
    program.end()
    assert processes.find_running((MINE,), time.monotonic, starts) is None
    assert starts == {}


@pytest.mark.parametrize(("set_by", "start"), [(-86400.0, 5000.0), (86400.0, 0.0)])
def test_a_start_is_never_in_the_future_nor_before_the_clock(
    programs: Programs, set_by: float, start: float
) -> None:
    """However the wall clock was set before unplugd came."""
    pid = programs.start("p-uploader-test").pid
    created = psutil.Process(pid).create_time()
    assert processes.find_running((MINE,), lambda: 5000.0, wall=lambda: created + set_by) == Running(
        "Mine", start, "p-uploader-test"
    )


def test_what_may_not_be_looked_into_is_passed_over(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.start("p-uploader-test")
    monkeypatch.setattr(psutil.Process, "create_time", denied)
    assert processes.find_running((MINE,), time.monotonic) is None


@pytest.mark.parametrize(
    "fault", [OSError(0, "KERN_PROCARGS2"), RuntimeError("syscall failed"), SystemError("x")]
)
def test_a_fault_of_psutil_ends_nothing(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """What it raises on macOS instead of its own errors: a process is known by the rest."""
    pid = programs.start("tidepool-uploader").pid
    held = processes.identify(pid, BUILT_IN)

    def fail(_process: psutil.Process) -> list[str]:
        raise fault

    monkeypatch.setattr(psutil.Process, "cmdline", fail)
    assert processes.identify(pid, BUILT_IN) == held
    monkeypatch.setattr(psutil.Process, "name", fail)
    assert processes.find_running(BUILT_IN, time.monotonic) is None
    assert processes.identify(pid, BUILT_IN, "called") is not None
