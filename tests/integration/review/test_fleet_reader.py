"""Many computers, reviewed here, by processes and by a real Dask cluster: whoever does it, the report is the same."""

from __future__ import annotations

import gc
import gzip
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections import Counter
from contextlib import nullcontext
from datetime import UTC
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rig import journal_maker
from tests.rig.child import killed_in_the_end
from tests.rig.cluster import Cluster
from tests.rig.inline import Inline
from tests.rig.wait import GIVE_UP, wait_until
from unplugd.cli.fleet_report import make_fleet
from unplugd.cli.report_journal import Journal
from unplugd.journal import sources, spool
from unplugd.journal.plan import Planner
from unplugd.journal.streams import ignore_error
from unplugd.languages.language import ENGLISH
from unplugd.review import fleet_reader, parallel
from unplugd.review.fleet_builder import Interval, build_fleet, sum_computer
from unplugd.review.fleet_export import make_fleet_json
from unplugd.review.fleet_reader import Question, read_fleet
from unplugd.review.model import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unplugd.journal.plan import Plan

UNTIL: Final = journal_maker.BEGIN + 60 * 86_400
UNTIL_TYPED: Final = "2020-11-12"
COMPUTERS: Final = 12
RUN: Final = """
import sys
from unplugd.cli import main
{patch}
sys.exit(main(["report", *sys.argv[1:]]))
"""
UNFINISHED: Final = """
import os
from unplugd.review import fleet_reader
me, sum_computer = os.getpid(), fleet_reader.sum_computer
def sum_for_ever(host, *arguments):
    while host == "year" and os.getpid() != me:
        pass
    return sum_computer(host, *arguments)
fleet_reader.sum_computer = sum_for_ever
"""
"""Lets no other process finish the largest journal: a test that is late still finds it at work."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Yield a cluster of two workers."""
    pytest.importorskip("distributed")
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


def start_report(*arguments: str | Path, cwd: Path | None = None, patch: str = "") -> subprocess.Popen[str]:
    """Start a report as JSON, until a moment that does not pass; a `patch` changes the program before."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            RUN.format(patch=patch),
            "--json",
            "--until",
            UNTIL_TYPED,
            *map(str, arguments),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        start_new_session=True,
    )


def report(*arguments: str | Path, status: int = 0, cwd: Path | None = None) -> tuple[str, str]:
    """Return what a report says on stdout and stderr."""
    with killed_in_the_end(start_report(*arguments, cwd=cwd)) as process:
        said, error = process.communicate(timeout=GIVE_UP)
    assert process.returncode == status, error
    assert "Traceback" not in error
    return said, error


def make_plan(*given_files: Path) -> Plan:
    """Return what is to be read of these files."""
    found = sources.find_sources(given_files, Path("/nowhere"), Counter(), ignore_error)
    return Planner(Counter(), ignore_error).plan(found)


QUESTION: Final = Question(Interval(None, UNTIL), UTC)


def read(plan: Plan, where: Any = parallel.INLINE, **more: Any) -> dict[str, Any]:
    """Return the report on a plan as JSON."""
    sums = read_fleet(plan, QUESTION, more.pop("report_error", ignore_error), where=where, **more)
    return make_fleet_json(build_fleet(sums, QUESTION.interval))


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the journals of a year of one computer, and of some weeks of others, rotated."""
    folder = tmp_path_factory.mktemp("year")
    (folder / "year").mkdir()
    lines = list(islice(journal_maker.lines("year", 99), 100_000))
    for number, name in enumerate(("events.jsonl.2", "events.jsonl.1", "events.jsonl")):
        (folder / "year" / name).write_text("".join(lines[number * 35_000 : (number + 1) * 35_000]))
    journal_maker.make(folder, 4_000 * COMPUTERS, COMPUTERS, rotate_at=500_000)
    return sorted(folder.iterdir())


# --- the same, whoever does it


def test_a_year_is_the_same_everywhere(year: list[Path], cluster: Cluster) -> None:
    """Here, in processes and on a cluster whose workers have other current folders, byte for byte."""
    names = [folder.name for folder in year]
    said = {
        where: report("--on", where, *names, cwd=year[0].parent)
        for where in ("inline", "processes:2", "processes:5", cluster.address)
    }
    expected, silence = said["inline"]
    assert len(json.loads(expected)["computers"]) == COMPUTERS + 1
    assert set(said.values()) == {(expected, "")}
    assert not silence


