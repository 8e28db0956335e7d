"""Reads and reviews the journals of many computers, each by itself: only their sums are kept.

The computers are given to an executor, the largest first. What it fails to do is done by this process. A computer whose
review fails is counted and named, and does not end the rest.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from unplugd import sanitize
from unplugd.journal.merge import Merger
from unplugd.review.fleet_builder import Interval, sum_computer, sum_failed
from unplugd.review.fleet_sums import FleetSums
from unplugd.review.parallel import FAILURES, choose_engine, split_by_name, sum_plan, take_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future
    from datetime import tzinfo

    from unplugd.journal.plan import Plan
    from unplugd.review.executors import Engine
    from unplugd.review.parallel import Where


class Question(NamedTuple):
    """What is asked of every computer."""

    interval: Interval
    zone: tzinfo
    known_since: float | None = None
    """As in `sum_computer`."""


class Answer(msgspec.Struct):
    """The sums of one computer, and what could not be read."""

    sums: FleetSums
    errors: list[str]
    failure: str = ""
    """Why it could not be reviewed."""


_DECODER: Final = msgspec.msgpack.Decoder(Answer)


def read_fleet(
    plan: Plan,
    question: Question,
    report_error: Callable[[str], None],
    report_progress: Callable[[int], None] | None = None,
    where: Where = "",
    known_since: Mapping[str, float] = MappingProxyType({}),
    warn: Callable[[str], None] | None = None,
) -> FleetSums:
    """Return the sums of the computers of a plan; `where` is as in `choose_engine`.

    `known_since` has when the data of a computer begins, if the plan leaves out what does not matter (Unix seconds).
    `report_error` gets what cannot be read, `report_progress` the number of bytes that were read since the last call, and
    `warn` whatever else went wrong (by default, `report_error` does).
    """
    warn = warn or report_error
    plans = split_by_name(plan)
    left = dict(sorted(plans.items(), key=lambda item: (-sum_plan(item[1]), item[0])))
    questions = {host: question._replace(known_since=known_since.get(host)) for host in left}
    sums = FleetSums()

    def take(host: str, answer: Answer) -> None:
        if report_progress:
            report_progress(sum_plan(left[host]))
        del left[host]
        for message in answer.errors:
            report_error(message)
        if answer.failure:
            warn(f"unplugd: {host}: its journal could not be reviewed: {answer.failure}")
        sums.merge(answer.sums)

    if engine := choose_engine(where, sum_plan(plan)):
        with contextlib.suppress(*FAILURES), engine() as started:
            for host, answer in _share_out(started, left, questions):
                take(host, answer)
        if left and isinstance(where, str) and where:
            warn(f"unplugd: {where} failed; the remaining computers are reviewed here: {len(left)}")
    for host in list(left):
        take(host, review_computer(host, left[host], questions[host]))
    return sums


def review_computer(host: str, plan: Plan, question: Question) -> Answer:
    """Read and review one computer, which has this name."""
    notes: Counter[str] = Counter()
    errors: list[str] = []
    merger = Merger(notes, errors.append)
    events = chain.from_iterable(
        batch.events for batch in chain.from_iterable(map(merger.read, plan.values()))
    )
    try:
        sums = sum_computer(host, events, notes, *question)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other computers are reviewed
        return Answer(sum_failed(host), errors, sanitize.one_line(f"{type(error).__name__}: {error}"))
    return Answer(sums, errors)


def encode_answer(host: str, plan: Plan, question: Question) -> bytes:
    """Review one computer elsewhere; msgpack takes a third of the time of pickle."""
    return msgspec.msgpack.encode(review_computer(host, plan, question))


def _share_out(
    engine: Engine, left: Mapping[str, Plan], questions: Mapping[str, Question]
) -> Iterator[tuple[str, Answer]]:
    """Yield the answer of each computer as it comes, in any order."""
    waiting = iter(list(left))
    running: dict[Future[bytes], str] = {}
    while True:
        # Twice as many as it has workers, so that none ever has to wait.
        for host in waiting:
            plan = take_elsewhere(left[host]) if engine.is_elsewhere else left[host]
            running[engine.executor.submit(encode_answer, host, plan, questions[host])] = host
            if len(running) >= 2 * engine.workers:
                break
        if not running:
            return
        for future in engine.wait(running):
            host = running.pop(future)
            try:
                answer = _DECODER.decode(engine.take(future))
            except engine.single_failures as error:
                answer = Answer(sum_failed(host), [], sanitize.one_line(f"{type(error).__name__}: {error}"))
            if engine.is_elsewhere and answer.sums.notes.get("unreadable_file"):
                # Perhaps only this computer has the file.
                answer = review_computer(host, left[host], questions[host])
            yield host, answer
