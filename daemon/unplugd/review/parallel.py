"""Reads and reviews journals; large ones in pieces, by several processes or a Dask cluster.

A large plan (`journal.plan`) is cut into ten pieces, large ones first and last. It can be cut between computers and
between boots, since boots do not affect each other, with one exception: whether a computer's last boot is over depends
on whether another follows. So a piece says which computer has later boots in the next piece. In a file that was only
sampled, the first line of a boot is searched for between two samples.

The executor takes pieces from the beginning and this process takes them from the end, until they meet. Only results are
sent back, never events. If the executor fails, or if lines are so far out of order that it matters which piece they are
in, this process reads everything again in one go.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter, deque
from dataclasses import replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from unplugd import sanitize
from unplugd.journal.merge import Merger
from unplugd.journal.packs import Groups
from unplugd.journal.plan import find_first_line
from unplugd.review.model import Part
from unplugd.review.parts import join_parts
from unplugd.review.reviewer import review_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor, Future
    from contextlib import AbstractContextManager

    from unplugd.journal.packs import Group
    from unplugd.journal.plan import Plan
    from unplugd.review.executors import Engine
    from unplugd.review.model import Review

    Where = str | Executor

LARGE_BYTES: Final = 20_000_000
"""Size in bytes from which starting another process is worthwhile."""
CUTS: Final = (8, 12, 14, 15, 16, 17, 18, 20, 24)
"""Where a plan is cut, in 32nds: few pieces, and small ones in the middle, where the processes meet and one waits."""
FAILURES: Final = (OSError, RuntimeError, MemoryError, ImportError)
"""What an executor raises when it fails: the system is out of processes, threads, files or memory, or a process was
killed (BrokenExecutor is a RuntimeError), or the connection was lost. ImportError: the system lacks shared semaphores."""
INLINE: Final = "inline"
_PROCESSES: Final = re.compile(r"processes(?::([1-9]\d{0,3}))?", re.ASCII)
_SCHEDULER: Final = re.compile(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9a-f:.]+\]):\d{1,5}", re.ASCII | re.IGNORECASE)


class Piece(NamedTuple):
    """A part of a plan; the later boots of the computer `continued_host` are in the next piece."""

    plan: Plan
    continued_host: str | None = None


class Result(msgspec.Struct, frozen=True, array_like=True):
    """The result of a piece: its part of the review, what was unusual while reading, and what could not be read."""

    part: Part
    notes: dict[str, int]
    errors: list[str]


class CutPoint(NamedTuple):
    """Where a plan can be cut: before a group of a host, or within it at the beginning of a boot."""

    offset: int
    """The number of bytes before this point."""
    host: str
    group: int
    boot: str | None


def review_plan(
    plan: Plan,
    notes: Counter[str],
    report_error: Callable[[str], None],
    report_progress: Callable[[int], None] | None = None,
    until: float | None = None,
    host: str | None = None,
    where: Where = "",
) -> Review:
    """Return the review of what a plan says, with `until` and `host` as in `review_events`; `notes` counts what is unusual.

    `report_progress` gets the number of bytes read since the last call, in total at most the size of the plan. For
    `where`, see `choose_engine`.
    """
    size = sum_plan(plan)
    progress = _Progress(report_progress, size)
    results: list[Result] = []
    # This process reviews pieces, too.
    if engine := choose_engine(where, size, besides=1):
        pieces = cut_plan(plan)
        if len(pieces) > 1:
            with contextlib.suppress(*FAILURES), engine() as started:
                results = _share_out(started, pieces, until, host, progress)
    review = None
    if results and not any(result.notes.get("disordered") for result in results):
        # This is None if a boot turned out to be in two pieces.
        review = join_parts([result.part for result in results])
    if review is None:
        progress.here = progress.elsewhere = 0
        results = [review_piece(Piece(plan), until, host, progress.add)]
        review = results[0].part.review
    for result in results:
        notes.update(result.notes)
        for message in result.errors:
            report_error(message)
    return review


def review_piece(
    piece: Piece,
    until: float | None,
    host: str | None,
    report_progress: Callable[[int], None] | None = None,
) -> Result:
    """Read and review one piece."""
    notes: Counter[str] = Counter()
    errors: list[str] = []
    merger = Merger(notes, errors.append, report_progress)
    batches = chain.from_iterable(map(merger.read, piece.plan.values()))
    events = chain.from_iterable(batch.events for batch in batches)
    return Result(review_part(events, until, host, piece.continued_host), notes, errors)


def _encode_result(piece: Piece, until: float | None, host: str | None) -> bytes:
    """Review one piece elsewhere; msgpack takes a third of the time of pickle."""
    return msgspec.msgpack.encode(review_piece(piece, until, host))


class _Progress:
    """Reports the bytes read by both processes, but none twice if all is read again, and never more than `size`."""

    def __init__(self, report: Callable[[int], None] | None, size: int) -> None:
        self._report = report
        self._size = size
        self._reported = 0
        self.here = 0
        self.elsewhere = 0

    def add(self, size: int) -> None:
        """Count bytes read by this process."""
        self.here += size
        more = min(self.here + self.elsewhere, self._size) - self._reported
        if self._report and more > 0:
            self._reported += more
            self._report(more)


# --- other processes


def choose_engine(
    where: Where, size: int, besides: int = 0
) -> Callable[[], AbstractContextManager[Engine]] | None:
    """Return what starts the engine that reviews so many bytes; None: this process does it alone.

    `where` is "inline", "processes", "processes:4", the address of a Dask scheduler, an executor, or "": processes if
    there is much to read. Without a number, there are as many as processors; `besides` of them are busy in this one.
    """
    if where == INLINE or (where == "" and (size < LARGE_BYTES or _count_processors() < 2)):
        return None
    from unplugd.review import executors  # noqa: PLC0415 - 25 ms that only a large journal is worth

    if not isinstance(where, str):
        given = executors.Engine(where, 1)
        return lambda: contextlib.nullcontext(given)
    if found := _PROCESSES.fullmatch(where or "processes"):
        workers = int(found[1] or max(1, _count_processors() - besides))
        return lambda: executors.start_processes(workers)
    return lambda: executors.join_cluster(where)


def is_place(where: str) -> bool:
    """Return whether `choose_engine` knows this place."""
    return where == INLINE or bool(_PROCESSES.fullmatch(where) or _SCHEDULER.fullmatch(where))


def _count_processors() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _share_out(
    engine: Engine,
    pieces: Sequence[Piece],
    until: float | None,
    host: str | None,
    progress: _Progress,
) -> list[Result]:
    """Return the results of the pieces, each reviewed by the executor or by this process; none if that fails."""
    left = deque(enumerate(pieces))
    submitted: dict[int, Future[bytes]] = {}
    own: dict[int, Result] = {}
    while left:
        # One more than it has workers, so that none ever has to wait.
        while left and sum(not future.done() for future in submitted.values()) <= engine.workers:
            number, piece = left.popleft()
            sent = Piece(take_elsewhere(piece.plan), piece.continued_host) if engine.is_elsewhere else piece
            submitted[number] = engine.executor.submit(_encode_result, sent, until, host)
        progress.elsewhere = sum(
            sum_plan(pieces[number].plan) for number, future in submitted.items() if future.done()
        )
        if left:
            number, piece = left.pop()
            own[number] = review_piece(piece, until, host, progress.add)
    while waiting := [future for future in submitted.values() if not future.done()]:
        engine.wait(waiting)
    decode = msgspec.msgpack.Decoder(Result).decode
    results: list[Result] = []
    for number in range(len(pieces)):
        if number in own:
            results.append(own[number])
            continue
        try:
            # Drop each future when its result is taken, since both hold the whole part.
            results.append(decode(engine.take(submitted.pop(number))))
        except engine.single_failures:
            return []
        if engine.is_elsewhere and results[-1].notes.get("unreadable_file"):
            # Perhaps only this computer has the file.
            return []
    return results


# --- cutting


def cut_plan(plan: Plan) -> list[Piece]:
    """Cut a plan into pieces, with each boot in one piece."""
    points = list(_find_cut_points(plan))
    size = sum_plan(plan)
    wanted = [size * cut // 32 for cut in CUTS]
    nearest = {min(points, key=lambda point: abs(point.offset - at)) for at in wanted} if points else set()
    plans: list[Plan] = []
    # Start from the end, so that the indices of the groups before a cut stay valid.
    for point in reversed(points):
        if point in nearest and (halves := _split(plan, point)):
            plan, after = halves
            plans.insert(0, after)
    plans.insert(0, plan)
    continued = [host if (host := [*before][-1]) in after else None for before, after in pairwise(plans)]
    return [Piece(part, host) for part, host in zip(plans, [*continued, None], strict=True)]


def _find_cut_points(plan: Plan) -> Iterator[CutPoint]:
    offset = 0
    for host, groups in plan.items():
        known: set[str] = set()
        for number, group in enumerate(groups):
            boots = set().union(*(segment.boots for segment in group))
            if offset and not boots & known:
                yield CutPoint(offset, host, number, None)
            first, *more = group
            if not more and not first.exact:
                # For the first boot, there is the point before the group.
                for boot in [*first.first_seen][1:]:
                    if boot not in known:
                        yield CutPoint(offset + first.first_seen[boot] - first.begin, host, number, boot)
            known |= boots
            offset += _sum_group(group)


def take_elsewhere(plan: Plan) -> Plan:
    """Return the plan with files that another computer can open, too, if it has them under the same names."""
    return {
        host: [
            [replace(segment, source=segment.source.take_elsewhere()) for segment in group]
            for group in groups
        ]
        for host, groups in plan.items()
    }


def split_by_name(plan: Plan) -> dict[str, Plan]:
    """Return a plan for each computer by the name that is shown, which several may have."""
    plans: dict[str, dict[str, Sequence[Group]]] = {}
    for host, groups in plan.items():
        plans.setdefault(sanitize.one_line(host), {})[host] = groups
    return dict(plans)


def sum_plan(plan: Plan) -> int:
    """Return the number of bytes to read."""
    return sum(
        groups.size if isinstance(groups, Groups) else sum(map(_sum_group, groups))
        for groups in plan.values()
    )


def _sum_group(group: Group) -> int:
    return sum(segment.size for segment in group)


def _split(plan: Plan, point: CutPoint) -> tuple[Plan, Plan] | None:
    """Return the plans before and after a point, None if the boot's first line is not found."""
    before, after = plan[point.host][: point.group], plan[point.host][point.group :]
    if point.boot is not None:
        segment = after[0][0]
        at = find_first_line(segment, point.boot)
        if at is None:
            return None
        before = [*before, [replace(segment, end=at)]]
        after = [[replace(segment, begin=at)], *after[1:]]
    hosts = list(plan)
    begin = hosts.index(point.host)
    first = {host: plan[host] for host in hosts[:begin]}
    if before:
        first[point.host] = before
    return first, {point.host: after, **{host: plan[host] for host in hosts[begin + 1 :]}}
