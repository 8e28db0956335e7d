"""Large journals, reviewed in pieces by an executor or a process of its own: what comes of it is what one process finds."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import accumulate, chain, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.rig import journal_maker
from tests.rig.inline import Inline
from tests.rig.reviewing import review_files
from tests.rig.wait import GIVE_UP
from unplugd.journal import merge, plan, sources
from unplugd.journal.plan import SCAN_ALL_BYTES
from unplugd.journal.streams import ignore_error
from unplugd.review import parallel, process_pool
from unplugd.review.parts import join_parts
from unplugd.review.reviewer import review_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from unplugd.review.model import Part, Review

UNTIL = 1.9e9


def reviewed(
    *given: Path, said: list[str] | None = None, executor: Executor | None = None
) -> tuple[Review, Counter[str]]:
    """Return the review of these files, and what was unusual."""
    notes: Counter[str] = Counter()
    found = sources.find_sources(given, Path("/nowhere/events.jsonl"), notes, ignore_error)
    tell = ignore_error if said is None else said.append
    return review_files(found, notes, tell, None, UNTIL, "station-1", executor or ""), +notes


@pytest.fixture(params=[SCAN_ALL_BYTES, 0], ids=["every line looked at", "some lines looked at"])
def pools(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Executor]]:
    """Have everything taken for large, on two processors; yield what will be every pool, and see that no child is left."""
    made: list[Executor] = []

    @contextmanager
    def noted(workers: int) -> Iterator[tuple[Executor, Callable[[], None]]]:
        with pool(workers) as one:
            made.append(one[0])
            yield one

    pool = process_pool.make_pool
    monkeypatch.setattr(plan, "SCAN_ALL_BYTES", request.param)
    monkeypatch.setattr(parallel, "LARGE_BYTES", 0)
    monkeypatch.setattr(parallel, "_count_processors", lambda: 2)
    monkeypatch.setattr(process_pool, "make_pool", noted)
    before = psutil.Process().children()
    yield made
    assert set(psutil.Process().children()) <= set(before)


def alone(*given: Path) -> tuple[Review, Counter[str]]:
    """Return what one process finds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parallel, "_count_processors", lambda: 1)
        return reviewed(*given)


def descriptors() -> int:
    """Return how many files are open."""
    return len([*Path("/proc/self/fd").iterdir()])


def written(file: Path, lines: list[str]) -> Path:
    """Return a file with these lines."""
    file.write_text("".join(lines))
    return file


@pytest.mark.parametrize("stations", [1, 3])
def test_two_processes_find_what_one_finds(tmp_path: Path, pools: list[Executor], stations: int) -> None:
    """Of one computer and of several, each cut where a boot begins; also what was unusual on the way."""
    folders = journal_maker.make(tmp_path, 60_000, stations, rotate_at=3_000_000)
    for folder in folders:
        with (folder / "events.jsonl").open("ab") as file:
            file.write(b'not ours\n{"time": "20')
    found, notes = reviewed(*folders)
    assert (found, notes) == alone(*folders)
    assert len(found.periods) > 100
    assert {one.host for one in found.periods} == {folder.name for folder in folders}
    assert notes == {"torn": stations, "foreign": stations}
    assert len(pools) == 1


def spawned() -> Executor:
    """Return processes that share nothing with this one, as macOS starts them."""
    return ProcessPoolExecutor(2, get_context("spawn"))


@pytest.mark.parametrize(
    "make", [Inline, spawned, lambda: ThreadPoolExecutor(2)], ids=["inline", "spawned", "threads"]
)
def test_an_executor_is_given_the_pieces(tmp_path: Path, make: Callable[[], Executor]) -> None:
    """Whatever it is, and however small the journal; no process is started besides."""
    folders = journal_maker.make(tmp_path, 30_000, 2)
    with (folders[0] / "events.jsonl").open("ab") as file:
        file.write(b"not ours\n")
    with make() as executor:
        assert reviewed(*folders, executor=executor) == alone(*folders)
        assert not isinstance(executor, Inline) or executor.given > 1


