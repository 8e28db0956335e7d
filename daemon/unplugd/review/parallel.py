"""Journals read and reviewed; large ones in pieces, by two processes at once.

They are cut where a computer was started anew: nothing of one boot bears on another. Where lines are so much out of order
that it matters in which piece they are, all is read in one go instead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import Counter, deque
from dataclasses import replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.journal import merge
from unplugd.journal.plan import SAMPLE_BYTES, SAMPLE_EVERY_BYTES, read_located
from unplugd.review.parts import join_parts
from unplugd.review.reviewer import review_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    from unplugd.journal.plan import Segment
    from unplugd.journal.sources import Source
    from unplugd.review.model import Part, Review

    Plan = dict[str, list[list[Segment]]]

LARGE_BYTES: Final = 20_000_000
"""Bytes from which on another process is worth its start."""
MAX_PIECES: Final = 32
"""So many that both processes end at about the same time."""
MAX_AHEAD: Final = 2
"""Pieces that an executor is given before it has done others, so that it never waits for one."""


class Piece(NamedTuple):
    """A part of a plan; of the computer that `goes_on` the next piece has the later boots."""

    plan: Plan
    goes_on: str | None = None

    @property
    def size(self) -> int:
        """How many bytes are to be read."""
        return sum(map(_sum_size, chain.from_iterable(self.plan.values())))


class Done(NamedTuple):
    """What came of a piece: what it tells, what was unusual on the way, what could not be read."""

    part: Part
    notes: Counter[str]
    said: list[str]


class Place(NamedTuple):
    """Where a plan can be cut: before a group of a host, or inside it, where a boot begins."""

    passed: int
    """Bytes before it."""
    host: str
    group: int
    boot: str | None


def review_files(
    found: Sequence[Source],
    notes: Counter[str],
    tell: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
    until: float | None = None,
    host: str | None = None,
    executor: Executor | None = None,
) -> Review:
    """Return what the sources tell, `until` and `host` as `review` has them; what is unusual is counted in `notes`.

    `tell` is told what cannot be read, `progress` the bytes read, at most as many as the sources are large. The pieces
    are given to `executor`; without one, a process is started if the sources are large. What fails there is done here.
    """
    plan = merge.Reader(notes, tell).plan(found)
    size = sum(source.size for source in found)
    passed = _Progress(progress, size)
    done: list[Done] = []
    if executor or (size >= LARGE_BYTES and _processors() > 1):
        pieces = cut_plan(plan)
        if len(pieces) > 1:
            # No more processes, threads, files or memory are to be had, or the process was killed (BrokenExecutor is a
            # RuntimeError); ImportError: the system lacks what processes share.
            with (
                contextlib.suppress(OSError, RuntimeError, MemoryError, ImportError),
                contextlib.nullcontext(executor) if executor else _make_pool() as pool,
            ):
                done = _gather(pool, pieces, until, host, passed)
    told = None
    if done and not any(one.notes.get("disordered") for one in done):
        told = join_parts([one.part for one in done])
    if told is None:
        # Also where a boot turned out to be in two pieces.
        passed.here = passed.elsewhere = 0
        done = [carry_out(Piece(plan), until, host, passed.add)]
        told = done[0].part.review
    for one in done:
        notes.update(one.notes)
        for line in one.said:
            tell(line)
    return told


def carry_out(
    piece: Piece,
    until: float | None,
    host: str | None,
    progress: Callable[[int], None] | None = None,
) -> Done:
    """Return what comes of a piece."""
    noted: Counter[str] = Counter()
    said: list[str] = []
    reader = merge.Reader(noted, said.append, progress)
    batches = chain.from_iterable(map(reader.read, piece.plan.values()))
    events = chain.from_iterable(batch.events for batch in batches)
    return Done(review_part(events, until, host, piece.goes_on), noted, said)


class _Progress:
    """Tells the bytes read, here and by others: it only rises, also where all is read once more, and to `size` at most."""

    def __init__(self, tell: Callable[[int], None] | None, size: int) -> None:
        self._tell = tell
        self._size = size
        self._told = 0
        self.here = 0
        self.elsewhere = 0

    def add(self, size: int) -> None:
        """Count so many bytes more that were read here."""
        self.here += size
        more = min(self.here + self.elsewhere, self._size) - self._told
        if self._tell and more > 0:
            self._told += more
            self._tell(more)


# --- other processes


def _processors() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gather(
    executor: Executor,
    pieces: Sequence[Piece],
    until: float | None,
    host: str | None,
    progress: _Progress,
) -> list[Done]:
    """Return what came of the pieces, each carried out by the executor or this process, whichever is free first."""
    left = deque(enumerate(pieces))
    given: dict[int, Future[Done]] = {}
    mine: dict[int, Done] = {}
    while left:
        # The executor takes from one end, this process from the other.
        while left and sum(not result.done() for result in given.values()) < MAX_AHEAD:
            number, piece = left.popleft()
            given[number] = _submit(executor, piece, until, host)
        progress.elsewhere = sum(pieces[number].size for number, result in given.items() if result.done())
        if left:
            number, piece = left.pop()
            mine[number] = carry_out(piece, until, host, progress.add)
    return [mine[number] if number in mine else given.pop(number).result() for number in range(len(pieces))]


def _submit(executor: Executor, piece: Piece, until: float | None, host: str | None) -> Future[Done]:
    # A process that is started now inherits it: Ctrl-C is for this one alone, which then ends the other.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(carry_out, piece, until, host)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _make_pool() -> Iterator[Executor]:
    """Yield an executor with a process of its own, of which nothing is left at the end, whatever that is."""
    import multiprocessing  # noqa: PLC0415 - only where a journal is large
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - as above

    # The fastest, and safe with a single thread; on macOS the system's own libraries can have started others.
    how = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(1, how, initializer=_end_with_parent)
    try:
        yield pool
    except BaseException:
        # Nobody waits for what it would still find.
        for process in multiprocessing.active_children():
            if process not in others:
                process.kill()
                process.join()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Have this process end when the one that started it was killed: by itself it would wait for work for ever."""
    import multiprocessing  # noqa: PLC0415 - as above
    import threading  # noqa: PLC0415 - as above

    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# --- cutting


