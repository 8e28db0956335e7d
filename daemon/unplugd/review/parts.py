"""The reviews of parts of a journal, joined to that of the whole. Pure.

Parts can be reviewed apart since nothing in one boot of a computer bears on another. What has to be known of the other
parts is little, and is said beforehand: whether the computer of a part's last boot has later boots in the next part
(then what is open in it was cut off). What a part says in turn (`Part`) shows whether all this was so.
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
"""Complete, so that boots whose clocks were wrong and which overlap come in the same order from any parts."""


def join_parts(parts: Sequence[Part]) -> Review | None:
    """Return the review of consecutive parts; None where only a review of all events in one go can be right.

    Parts can be joined if each boot is in one part, if a computer with boots in several parts was announced by each of
    them but the last, and if every event of a boot says when in it it happened: the meaning of one that does not
    depends on the events before it.
    """
    if not all(part.all_timed for part in parts):
        return None
    boots: set[tuple[str, str]] = set()
    later_hosts: set[str] = set()
    next_hosts: frozenset[str] = frozenset()
    for part in reversed(parts):
        hosts = {host for host, _ in part.boots}
        announced = {part.continued_host} - {None}
        if boots & part.boots or hosts & later_hosts - announced or not announced <= next_hosts:
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
    """Return these as a review, oldest first."""
    return Review(
        tuple(sorted(periods, key=_ORDER)),
        tuple(sorted(watched, key=lambda run: (run.began, run.host, run.ended))),
        dict(+notes),
    )
