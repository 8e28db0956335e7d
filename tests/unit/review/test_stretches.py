"""The stretches of periods: they add up to the figures of a report, wherever it is cut."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rig.any_review import MOMENTS, STICK, reviews
from unplugd.review.figures_builder import to_milliseconds
from unplugd.review.model import Period, Reminder, Review, Use
from unplugd.review.report_builder import build_report
from unplugd.review.stretches import ALWAYS, Stretch, list_stretches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unplugd.review.figures import Figures

Sums = dict[tuple[str, ...], tuple[int, int, int]]


def listed(review: Review, low: int = ALWAYS[0], high: int = ALWAYS[1]) -> list[Stretch]:
    """Return the stretches of all computers."""
    found: list[Stretch] = []
    for host in sorted({period.host for period in review.periods}):
        mine = sorted((one for one in review.periods if one.host == host), key=lambda one: one.began)
        found += list_stretches(mine, low, high)
    return found


def add(stretches: Iterable[Stretch]) -> Sums:
    """Return used and unused milliseconds, and reminders, by computer and by device, where there are any."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for one in stretches:
        for key in ((one.computer,), (one.name, one.id)):
            total = sums.setdefault(key, [0, 0, 0])
            total[0 if one.used else 1] += one.ended - one.began
            total[2] += one.reminders
    return {key: (total[0], total[1], total[2]) for key, total in sums.items() if any(total)}


@settings(deadline=None)
@given(reviews(), MOMENTS, MOMENTS)
def test_they_add_up_to_the_report(review: Review, one: float, other: float) -> None:
    """Of each computer and each device, between any two moments, to the millisecond; reminders, too."""
    since, until = sorted((one, other))
    low, high = to_milliseconds(since), to_milliseconds(until)
    report = build_report(review, since=since, until=until)
    rows: list[tuple[tuple[str, ...], Figures]] = [((host,), figures) for host, figures in report.computers]
    rows += [((name, id_), figures) for name, id_, figures in report.devices]
    expected = {
        key: (to_milliseconds(found.used_for), to_milliseconds(found.unused_for), found.reminders)
        for key, found in rows
    }
    found = listed(review, low, high)
    assert add(found) == {key: total for key, total in expected.items() if any(total)}
    assert all(low <= stretch.began <= stretch.ended <= high for stretch in found)


@settings(deadline=None)
@given(reviews(), MOMENTS)
def test_two_exports_are_one(review: Review, moment: float) -> None:
    """What is before a moment and what is after it add up to all."""
    cut = to_milliseconds(moment)
    parts = listed(review, high=cut) + listed(review, low=cut)
    assert add(parts) == add(listed(review))


@settings(deadline=None)
@given(reviews(), st.none() | MOMENTS)
def test_they_are_in_order_and_within_one_period(review: Review, moment: float | None) -> None:
    """By computer, begin and device; each in the period that began when it says, and no period is left out."""
    low = ALWAYS[0] if moment is None else to_milliseconds(moment)
    found = listed(review, low)
    assert all(
        (one.computer, one.began, one.device) <= (other.computer, other.began, other.device)
        for one, other in pairwise(found)
    )
    periods = Counter(
        (one.host, one.device, one.id, one.name, to_milliseconds(one.began)) for one in review.periods
    )
    shown = Counter(
        (one.computer, one.device, one.id, one.name, one.plugged_in_since)
        for one in found
        if one.began in (low, one.plugged_in_since)
    )
    assert set(shown) <= set(periods)
    if moment is None:
        assert set(shown) == set(periods)


def test_what_has_no_length_is_not_lost() -> None:
    """A plug-in and a use that were over at once are rows without a length; nothing else is."""
    short = Period("anna", "1-1", *STICK, 10, 10, "unplugged")
    uses = (Use(20, 21, "x", ""), Use(21, 21, "y", ""), Use(25, 30, "z", ""))
    long = Period("anna", "1-2", *STICK, 20, 30, "unplugged", uses)
    assert [(one.began, one.ended, one.used, one.program) for one in listed(Review((short, long)))] == [
        (10_000, 10_000, False, ""),
        (20_000, 21_000, True, "x"),
        (21_000, 21_000, True, "y"),
        (21_000, 25_000, False, ""),
        (25_000, 30_000, True, "z"),
    ]


def test_a_reminder_is_in_the_stretch_in_which_it_came() -> None:
    """At an edge, it is in the later one; at the end, in the last, which the export from there on still shows."""
    reminders = tuple(Reminder(at, 1, "normal", "desktop", "") for at in (15, 20, 30, 40))
    period = Period("anna", "1-1", *STICK, 10, 40, "unplugged", (Use(20, 30, "x", ""),), reminders)
    review = Review((period,))
    assert [one.reminders for one in listed(review)] == [1, 1, 2]
    assert [one.reminders for one in listed(review, high=40_000)] == [1, 1, 1]
    (last,) = listed(review, low=40_000)
    assert (last.began, last.ended, last.reminders, last.plugged_in_since) == (40_000, 40_000, 1, 10_000)


def test_only_what_overlaps_is_in_memory() -> None:
    """A stretch is there as soon as no earlier one can follow, however many periods there are."""

    def endless() -> Iterable[Period]:
        for number in range(10**9):
            yield Period("anna", "1-1", *STICK, number * 10, number * 10 + 5, "unplugged")

    stretches = list_stretches(endless(), *ALWAYS)
    assert [next(stretches).began for _ in range(3)] == [0, 10_000, 20_000]
