"""What the reviews of any computers add up to. Pure.

Each computer is reviewed by itself, perhaps by another process or on another machine; only these sums are sent back,
never periods. Sums of different computers can be merged in any order and grouping, with the same result; `FleetSums()`
adds nothing. Everything added up is a whole number, so nothing is rounded. `fleet_builder` makes and uses them.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from unplugd.review.figures_builder import FiguresBuilder
from unplugd.review.fleet import Computer, PluggedIn

Key = TypeVar("Key")


class ComputerSums(msgspec.Struct, array_like=True):
    """A computer, and what only the report on all of them needs. Times are in milliseconds."""

    computer: Computer
    first_known: int | None
    """When its data begins."""
    days_before: int
    """The number of local days with data in the time before."""
    plugged_in: list[PluggedIn]
    """What was plugged in unused when it was last heard from."""


class WeekSums(msgspec.Struct, array_like=True):
    """A week: the figures of all computers, and the unused seconds a day with data of each, in any order."""

    figures: FiguresBuilder = msgspec.field(default_factory=FiguresBuilder)
    unused: list[float] = msgspec.field(default_factory=list)


class FleetSums(msgspec.Struct, array_like=True):
    """The sums over any number of computers; days and weeks have the numbers of `days.Calendar`."""

    total: FiguresBuilder = msgspec.field(default_factory=FiguresBuilder)
    before: FiguresBuilder = msgspec.field(default_factory=FiguresBuilder)
    days: dict[int, FiguresBuilder] = msgspec.field(default_factory=dict)
    weeks: dict[int, WeekSums] = msgspec.field(default_factory=dict)
    devices: dict[tuple[str, str], FiguresBuilder] = msgspec.field(default_factory=dict)
    """By name and id."""
    held_back_times: dict[str, int] = msgspec.field(default_factory=dict)
    held_back_for: dict[str, int] = msgspec.field(default_factory=dict)
    """In milliseconds."""
    not_watched: int = 0
    """In milliseconds."""
    computers: list[ComputerSums] = msgspec.field(default_factory=list)
    """In any order."""
    not_reviewed: list[str] = msgspec.field(default_factory=list)
    """The computers whose review failed."""
    notes: dict[str, int] = msgspec.field(default_factory=dict)

    def merge(self, other: FleetSums) -> None:
        """Add the sums of other computers."""
        self.total.merge(other.total)
        self.before.merge(other.before)
        _merge_figures(self.days, other.days)
        _merge_figures(self.devices, other.devices)
        for monday, week in other.weeks.items():
            own = self.weeks.setdefault(monday, WeekSums())
            own.figures.merge(week.figures)
            own.unused += week.unused
        _add_counts(self.held_back_times, other.held_back_times)
        _add_counts(self.held_back_for, other.held_back_for)
        self.not_watched += other.not_watched
        self.computers += other.computers
        self.not_reviewed += other.not_reviewed
        _add_counts(self.notes, other.notes)


def _merge_figures(own: dict[Key, FiguresBuilder], other: dict[Key, FiguresBuilder]) -> None:
    for key, figures in other.items():
        own.setdefault(key, FiguresBuilder()).merge(figures)


def _add_counts(own: dict[str, int], other: dict[str, int]) -> None:
    for key, count in other.items():
        own[key] = own.get(key, 0) + count
