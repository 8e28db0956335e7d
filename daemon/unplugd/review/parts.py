"""Joins the reviews of the parts of a journal into one. Pure.

Parts can be reviewed separately because events only affect their own boot. The only thing that a part has to know in
advance is which computer has later boots in the next part: its open periods were then cut off. Each part says which
boots it found (`Part`), so that joining can check whether the parts were cut between boots.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from unplugd.review.model import Part, Period, Review, Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ORDER: Final = attrgetter("began", "host", "device", "ended", "end", "id", "name")
"""A total order, so that overlapping boots (with wrong clocks) are sorted the same way however the parts were cut."""


def join_parts(parts: Sequence[Part]) -> Review | None:
    """Return the joined review of consecutive parts; None if all events must be reviewed in one go.

    Parts can be joined if no boot is in two of them, if a computer that is in several parts is the `continued_host` of
    all of them but its last, and if every event has an uptime: otherwise its time depends on the events before it.
    """
    if not all(part.all_timed for part in parts):
        return None
    boots: set[tuple[str, str]] = set()
    later_hosts: set[str] = set()
    next_hosts: frozenset[str] = frozenset()
    for part in reversed(parts):
        hosts = {host for host, _ in part.boots}
        continued = {part.continued_host} - {None}
        if boots & part.boots or hosts & later_hosts - continued or not continued <= next_hosts:
            return None
        boots |= part.boots
        later_hosts |= hosts
        next_hosts = part.hosts
    return make_review(
        chain.from_iterable(part.review.periods for part in parts),
        chain.from_iterable(part.review.watched for part in parts),
        sum((Counter(part.review.notes) for part in parts), Counter()),
    )


def make_review(periods: Iterable[Period], watched: Iterable[Watched], notes: Counter[str]) -> Review:
    """Return a review of these, oldest first."""
    return Review(
        tuple(sorted(periods, key=_ORDER)),
        tuple(sorted(watched, key=lambda run: (run.began, run.host, run.ended))),
        dict(+notes),
    )