def cut_plan(plan: Plan) -> list[Piece]:
    """Return a plan in pieces of about the same size; a boot is in one of them."""
    places = list(_find_places(plan))
    size = sum(map(_sum_size, chain.from_iterable(plan.values())))
    wanted = [size * number // MAX_PIECES for number in range(1, MAX_PIECES)]
    nearest = {min(places, key=lambda place: abs(place.passed - at)) for at in wanted} if places else set()
    plans: list[Plan] = []
    # From the end, so that what comes before a place stays where it was.
    for place in reversed(places):
        if place in nearest and (halves := _split(plan, place)):
            plan, after = halves
            plans.insert(0, after)
    plans.insert(0, plan)
    goes_on = [list(before)[-1] if list(before)[-1] in after else None for before, after in pairwise(plans)]
    return [Piece(one, host) for one, host in zip(plans, [*goes_on, None], strict=True)]


def _find_places(plan: Plan) -> Iterator[Place]:
    passed = 0
    for host, groups in plan.items():
        known: set[str] = set()
        for number, group in enumerate(groups):
            boots = set().union(*(one.boots for one in group))
            if passed and not boots & known:
                yield Place(passed, host, number, None)
            first, *more = group
            if not more and not first.exact:
                # Where its first boot begins has been said, if it does here.
                for boot in [*first.met][1:]:
                    if boot not in known:
                        yield Place(passed + first.met[boot] - first.begin, host, number, boot)
            known |= boots
            passed += _sum_size(group)


def _sum_size(group: Sequence[Segment]) -> int:
    return sum(one.end - one.begin for one in group)


def _split(plan: Plan, place: Place) -> tuple[Plan, Plan] | None:
    """Return what comes before a place and what comes after it, None where it is not found any more."""
    before, after = plan[place.host][: place.group], plan[place.host][place.group :]
    if place.boot is not None:
        stretch = after[0][0]
        at = _first_line(stretch, place.boot)
        if at is None:
            return None
        before = [*before, [replace(stretch, end=at)]]
        after = [[replace(stretch, begin=at)], *after[1:]]
    hosts = list(plan)
    begin = hosts.index(place.host)
    first = {host: plan[host] for host in hosts[:begin]}
    if before:
        first[place.host] = before
    return first, {place.host: after, **{host: plan[host] for host in hosts[begin + 1 :]}}


def _first_line(stretch: Segment, boot: str) -> int | None:
    """Return where the first line of a boot stands, None if it is not between the look that met it and the one before."""
    met = stretch.met[boot]
    begin, end = max(stretch.begin, met - SAMPLE_EVERY_BYTES), min(stretch.end, met + SAMPLE_BYTES)
    before = ""
    try:
        for at, _, one in read_located(stretch.source, begin, end, Counter()):
            if one.boot == boot:
                return at if before or begin == stretch.begin else None
            before = one.boot
    except OSError:
        pass
    return None