def test_a_process_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started as on macOS, where Python would look there first; the environment is as before."""
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: get_context("spawn"))
    for name in ("multiprocessing", "struct", "selectors", "tempfile"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'a').close()\n")
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    with process_pool.make_pool(2) as (pool, _):
        assert os.environ == before
        assert pool.submit(int, "7").result(30) == 7
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), BrokenProcessPool(), MemoryError()])
@pytest.mark.parametrize("works", [0, 3])
def test_an_executor_that_fails_is_done_without(tmp_path: Path, error: Exception, works: int) -> None:
    """At once, or in the middle: nothing is missing, and nothing is counted twice; the progress only rises, up to all."""
    (folder,) = journal_maker.make(tmp_path, 30_000)
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"not ours\n")
    executor = Inline(works, error)
    assert reviewed(folder, executor=executor) == alone(folder)
    assert executor.given > works
    found = sources.find_sources([folder], Path("/nowhere"), Counter(), ignore_error)
    passed: list[int] = []
    review_files(found, Counter(), ignore_error, passed.append, where=Inline(works, error))
    assert min(passed) > 0
    expected: list[int] = []
    review_files(found, Counter(), ignore_error, expected.append)
    assert sum(passed) == sum(expected)


def test_it_is_cut_where_it_is_meant_to_be(tmp_path: Path, pools: list[Executor]) -> None:
    """A boot is in one of the pieces, and the computer that goes on is named."""
    (folder,) = journal_maker.make(tmp_path, 200_000, rotate_at=3_000_000)
    found = sources.find_sources([folder], Path("/nowhere"), Counter(), ignore_error)
    cut = parallel.cut_plan(plan.Planner(Counter(), ignore_error).plan(found))
    sizes = [sum(s.end - s.begin for s in chain.from_iterable(one.plan["station-1"])) for one in cut]
    size = sum(source.size for source in found)
    assert sum(sizes) == size
    ends = [end / size for end in accumulate(sizes)]
    # A boot that lasts longer than the smallest piece takes up two cuts.
    assert len(ends) >= len(parallel.CUTS)
    assert min(sizes[0], sizes[-1]) > 4 * min(sizes)
    assert all(min(abs(end - at / 32) for at in (*parallel.CUTS, 32)) <= 1 / 32 for end in ends)
    assert [one.continued_host for one in cut] == ["station-1"] * (len(cut) - 1) + [None]
    boots: list[set[str]] = []
    for one in cut:
        batches = merge.Merger(Counter(), ignore_error).read(one.plan["station-1"])
        boots.append({event.boot for batch in batches for event in batch.events})
    assert sum(map(len, boots)) == len(set().union(*boots))
    assert not pools


def test_a_single_boot_is_not_cut(tmp_path: Path, pools: list[Executor]) -> None:
    """It is read by one process."""
    source = journal_maker.lines("station-1")
    boot: list[str] = list(islice(source, 400))
    first = json.loads(boot[0])["boot"]
    file = written(tmp_path / "events.jsonl", [one for one in boot if json.loads(one)["boot"] == first])
    assert reviewed(file) == alone(file)
    assert not pools


def test_boots_that_are_mixed_are_told_all_the_same(tmp_path: Path, pools: list[Executor]) -> None:
    """Lines of one boot in the middle of the next: seen only when all is read, and then it is read in one go."""
    lines = list(islice(journal_maker.lines("station-1"), 30_000))
    boots = [json.loads(one)["boot"] for one in lines]
    begins = [number for number in range(1, len(boots)) if boots[number] != boots[number - 1]]
    for begin in begins:
        # A few lines late, by more than a look shows.
        lines[begin - 3 : begin + 3] = [lines[begin + at] for at in (0, -3, 1, -2, 2, -1)]
    file = written(tmp_path / "events.jsonl", lines)
    found = reviewed(file)
    assert found == alone(file)
    assert len(pools) <= 1


@pytest.mark.parametrize("kill", [True, False])
def test_another_process_that_ends_too_soon_is_done_without(
    tmp_path: Path, pools: list[Executor], monkeypatch: pytest.MonkeyPatch, kill: bool
) -> None:
    """Killed, or out of memory: nothing is missing, and nothing is told twice."""
    me = os.getpid()

    def short(*arguments: Any) -> Any:
        if os.getpid() != me:
            if kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError
        return review_part(*arguments)

    (folder,) = journal_maker.make(tmp_path, 30_000)
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"not ours\n")
    expected = alone(folder)
    monkeypatch.setattr(parallel, "review_part", short)
    assert reviewed(folder) == expected
    assert len(pools) == 1


def test_another_process_that_is_killed_in_the_middle_of_its_answer_is_done_without(
    tmp_path: Path, pools: list[Executor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an answer is noticed as the end of the process; nobody waits for the rest."""
    me = os.getpid()
    send = Connection._send  # type: ignore[attr-defined] # not documented

    def half(connection: Any, answer: bytes) -> None:
        if os.getpid() != me and len(answer) > 1000:
            os.write(connection.fileno(), answer[: len(answer) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        send(connection, answer)

    (folder,) = journal_maker.make(tmp_path, 30_000)
    expected = alone(folder)
    monkeypatch.setattr(Connection, "_send", half)
    assert reviewed(folder) == expected
    assert len(pools) == 1


@pytest.fixture
def put_together(monkeypatch: pytest.MonkeyPatch) -> list[Review | None]:
    """Return what will be everything that was put together from pieces."""
    found: list[Review | None] = []

    def listed(parts: Sequence[Part]) -> Review | None:
        found.append(join_parts(parts))
        return found[-1]

    monkeypatch.setattr(parallel, "join_parts", listed)
    return found


def test_lines_that_do_not_say_when_they_were_are_read_in_one_go(
    tmp_path: Path, pools: list[Executor], put_together: list[Review | None]
) -> None:
    """What they mean depends on what is read with them."""
    lines = list(islice(journal_maker.lines("station-1"), 30_000))
    fields = json.loads(lines[54])
    del fields["uptime"]
    lines[54] = json.dumps(fields) + "\n"
    file = written(tmp_path / "events.jsonl", lines)
    assert reviewed(file) == alone(file)
    assert len(pools) == 1
    assert put_together == [None]


@pytest.mark.usefixtures("pools")
def test_lines_that_are_very_late_are_read_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put_together: list[Review | None]
) -> None:
    """Where they come out depends on what is read with them."""
    monkeypatch.setattr(plan, "SCAN_ALL_BYTES", 0)
    lines = list(islice(journal_maker.lines("station-1"), 30_000))
    lines.insert(10_000, lines.pop(9_000))
    file = written(tmp_path / "events.jsonl", lines)
    found, notes = reviewed(file)
    assert notes["disordered"]
    assert (found, notes) == alone(file)
    assert not put_together


def test_children_that_are_forgotten(tmp_path: Path, pools: list[Executor]) -> None:
    """Where the system ends children by itself, as the starting program may have asked it to."""
    (folder,) = journal_maker.make(tmp_path, 30_000)
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert reviewed(folder) == alone(folder)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert len(pools) == 1


@pytest.mark.parametrize(
    ("how", "status"),
    [("os.kill(me, signal.SIGKILL)", -signal.SIGKILL), ("os.killpg(0, signal.SIGINT)", 130)],
)
def test_nothing_goes_on_when_it_is_ended(tmp_path: Path, how: str, status: int) -> None:
    """Killed, or by Ctrl-C, which both processes get: the other one ends, too, without a word; the output is at its end."""
    (folder,) = journal_maker.make(tmp_path, 200_000)
    script = f"""
import os, signal, sys
from unplugd.review import parallel, process_pool
from unplugd.cli import main
me, part = os.getpid(), parallel.review_part
def ended(*arguments):
    if os.getpid() == me:
        {how}
    return part(*arguments)
parallel.review_part, parallel._count_processors = ended, lambda: 2
sys.exit(main(["report", {str(folder)!r}]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        timeout=GIVE_UP,
        check=False,
        start_new_session=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, b"", b"")


@pytest.mark.usefixtures("pools")
@pytest.mark.parametrize(
    ("owner", "name", "error"),
    [
        (os, "fork", BlockingIOError(11, "Resource temporarily unavailable")),
        (os, "pipe", OSError(24, "Too many open files")),
        (threading.Thread, "start", RuntimeError("can't start new thread")),
    ],
)
def test_what_the_system_refuses_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception
) -> None:
    """A user who may start no more processes or open no more files has the report all the same."""

    def refused(*_: Any) -> Any:
        raise error

    (folder,) = journal_maker.make(tmp_path, 30_000)
    expected = alone(folder)
    monkeypatch.setattr(owner, name, refused)
    assert reviewed(folder) == expected


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_end_that_comes_too_soon_leaves_no_process_behind(
    tmp_path: Path, pools: list[Executor], monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """Ctrl-C while it reads ends both."""
    me = os.getpid()
    work: Callable[..., Any] = review_part

    def interrupted(*arguments: Any) -> Any:
        if os.getpid() == me:
            raise error
        return work(*arguments)

    (folder,) = journal_maker.make(tmp_path, 30_000)
    monkeypatch.setattr(parallel, "review_part", interrupted)
    # What other tests have left behind may go at any moment.
    gc.collect()
    before = descriptors()
    with pytest.raises(error):
        reviewed(folder)
    assert len(pools) == 1
    assert descriptors() == before


def test_one_process_tells_of_the_progress(tmp_path: Path, pools: list[Executor]) -> None:
    """Two bars on a terminal would write over one another."""
    (folder,) = journal_maker.make(tmp_path, 60_000, rotate_at=3_000_000)
    found = sources.find_sources([folder], Path("/nowhere"), Counter(), ignore_error)
    told = tmp_path / "told"

    def progress(size: int) -> None:
        with told.open("a") as file:
            file.write(f"{os.getpid()} {size}\n")

    review_files(found, Counter(), ignore_error, progress)
    assert len(pools) == 1
    by_whom = [one.split() for one in told.read_text().splitlines()]
    assert {int(process) for process, _ in by_whom} == {os.getpid()}
    assert 0 < sum(int(read) for _, read in by_whom) <= sum(source.size for source in found)


def test_what_cannot_be_read_is_told_once(
    tmp_path: Path, pools: list[Executor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever process found it, and only by what is used of it in the end."""
    folders = journal_maker.make(tmp_path, 60_000, 2, rotate_at=3_000_000)
    gone = folders[1] / "events.jsonl.1"
    work = plan.Planner.plan

    def plan_and_remove(planner: plan.Planner, found: list[Any]) -> Any:
        made = work(planner, found)
        gone.rename(tmp_path / "gone")
        return made

    monkeypatch.setattr(plan.Planner, "plan", plan_and_remove)
    said: list[str] = []
    _, notes = reviewed(*folders, said=said)
    assert len(pools) == 1
    assert len(said) == notes["unreadable_file"] == 1
    assert "events.jsonl.1" in said[0]