@st.composite
def histories(draw: st.DrawFn) -> list[list[str]]:
    """Return the lines of some computers, in part twice, out of order, torn, or without a time."""
    found = []
    for number in range(COMPUTERS):
        seed = draw(st.integers(0, 2**20))
        lines = list(islice(journal_maker.lines(f"pc-{number}", seed), draw(st.integers(0, 400))))
        for _ in range(draw(st.integers(0, 3))):
            if lines:
                at = draw(st.integers(0, len(lines) - 1))
                other = draw(st.integers(0, len(lines) - 1))
                how = draw(st.sampled_from(["twice", "moved", "torn", "untimed"]))
                if how == "twice":
                    lines.insert(other, lines[at])
                elif how == "moved":
                    lines.insert(other, lines.pop(at))
                elif how == "torn":
                    lines[at] = lines[at][: len(lines[at]) // 2] + "\n"
                else:
                    lines[at] = lines[at].replace('"uptime"', '"downtime"')
        found.append(lines)
    return found


@settings(
    deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck]
)
@given(histories())
def test_any_histories_are_the_same_everywhere(
    tmp_path: Path, cluster: Cluster, found: list[list[str]]
) -> None:
    """Whatever is in the journals; and where a few computers are in one file, too."""
    folder = tmp_path / "histories"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, lines in enumerate(found):
        (folder / f"{number}.jsonl").write_text("".join(lines))
    expected, said = report("--on", "inline", folder)
    for where in ("processes:2", cluster.address):
        assert report("--on", where, folder) == (expected, said), where


def test_few_computers_are_shared_out_in_pieces(year: list[Path], cluster: Cluster) -> None:
    """A report on one computer with a large journal is the same, too."""
    folder = next(folder for folder in year if folder.name == "year")
    expected = report("--on", "inline", folder)
    for where in ("processes:2", cluster.address):
        assert report("--on", where, folder) == expected


def test_no_periods_are_kept(year: list[Path]) -> None:
    """When a computer has been summed up, nothing of it is left but its sums, even if no garbage is collected."""
    plan = make_plan(*year)
    before = count_periods()
    left: list[int] = []
    gc.disable()
    try:
        read(plan, report_progress=lambda _: left.append(count_periods() - before))
    finally:
        gc.enable()
    assert len(left) == COMPUTERS + 1
    assert max(left) == 0


def count_periods() -> int:
    """Return how many periods there are in memory."""
    return sum(isinstance(thing, Period) for thing in gc.get_objects())


# --- what fails


def find_busy(parent: subprocess.Popen[str]) -> psutil.Process | None:
    """Return a process that is at work for a report, None if there is none."""
    for child in psutil.Process(parent.pid).children():
        if child.cpu_times().user > 0.02:
            return child
    return None


def kill_busy(process: subprocess.Popen[str]) -> bool:
    """Kill a process that is at work for a report; return whether there was one."""
    busy = find_busy(process)
    if busy:
        busy.kill()
    return busy is not None


def test_a_process_that_is_killed_is_done_without(year: list[Path]) -> None:
    """What it and the others had not done yet is done here."""
    expected, _ = report("--on", "inline", *year)
    with killed_in_the_end(start_report("--on", "processes:2", *year, patch=UNFINISHED)) as process:
        wait_until(lambda: kill_busy(process), "a process that reads", 60)
        said, error = process.communicate(timeout=GIVE_UP)
    assert process.returncode == 0
    assert said == expected
    assert "processes:2 failed; the remaining computers are reviewed here" in error


KILLED: Final = """
from os import getpid, kill
from unplugd.review import {module}
def end(*_):
    kill(getpid(), 9)
{module}.{function} = end
"""


@pytest.mark.parametrize(
    ("module", "function"), [("cluster", "find_version"), ("fleet_reader", "sum_computer")]
)
def test_a_worker_that_is_killed_is_done_without(
    year: list[Path], tmp_path: Path, module: str, function: str
) -> None:
    """When it is asked what it is, or while it reads: the scheduler gives its work to another one."""
    distributed = pytest.importorskip("distributed")
    expected, _ = report("--on", "inline", *year)
    with Cluster(tmp_path) as cluster:
        with distributed.Client(cluster.address, set_as_default=False) as client:
            first = min(client.nthreads())
            client.run(exec, KILLED.format(module=module, function=function), {}, workers=[first])
        assert report("--on", cluster.address, *year) == (expected, "")
        assert [process.poll() for process in cluster.workers].count(-signal.SIGKILL) == 1


