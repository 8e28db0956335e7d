"""Journals read and reviewed; large ones in pieces, by two processes at once, which takes little more than half the time.

They are cut where a computer was started anew: nothing of one boot bears on another. Where lines are so much out of order
that it matters in which piece they are, all is read in one go instead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import Counter
from dataclasses import replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

import msgspec

from unplugd.journal import merge
from unplugd.journal.plan import SAMPLE_BYTES, SAMPLE_EVERY_BYTES, read_located
from unplugd.review.reviewer import join_parts, review_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from unplugd.journal.plan import Segment
    from unplugd.journal.sources import Source
    from unplugd.review.model import Part, Review

    Plan = dict[str, list[list[Segment]]]

LARGE: Final = 20_000_000
"""Bytes from which on another process is worth its start."""
PIECES: Final = 8
"""So many that processes which are not equally fast are done at about the same time; 255 at most."""


class Piece(NamedTuple):
    """A part of a plan; of the computer that `goes_on` the next piece has the later boots."""

    plan: Plan
    goes_on: str | None = None


class Done(msgspec.Struct):
    """What came of a piece: what it tells, what was unusual on the way, what could not be read."""

    part: Part
    notes: dict[str, int]
    said: list[str]


class Place(NamedTuple):
    """Where a plan can be cut: before a group of a host, or inside it, where a boot begins."""

    passed: int
    """Bytes before it."""
    host: str
    group: int
    boot: str | None


def reviewed(
    found: Sequence[Source],
    notes: Counter[str],
    tell: Callable[[str], None],
    progress: Callable[[int], None] | None = None,
    until: float | None = None,
    host: str | None = None,
) -> Review:
    """Return what the sources tell, `until` and `host` as `review` has them; what is unusual is counted in `notes`.

    `tell` is told what cannot be read, `progress` the bytes read, about as many as the sources are large.
    """

    def carry_out(piece: Piece, times: int) -> Done:
        """Carry a piece out; each byte of it counts so many times for the progress."""
        noted: Counter[str] = Counter()
        said: list[str] = []
        tell_progress = (lambda size: progress(size * times)) if progress and times else None
        reader = merge.Reader(noted, said.append, tell_progress)
        batches = chain.from_iterable(map(reader.read, piece.plan.values()))
        events = chain.from_iterable(batch.events for batch in batches)
        return Done(review_part(events, until, host, piece.goes_on), noted, said)

    plan = merge.Reader(notes, tell).plan(found)
    large = sum(source.size for source in found) >= LARGE
    pieces = cut(plan) if large and _processors() > 1 else []
    done = _at_once(carry_out, pieces) if len(pieces) > 1 else []
    told = None
    if done and not any(one.notes.get("disordered") for one in done):
        told = join_parts([one.part for one in done])
    if told is None:
        # Also where a boot turned out to be in two pieces, or the other process ended before its time.
        done = [carry_out(Piece(plan), 1)]
        told = done[0].part.review
    for one in done:
        notes.update(one.notes)
        for line in one.said:
            tell(line)
    return told


def _processors() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    # Elsewhere it is not known to be safe that a process goes on as two.
    return 1


def _at_once(carry_out: Callable[[Piece, int], Done], pieces: Sequence[Piece]) -> list[Done]:
    """Return what came of the pieces, each carried out by this process or another one, whichever is free first.

    Nothing where there can be no other process, or it ended before its time.
    """
    me = os.getpid()
    with contextlib.ExitStack() as left:
        try:
            queue, filled = _pipe(left)
            answer, told = _pipe(left)
            other = os.fork()
        except OSError:
            # The user may have no more processes, or open no more files.
            return []

        def work(times: int) -> dict[int, Done]:
            done = {}
            while (number := queue.read(1)) and (other or os.getppid() == me):
                done[number[0]] = carry_out(pieces[number[0]], times)
            return done

        if other == 0:
            try:
                # Without ends of its own it ends with the process that asked.
                answer.close()
                filled.close()
                told.write(msgspec.msgpack.encode(work(0)))
                told.flush()
            finally:
                # Whatever happened: nothing that this process has taken over is written or told by it, too.
                os._exit(0)
        try:
            told.close()
            filled.write(bytes(range(len(pieces))))
            filled.close()
            # Of the progress of the other one it knows nothing but that it is about the same: each byte counts twice.
            done = work(2)
            done.update(msgspec.msgpack.decode(answer.read(), type=dict[int, Done]))
        except msgspec.DecodeError:
            return []
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.kill(other, signal.SIGKILL)
            raise
        finally:
            # Who started the program may have asked the system to forget children that end.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(other, 0)
    return [one for _, one in sorted(done.items())]


def _pipe(left: contextlib.ExitStack) -> tuple[BinaryIO, BinaryIO]:
    read, write = os.pipe()
    # Nothing is read ahead: the processes share it.
    return left.enter_context(os.fdopen(read, "rb", 0)), left.enter_context(os.fdopen(write, "wb"))


# --- cutting


def cut(plan: Plan) -> list[Piece]:
    """Return a plan in pieces of about the same size; a boot is in one of them."""
    places = list(_places(plan))
    size = sum(map(_size, chain.from_iterable(plan.values())))
    wanted = [size * number // PIECES for number in range(1, PIECES)]
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


def _places(plan: Plan) -> Iterator[Place]:
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
            passed += _size(group)


def _size(group: Sequence[Segment]) -> int:
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
