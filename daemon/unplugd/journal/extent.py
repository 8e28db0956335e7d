"""Finds out when the events of a plan were, and leaves out of a plan what is over before a moment.

All of it comes from what the plan knows of each boot, so nothing is read but the place where a file is cut. A boot is
only left out if it is certain when it was over. It is kept if its wall clock cannot be relied on: if a time is not as
unplugd writes it, if the clock was set between two samples, or if the next boot in the file seems to be earlier, or from
before unplugd existed. The last boot of a computer is always kept, since its devices may still be plugged in. What is
between two samples counts as what is around it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from unplugd.journal.computers import date_boot
from unplugd.journal.packs import Groups
from unplugd.journal.plan import SLACK_SECONDS, find_first_line, rank_boots
from unplugd.journal.timestamps import MAX_WALL_SECONDS, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unplugd.journal.packs import Group
    from unplugd.journal.plan import Plan
    from unplugd.journal.segment import Segment

    Extent = tuple[float, float]
    """The first and the last time."""

MIN_CREDIBLE_SECONDS: Final = 1_577_836_800.0
"""Where only samples were read, an earlier time (before 2020) may come from a clock that was set later."""


class _Times(NamedTuple):
    """When a boot was, in Unix seconds, NaN if unknown."""

    began: float
    """Its first event, dated backwards from the last one, whose clock is most likely to be right."""
    ended: float
    """The latest time on its lines, as far as known."""
    over: float
    """When it was certainly over; infinity if that is not certain."""


def find_extent(plan: Plan) -> Extent | None:
    """Return the first and the last time on the wall clock that a plan knows, in Unix seconds; None if it knows none.

    For one computer, give a plan with that one.
    """
    extents = [extent for groups in plan.values() if (extent := _measure(groups))]
    return (min(first for first, _ in extents), max(last for _, last in extents)) if extents else None


def _measure(groups: Iterable[Group]) -> Extent | None:
    times = _date_boots(chain.from_iterable(groups)).values()
    known = [moment for one in times for moment in (one.began, one.ended) if _is_plausible(moment)]
    return (min(known), max(known)) if known else None


def skip_before(plan: Plan, moment: float) -> Plan:
    """Return the plan without the boots that are certainly over before `moment` (Unix seconds).

    What is left gives the same periods and runs from `moment` on. What was unusual is only counted in what is read. When
    a computer was first heard from is no longer in it: ask `find_extent` about the whole plan.
    """
    if moment == -math.inf:
        return plan
    return {computer: _skip_boots(groups, moment) for computer, groups in plan.items()}


def _skip_boots(groups: Sequence[Group], moment: float) -> Sequence[Group]:
    unpacked = list(groups)
    times = _date_boots(chain.from_iterable(unpacked))
    ranks = rank_boots(chain.from_iterable(unpacked))
    certain = [boot for boot in times if times[boot].over < math.inf]
    last = max(certain, key=ranks.__getitem__, default=None)
    over = {boot for boot in certain if boot != last and times[boot].over < moment - SLACK_SECONDS}
    if not over:
        return groups
    left = [[kept for segment in group if (kept := _cut(segment, over))] for group in unpacked]
    return Groups([group for group in left if group])


def _cut(segment: Segment, over: set[str]) -> Segment | None:
    """Return a segment without the boots at its beginning that are over, None if all are."""
    kept = [*segment.boots]
    while kept and kept[0] in over:
        kept.pop(0)
    if len(kept) == len(segment.boots) or not kept:
        return segment if kept else None
    begin = find_first_line(segment, kept[0])
    if begin is None:
        return segment
    return replace(
        segment,
        begin=begin,
        boots={boot: segment.boots[boot] for boot in kept},
        first_seen={boot: segment.first_seen[boot] for boot in kept} | {kept[0]: begin},
        latest={boot: segment.latest[boot] for boot in kept},
    )


def _date_boots(segments: Iterable[Segment]) -> dict[str, _Times]:
    """Return when each boot of a computer was."""
    found: dict[str, list[tuple[float, float]]] = {}
    first: dict[str, tuple[float, float]] = {}
    latest: dict[str, tuple[float, str]] = {}
    for segment in segments:
        for boot, part in _date_parts(segment).items():
            found.setdefault(boot, []).append(part)
            first[boot] = min(first.get(boot, segment.boots[boot]), segment.boots[boot])
            latest[boot] = max(latest.get(boot, segment.latest[boot]), segment.latest[boot])
    dated: dict[str, _Times] = {}
    for boot, parts in found.items():
        began, _ = date_boot(first[boot], latest[boot])
        ended = max((ended for ended, _ in parts if _is_plausible(ended)), default=math.nan)
        dated[boot] = _Times(began, ended, max(over for _, over in parts))
    return dated


def _date_parts(segment: Segment) -> dict[str, tuple[float, float]]:
    """Return when each boot in a segment ended, and when it was over, as in `_Times`."""
    parts: dict[str, tuple[float, float]] = {}
    boots = [*segment.boots, None]
    for boot, after in pairwise(boots):
        if boot is None:
            continue
        last = segment.latest[boot][1]
        ended = parse_timestamp(max(last, segment.newest.get(boot, "")))
        over = ended
        if after is not None:
            # The boot may go on after its last sample, until the next one begins.
            over = segment.boots[after][1]
            if not max(ended - SLACK_SECONDS, MIN_CREDIBLE_SECONDS) <= over:
                over = math.inf
        known = [segment.boots[boot][1], parse_timestamp(last), ended, over]
        if boot in segment.uncertain or not all(map(_is_plausible, known)):
            over = math.inf
        parts[boot] = ended, max(ended, over) if over < math.inf else over
    return parts


def _is_plausible(moment: float) -> bool:
    return 0 <= moment <= MAX_WALL_SECONDS