def test_what_the_libraries_say_is_not_shown(cluster: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    """They warn of what they put right themselves, such as a result that is gone with its worker, which is done anew."""
    cluster_module = pytest.importorskip("unplugd.review.cluster")
    names = [name for name in logging.root.manager.loggerDict if name.startswith(("distributed", "tornado"))]
    assert "distributed.client" in names
    with cluster_module.open_cluster(cluster.address):
        for name in (*names, "distributed.other", "asyncio"):
            logging.getLogger(name).critical("Couldn't gather 1 keys, rescheduling")
        warnings.warn_explicit("Mismatched versions found", UserWarning, "client.py", 1, "distributed.client")
    assert capfd.readouterr() == ("", "")


def test_a_scheduler_that_is_killed_is_done_without(
    year: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line says so, and the rest is done here."""
    cluster_module = pytest.importorskip("unplugd.review.cluster")
    monkeypatch.setattr(cluster_module, "LOST_SECONDS", 1.0)
    said: list[str] = []
    with Cluster(tmp_path) as cluster:

        def kill(_: int) -> None:
            cluster.scheduler.kill()

        found = read(make_plan(*year), cluster.address, report_error=said.append, report_progress=kill)
    assert found == read(make_plan(*year))
    assert [line for line in said if f"{cluster.address} failed; the remaining computers" in line] == said


@pytest.mark.parametrize(
    ("works", "error"),
    [(0, OSError(24, "Too many open files")), (3, MemoryError()), (3, RuntimeError("broken"))],
)
def test_an_executor_that_fails_is_done_without(year: list[Path], works: int, error: Exception) -> None:
    """At once, or in the middle: nothing is missing, and nothing is counted twice."""
    plan = make_plan(*year)
    passed: list[int] = []
    assert read(plan, Inline(works, error), report_progress=passed.append) == read(plan)
    assert sum(passed) == parallel.sum_plan(plan)


def test_a_review_that_fails_does_not_end_the_others(
    year: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The computer is named, and counts as one of which nothing is known."""
    work = sum_computer

    def fail(host: str, *arguments: Any) -> Any:
        if host == "station-7":
            raise ValueError("never seen before")
        return work(host, *arguments)

    monkeypatch.setattr(fleet_reader, "sum_computer", fail)
    said: list[str] = []
    found = read(make_plan(*year), report_error=said.append)
    assert said == ["unplugd: station-7: its journal could not be reviewed: ValueError: never seen before"]
    assert "station-7" in str(next(one for one in found["trouble"] if one["kind"] == "not_reviewed"))
    assert len(found["computers"]) == COMPUTERS + 1
    assert found["silent"][0]["host"] == "station-7"
    assert found["silent"][0]["heard"] is None


def test_files_that_cannot_be_used_are_named(year: list[Path], tmp_path: Path, cluster: Cluster) -> None:
    """Rubbish, nothing, what cannot be read, and two computers of one name: the report is on all others."""
    for name in ("rubbish", "empty", "unreadable", "twin"):
        (tmp_path / name).mkdir()
    (tmp_path / "rubbish/events.jsonl").write_bytes(os.urandom(100_000) + b"\n\0\0\0\n" * 100)
    (tmp_path / "empty/events.jsonl").touch()
    os.mkfifo(tmp_path / "unreadable/events.jsonl")
    twin = next(folder for folder in year if folder.name == "station-3")
    for file in twin.iterdir():
        lines = file.read_bytes().replace(b'"station": "0000000000000002"', b'"station": "000000000000beef"')
        boots = lines.replace(b'"boot": "', b'"boot": "f')
        (tmp_path / "twin" / file.name).write_bytes(boots)
    given_folders = [*year, *(tmp_path / name for name in ("rubbish", "empty", "unreadable", "twin"))]
    expected, said = report("--on", "inline", *given_folders)
    for where in ("processes:2", cluster.address):
        assert report("--on", where, *given_folders) == (expected, said)
    assert "unreadable/events.jsonl" in said
    assert len(said.splitlines()) == 1
    found = json.loads(expected)
    trouble = {one["kind"]: one for one in found["trouble"]}
    assert {"same_name", "empty", "unreadable"} <= trouble.keys()
    assert "station-3 (2)" in str(trouble["same_name"])
    assert "rubbish" in str(trouble["empty"])
    assert "empty/events.jsonl" in str(trouble["empty"])
    assert "unreadable/events.jsonl" in str(trouble["unreadable"])
    assert len(found["computers"]) == COMPUTERS + 2
    assert found["notes"]["unreadable_file"] == 1


def test_a_file_that_goes_while_it_is_read_is_named(
    year: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one that could not be read before: the report on all others says which."""
    shutil.copytree(year[0].parent, tmp_path / "stations")
    journal = Journal([tmp_path / "stations"], Path("/nowhere"))
    gone = tmp_path / "stations/station-3"
    names = [file.name for file in gone.iterdir()]
    shutil.rmtree(gone)
    fleet = make_fleet(
        journal, None, UNTIL, UNTIL, UTC, "UTC", on=parallel.INLINE, share=False, language=ENGLISH
    )
    (places,) = (trouble.hosts for trouble in fleet.trouble if trouble.kind == "unreadable")
    assert {*places} == {f"{gone / name}: no such file" for name in names}
    assert capsys.readouterr().err.splitlines() == [f"unplugd: {place}" for place in places]
    assert fleet.notes["unreadable_file"] == len(names)
    assert len(fleet.computers) == COMPUTERS + 1


def test_a_mix_is_reported_like_a_file_for_each(
    year: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines of many computers in one file are no trouble, neither compressed nor where there is no room to sort them."""
    journals = [(folder / "events.jsonl").read_text() for folder in year if folder.name != "year"]
    turns = zip(*(journal.splitlines(keepends=True) for journal in journals), strict=False)
    mix = tmp_path / "mix.jsonl"
    mix.write_text("".join(chain.from_iterable(turns)))
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(mix.read_bytes()))
    expected, said = report(mix)
    assert (json.loads(expected)["trouble"], said) == ([], "")
    assert len(json.loads(expected)["computers"]) == COMPUTERS
    assert report(packed) == (expected, "")
    monkeypatch.setattr(spool, "SPARE_BYTES", 2**62)
    slow = Journal([mix], Path("/nowhere"))
    assert slow.list_trouble(UNTIL) == []
    assert capsys.readouterr().err.startswith("unplugd: no room to sort the lines of ")
    assert make_fleet_json(
        build_fleet(read_fleet(slow.plan, QUESTION, ignore_error), QUESTION.interval, notes=slow.notes)
    ) == read(make_plan(mix))


def test_a_clock_that_is_ahead_is_told(year: list[Path], tmp_path: Path) -> None:
    """A computer whose events are all yet to come is unknown, and the report says why."""
    early = tmp_path / "early.jsonl"
    lines = islice(journal_maker.lines("early", 77), 300)
    early.write_text("".join(line.replace('"time": "20', '"time": "21') for line in lines))
    found = json.loads(report(*year, early)[0])
    assert [one["hosts"] for one in found["trouble"] if one["kind"] == "clock_ahead"] == [["early"]]
    assert {"host": "early", "heard": None} in found["silent"]
    shared = report("--share", *year, early)[0]
    assert "early" not in shared


def test_a_clock_that_is_ahead_does_not_make_others_be_read(year: list[Path], tmp_path: Path) -> None:
    """Of all other computers, what was over before the time asked is left out as ever."""
    early = tmp_path / "early.jsonl"
    lines = islice(journal_maker.lines("early", 77), 300)
    early.write_text("".join(line.replace('"time": "202', '"time": "206') for line in lines))
    since, until = journal_maker.BEGIN + 300 * 86_400, journal_maker.BEGIN + 310 * 86_400
    left = []
    for given_files in ([year[-1]], [year[-1], early]):
        journal = Journal(given_files, Path("/nowhere"))
        whole = parallel.sum_plan({"year": journal.plan["year"]})
        journal.skip_before(since, until, now=until)
        left.append(parallel.sum_plan({"year": journal.plan["year"]}))
    assert left[0] == left[1] < whole / 2


def test_files_that_the_workers_do_not_have_are_read_here(year: list[Path], tmp_path: Path) -> None:
    """Journals that were unpacked into temporary files, for example."""
    plan = make_plan(*year)

    class Elsewhere(Inline):
        """A worker that finds nothing under these names."""

        def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
            for file in tmp_path.rglob("events.jsonl*"):
                file.rename(file.with_name(f"gone-{file.name}"))
            future = super().submit(work, *arguments, **named)
            for file in tmp_path.rglob("gone-*"):
                file.rename(file.with_name(file.name.removeprefix("gone-")))
            return future

    executors = pytest.importorskip("unplugd.review.executors")
    shutil.copytree(next(folder for folder in year if folder.name == "year"), tmp_path / "copy")
    plan = make_plan(tmp_path / "copy")
    engine = executors.Engine(Elsewhere(), 1, is_elsewhere=True)
    with pytest.MonkeyPatch.context() as patches:
        for module in (fleet_reader, parallel):
            patches.setattr(module, "choose_engine", lambda *_, **__: lambda: nullcontext(engine))
        said: list[str] = []
        found = read(plan, "tcp://elsewhere:1", report_error=said.append)
        review = parallel.review_plan(plan, Counter(), said.append, where="tcp://elsewhere:1")
    assert not said
    assert found == read(plan)
    assert review == parallel.review_plan(plan, Counter(), ignore_error, where=parallel.INLINE)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:1", "no Dask scheduler answers at tcp://127.0.0.1:1"),
        ("tcp://nowhere.invalid:8786", "no Dask scheduler answers at tcp://nowhere.invalid:8786"),
        ("gopher://x", "--on says where to review"),
        ("processes:0", "--on says where to review"),
        ("tcp://[", "--on says where to review"),
    ],
)
def test_a_cluster_that_is_not_there_is_told(year: list[Path], address: str, said: str) -> None:
    """In one line, with a hint."""
    pytest.importorskip("distributed")
    _, error = report("--on", address, *year, status=1)
    first, hint = error.splitlines()
    assert said in first
    assert hint.startswith("hint: ")


