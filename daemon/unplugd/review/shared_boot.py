"""Unites what several sessions saw of one boot, as if one daemon had run whenever at least one of them did. Pure.

Several people may be logged in to a computer, each with a daemon that watches the same devices. Each session is reviewed
by itself; its finished periods and runs are kept here until the boot is over. All of it is on the clock of the boot, so
it can be compared exactly, whatever the wall clock showed.

Periods of one device on one port are the same plug-in if they overlap: a port holds one device. They also are if nobody
saw the device leave and it still has its address, since each plug-in has another one; and if it was away for less than
ten seconds, as for a single daemon. Their uses and snoozes are united, since a daemon may have no right to see another
person's program. Reminders stay as they are: each was for one person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from unplugd.review.model import HeldBack, Snooze, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from unplugd.review.model import End
    from unplugd.review.open_period import OpenPeriod

REPLUG_SECONDS: Final = 10.0
"""Seconds within which a replug continues the period, as in the rules."""


class FinishedPeriod(NamedTuple):
    """A period that grows no more: on which port, when it ended on the clock of the boot, and how."""

    port: str
    ended: float
    end: End
    period: OpenPeriod


class Run(NamedTuple):
    """A time during which unplugd was running, on the clock of the boot; `wall` is the wall clock at its end."""

    began: float
    ended: float
    wall: float


class SharedBoot:
    """What the sessions of one boot saw until now."""

    __slots__ = ("jumps", "periods", "runs")

    def __init__(self) -> None:
        self.periods: list[FinishedPeriod] = []
        self.runs: list[Run] = []
        self.jumps = 0
        """How many times the wall clock was set: the most that one session saw."""

    def unite_runs(self) -> Iterator[Run]:
        """Yield the times during which unplugd was running in at least one session."""
        united: Run | None = None
        for run in sorted(self.runs):
            if united is None or run.began >= united.ended:
                if united:
                    yield united
                united = run
            elif run.ended > united.ended:
                united = run._replace(began=united.began)
        if united:
            yield united

    def unite_periods(self) -> Iterator[FinishedPeriod]:
        """Yield each plug-in once."""
        by_port: dict[str, list[FinishedPeriod]] = {}
        for finished in self.periods:
            by_port.setdefault(finished.port, []).append(finished)
        for same_port in by_port.values():
            plugins: list[list[FinishedPeriod]] = []
            for finished in sorted(same_port, key=lambda one: (one.period.began, one.ended)):
                if plugins and _is_same_plugin(plugins[-1], finished):
                    plugins[-1].append(finished)
                else:
                    plugins.append([finished])
            for number, views in enumerate(plugins):
                later = plugins[number + 1][0].period.began if number + 1 < len(plugins) else None
                yield _unite(views, later)


def _is_same_plugin(views: Sequence[FinishedPeriod], next_view: FinishedPeriod) -> bool:
    """Return whether the next view is of the plug-in that the earlier views are of."""
    last = max(views, key=lambda view: view.ended)
    device = next_view.period
    if device.id != last.period.id:
        return False
    if device.began < last.ended:
        return True
    if last.end == "unplugged":
        return device.began - last.ended < REPLUG_SECONDS
    return (
        last.end != "unseen" and device.addresses[0] > 0 and device.addresses[0] == last.period.addresses[-1]
    )


def _unite(views: Sequence[FinishedPeriod], later: float | None) -> FinishedPeriod:
    """Return the views of one plug-in as one; the next plug-in on the port is `later` (None: there is none)."""
    if len(views) == 1:
        return views[0]
    ended, end = _find_end(views)
    if later is not None:
        ended, end = min(ended, later), "cut" if end == "open" else end
    first, newest = views[0].period, max((view.period for view in views), key=lambda period: period.at)
    periods = [view.period for view in views]
    uses, snoozes = _unite_uses(periods), _unite_snoozes(periods)
    first.uses.finished = [replace(use, ended=min(use.ended, ended)) for use in uses if use.began <= ended]
    first.snoozes.finished = [
        replace(snooze, ended=min(snooze.ended, ended)) for snooze in snoozes if snooze.began <= ended
    ]
    first.held_back.finished = [
        replace(held, ended=min(held.ended, ended))
        for held in _unite_held_back(periods)
        if held.began <= ended
    ]
    first.reminders.delivered = sorted(
        (reminder for period in periods for reminder in period.reminders.delivered),
        key=lambda reminder: reminder.at,
    )
    first.strangers = list(dict.fromkeys(name for period in periods for name in period.strangers))
    # The latest event dates the period: its wall clock is most likely to be right.
    first.at, first.wall = newest.at, newest.wall
    return FinishedPeriod(views[0].port, ended, end, first)


def _find_end(views: Sequence[FinishedPeriod]) -> tuple[float, End]:
    """Return when and how the plug-in ended: it was gone as soon as one session saw it leave for the last time."""
    plugged_at = max(view.period.plugged_at for view in views)
    seen = [view.ended for view in views if view.end == "unplugged" and view.ended >= plugged_at]
    if seen:
        return min(seen), "unplugged"
    last = max(views, key=lambda view: view.ended)
    # Somebody who came later may have found it gone.
    found_gone = last.end == "open" and any(
        view.end == "unseen" and view.period.at >= last.ended for view in views
    )
    return last.ended, "unseen" if found_gone else last.end


def _unite_uses(periods: Sequence[OpenPeriod]) -> list[Use]:
    """Return the uses that any session saw, without overlaps."""
    uses = [use for period in periods for use in period.uses.finished if _is_certain(use)]
    for period in periods:
        own = [use for use in period.uses.finished if _is_certain(use)]
        # Of the other ones only the total is known. They may be those that another session saw begin and end.
        seen_by_others = _measure(uses) - _measure(own)
        for use in period.uses.finished:
            length = use.ended - use.began
            if not _is_certain(use) and length > seen_by_others:
                uses.append(replace(use, began=use.began + seen_by_others))
            if not _is_certain(use):
                seen_by_others = max(0.0, seen_by_others - length)
    united: list[Use] = []
    for use in sorted(uses, key=lambda use: (use.began, use.ended)):
        if not united or use.began >= united[-1].ended:
            united.append(use)
            continue
        last = united[-1]
        if _is_named(last) and _is_named(use) and last.program != use.program:
            if use.ended > last.ended:
                united.append(replace(use, began=last.ended))
            continue
        named = use if _is_named(use) and not _is_named(last) else last
        united[-1] = replace(named, began=last.began, ended=max(last.ended, use.ended))
    return united


def _is_certain(use: Use) -> bool:
    """Return whether it is known when the use was."""
    return bool(use.program or use.evidence)


def _is_named(use: Use) -> bool:
    return use.program not in ("", "unknown")


def _measure(uses: Iterable[Use]) -> float:
    """Return for how long there was at least one of these uses."""
    total, reached = 0.0, 0.0
    for use in sorted(uses, key=lambda use: use.began):
        total += max(0.0, use.ended - max(reached, use.began))
        reached = max(reached, use.ended)
    return total


def _unite_snoozes(periods: Iterable[OpenPeriod]) -> list[Snooze]:
    """Return the times for which anybody snoozed, without overlaps."""
    united: list[Snooze] = []
    snoozes = (snooze for period in periods for snooze in period.snoozes.finished)
    for snooze in sorted(snoozes, key=lambda snooze: (snooze.began, snooze.ended)):
        if united and snooze.began < united[-1].ended:
            united[-1] = Snooze(united[-1].began, max(united[-1].ended, snooze.ended))
        else:
            united.append(snooze)
    return united


def _unite_held_back(periods: Iterable[OpenPeriod]) -> list[HeldBack]:
    """Return the times for which a program held anybody's reminders back, each once."""
    united: list[HeldBack] = []
    times = (held for period in periods for held in period.held_back.finished)
    for held in sorted(times, key=lambda held: (held.program, held.began, held.ended)):
        last = united[-1] if united else None
        if last and last.program == held.program and held.began < last.ended:
            united[-1] = replace(last, ended=max(last.ended, held.ended))
        else:
            united.append(held)
    return sorted(united, key=lambda held: held.began)