def test_a_scheduler_without_workers_is_told(year: list[Path], tmp_path: Path) -> None:
    """In one line, with the command that starts some."""
    pytest.importorskip("distributed")
    with Cluster(tmp_path, workers=0) as cluster:
        _, error = report("--on", cluster.address, *year, status=1)
    first, hint = error.splitlines()
    assert f"the scheduler at {cluster.address} has no workers" in first
    assert f"dask worker {cluster.address}" in hint


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("sys.modules['distributed'] = None", "the extra"),
        ("from unplugd.review import cluster; cluster.__version__ = '0.0.1'", "a worker has unplugd"),
    ],
    ids=["no extra", "another version"],
)
def test_what_is_not_installed_is_told(year: list[Path], cluster: Cluster, patch: str, said: str) -> None:
    """In one line, with what to install."""
    ended = run_patched(patch, "--on", cluster.address, *year)
    first, hint = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in first
    assert "install" in hint
    # This package is in no index: whatever is there under its name is somebody else's.
    assert "install unplugd" not in hint


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_behind(year: list[Path], how: signal.Signals) -> None:
    """By Ctrl-C, which all processes get, or when it is killed: the others end, too, without a word."""
    with killed_in_the_end(start_report("--on", "processes:2", *year, patch=UNFINISHED)) as process:
        wait_until(lambda: find_busy(process), "a process that reads", 60)
        children = psutil.Process(process.pid).children(recursive=True)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)
        else:
            process.kill()
        said = process.communicate(timeout=GIVE_UP)
    assert (process.returncode, said) == (130 if how == signal.SIGINT else -how, ("", ""))
    gone, alive = psutil.wait_procs(children, GIVE_UP)
    assert gone
    assert not alive


def run_patched(patch: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a report after something has been changed in the program."""
    return subprocess.run(
        [sys.executable, "-c", RUN.format(patch=patch), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=GIVE_UP,
        check=False,
    )


ALL: Final = "from unplugd.cli import report_journal; report_journal.skip_before = lambda plan, _: plan"


@pytest.mark.parametrize("computers", [3, COMPUTERS + 1])
@pytest.mark.parametrize(
    "interval", [("2020-10-01", "2020-10-08"), ("2020-11-10", "2020-11-12"), ("2021-06-01", "2021-06-30")]
)
def test_what_was_over_before_is_not_needed(
    year: list[Path], computers: int, interval: tuple[str, str]
) -> None:
    """A report since a time is the same, byte for byte, as if all had been read."""
    given_range = ("--json", "--since", interval[0], "--until", interval[1])
    chosen = year[-computers:]
    whole = run_patched(ALL, *given_range, *chosen)
    assert run_patched("", *given_range, *chosen).stdout == whole.stdout
    assert whole.returncode == 0


# --- one of many


def test_one_computer_has_the_report_of_its_journal(year: list[Path]) -> None:
    """With --computer it is the one that its folder alone gives."""
    folder = next(folder for folder in year if folder.name == "station-5")
    assert report("--computer", "station-5", *year) == report(folder)


def test_a_computer_that_is_not_there_is_told(year: list[Path]) -> None:
    """With the names that are nearest."""
    _, error = report("--computer", "station-55", *year, status=1)
    first, hint = error.splitlines()
    assert first.endswith('there is no computer "station-55" in the journal')
    assert "station-5" in hint
