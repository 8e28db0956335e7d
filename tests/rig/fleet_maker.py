"""Makes reports on many computers from made-up figures: no journals, and the same for the same number of computers."""

from __future__ import annotations

import random
import statistics
from bisect import bisect_right
from collections import defaultdict
from datetime import date, timedelta
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tests.rig.sample_report import DAY, HOSTILE, HOUR, METER, STICK, ZONE, at
from unplugd.review.figures_builder import FiguresBuilder, sum_figures
from unplugd.review.fleet import (
    MAX_WORST,
    RECENT_SECONDS,
    SHARES,
    SILENT_SECONDS,
    Computer,
    Fleet,
    PluggedIn,
    Spread,
    Trouble,
    Week,
)
from unplugd.review.fleet_builder import CLASSES
from unplugd.review.fleet_wording import find_daily_unused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unplugd.review.figures import Figures

UNTIL = at("2026-11-27T13:00")
"""A Friday."""
KINDS = (
    # How many of a hundred there are, their unused hours on a day, how often nobody answers, minutes to the unplug.
    (22, (0.0, 0.0), 0.1, 4),
    (38, (0.05, 0.9), 0.15, 8),
    (26, (1.0, 7.0), 0.4, 35),
    (10, (8.0, 20.0), 0.8, 140),
    (4, (23.9, 24.0), 1.0, 0),
)
"""The kinds of computers."""


@cache
def make_fleet(count: int, *, days: int = 30, names: tuple[str, ...] = (), until: float = UNTIL) -> Fleet:
    """Return the report on `count` computers; `names` are those of the first ones."""
    dice = random.Random(count)  # noqa: S311 - the same computers each time
    since = until - (days - 1) * DAY - 13 * HOUR
    first = date(2026, 11, 27) - timedelta(days=days - 1)
    all_days = [first + timedelta(days=day) for day in range(days)]
    by_day: defaultdict[date, list[Figures]] = defaultdict(list)
    by_week: defaultdict[date, list[tuple[str, Figures]]] = defaultdict(list)
    computers: list[Computer] = []
    plugged_in: list[PluggedIn] = []
    perhaps: list[PluggedIn] = []
    for number in range(1, count + 1):
        host = names[number - 1] if number <= len(names) else f"station-{number:04}"
        computer, daily = _make_computer(dice, host, all_days, until)
        computers.append(computer)
        for day, figures in daily.items():
            by_day[day].append(figures)
            by_week[day - timedelta(days=day.weekday())].append((host, figures))
        recent = computer.heard is not None and until - computer.heard <= RECENT_SECONDS
        if computer.heard is not None and dice.random() < (0.08 if recent else 0.3):
            found = _make_plugged_in(dice, computer, computer.heard)
            (plugged_in if recent else perhaps).append(found)
    computers.sort(key=attrgetter("host"))
    with_data = [computer for computer in computers if computer.days]
    before = [computer.before for computer in with_data if computer.before]
    shares = [0] * len(SHARES)
    for computer in with_data:
        shares[bisect_right(CLASSES, find_daily_unused(computer))] += 1
    heard = sum(one.heard is not None and until - one.heard <= RECENT_SECONDS for one in computers)
    silent = [
        (one.host, one.heard) for one in computers if one.heard is None or until - one.heard > SILENT_SECONDS
    ]
    return Fleet(
        since=since,
        until=until,
        zone=ZONE,
        total=replace(sum_figures(one.figures for one in computers), reaction=540.0),
        before=sum_figures(before) if before else None,
        days=tuple((day, sum_figures(by_day[day])) for day in all_days if by_day[day]),
        devices=(
            (STICK[1], STICK[0], sum_figures(one.figures for one in computers)),
            (METER[1], METER[0], sum_figures(one.figures for one in computers[::9])),
        ),
        computers=tuple(computers),
        heard=heard,
        plugged_in=tuple(sorted(plugged_in, key=attrgetter("unused_since"))),
        perhaps_plugged_in=tuple(sorted(perhaps, key=attrgetter("heard"), reverse=True)),
        silent=tuple(sorted(silent, key=lambda one: one[1] or 0.0)),
        spread=_make_spread([find_daily_unused(one) for one in with_data]),
        spread_before=_make_spread([one.before.unused_for / days for one in with_data if one.before]),
        weeks=tuple(_make_week(monday, figures) for monday, figures in sorted(by_week.items())),
        shares=tuple(shares),
        worst=tuple(sorted(with_data, key=lambda one: -one.figures.unused_for)[:MAX_WORST]),
        trouble=_list_trouble(computers),
        held_back=(("CareLink Uploader", 3 * count, 41.0 * 60 * count), ("", 1, 90.0)),
        not_watched_for=sum(one.not_watched_for for one in computers),
        notes={"torn": 2, "clock_jumps": 1 + count // 50, "doubled": count * 3},
    )


def enlarge_fleet(fleet: Fleet, times: int) -> Fleet:
    """Return a report on so many times as many computers, whose figures repeat: much faster than to make them."""
    names = {
        one.host: [
            f"station-{number:05}" for number in range(at, times * len(fleet.computers), len(fleet.computers))
        ]
        for at, one in enumerate(fleet.computers)
    }
    computers = [replace(one, host=names[one.host][turn]) for turn in range(times) for one in fleet.computers]
    return replace(
        fleet,
        computers=tuple(sorted(computers, key=attrgetter("host"))),
        heard=fleet.heard * times,
        plugged_in=tuple(replace(one, host=name) for one in fleet.plugged_in for name in names[one.host]),
        perhaps_plugged_in=tuple(
            replace(one, host=name) for one in fleet.perhaps_plugged_in for name in names[one.host]
        ),
        silent=tuple((name, heard) for host, heard in fleet.silent for name in names[host]),
        shares=tuple(count * times for count in fleet.shares),
        trouble=tuple(
            replace(one, hosts=tuple(name for host in one.hosts for name in names[host]))
            for one in fleet.trouble
        ),
    )


def hostile_fleet() -> Fleet:
    """Return a report in which every name tries to take over what shows it."""
    found = make_fleet(20, names=(*HOSTILE, "\N{HEBREW LETTER ALEF}" * 200, "w" * 200))
    return replace(
        found,
        plugged_in=tuple(
            PluggedIn(name, name, name, name, UNTIL - DAY, UNTIL - DAY, 3, UNTIL) for name in HOSTILE
        ),
        perhaps_plugged_in=tuple(
            PluggedIn(name, name, name, name, UNTIL - 9 * DAY, UNTIL - 9 * DAY, 3, UNTIL - 8 * DAY)
            for name in HOSTILE
        ),
        silent=tuple((name, None) for name in HOSTILE),
        devices=tuple((name, name, found.total) for name in HOSTILE),
        worst=tuple(found.computers[:MAX_WORST]),
        trouble=(Trouble("old_version", HOSTILE), *(Trouble(name, HOSTILE) for name in HOSTILE)),
        held_back=tuple((name, 1, 60.0) for name in HOSTILE),
        notes=dict.fromkeys(HOSTILE, 3),
    )


def silent_fleet(count: int = 12) -> Fleet:
    """Return a report on computers without any data."""
    found = make_fleet(count)
    nothing = FiguresBuilder().build()
    computers = tuple(
        Computer(one.host, None, "", nothing, None, 0, 0, 0.0, 0, 0, {}) for one in found.computers
    )
    return replace(
        found,
        total=nothing,
        before=None,
        days=(),
        devices=(),
        computers=computers,
        heard=0,
        plugged_in=(),
        perhaps_plugged_in=(),
        silent=tuple((one.host, None) for one in computers),
        spread=None,
        spread_before=None,
        weeks=(),
        shares=(0,) * len(SHARES),
        worst=(),
        trouble=(),
        held_back=(),
        not_watched_for=0.0,
        notes={},
    )


def _make_computer(
    dice: random.Random, host: str, days: Sequence[date], until: float
) -> tuple[Computer, dict[date, Figures]]:
    (kind,) = dice.choices(KINDS, weights=[share for share, *_ in KINDS])
    fate = dice.random()
    silent_for = dice.randrange(2, 28) * DAY if fate < 0.06 else dice.random() * 20 * HOUR
    heard = None if fate > 0.995 else until - silent_for
    daily = {}
    if heard is not None:
        last = days[-1] - timedelta(days=int(silent_for / DAY))
        daily = {day: _make_figures(dice, kind) for day in days if day <= last and dice.random() < 0.97}
    reaction = dice.uniform(0.5, 2.0) * kind[3] * 60 if kind[3] and daily else None
    figures = replace(sum_figures(daily.values()), reaction=reaction)
    before = None
    if daily and dice.random() < 0.9:
        before = sum_figures(_make_figures(dice, kind) for _ in days)
    notes = {"torn": 1} if fate < 0.01 else {"clock_jumps": 2} if fate < 0.02 else {}
    return (
        Computer(
            host=host,
            heard=heard,
            version="" if not daily else "0.0.9" if dice.random() < 0.03 else "0.1.0",
            figures=figures,
            before=before,
            days=len(daily),
            days_over_an_hour=sum(one.unused_for > HOUR for one in daily.values()),
            not_watched_for=(len(days) - len(daily)) * DAY,
            failed_reminders=4 if dice.random() < 0.02 else 0,
            lost_events=7 if dice.random() < 0.01 else 0,
            notes=notes,
        ),
        daily,
    )


def _make_figures(dice: random.Random, kind: tuple[int, tuple[float, float], float, int]) -> Figures:
    _, (low, high), unanswered, wait = kind
    day = FiguresBuilder()
    unused = round(dice.uniform(low, high) * 3_600_000)
    day.uses = dice.randrange(4)
    day.periods = max(day.uses, int(unused > 0))
    day.used = min(dice.randrange(6, 15) * 60_000 * day.uses, 86_400_000 - unused)
    day.plugged = unused + day.used
    day.longest = day.plugged // max(1, day.periods)
    day.longest_unused = unused // max(1, day.periods)
    day.reminders = min(40, unused // 1_500_000)
    for _ in range(day.reminders):
        outcomes = [""] if dice.random() < unanswered else ["unplugged", "dismissed", "in_use"]
        day.outcomes[dice.choice(outcomes)] += 1
    day.over_half_an_hour = int(wait > 30 and unused > 1_800_000)
    day.over_three_hours = int(unused > 10_800_000)
    return day.build()


def _make_plugged_in(dice: random.Random, computer: Computer, heard: float) -> PluggedIn:
    since = heard - 10 ** dice.uniform(2.8, 5.8)
    unused_since = min(heard, since + (900 if dice.random() < 0.7 else 0))
    id_, name = METER if dice.random() < 0.2 else STICK
    unused = heard - unused_since
    return PluggedIn(computer.host, name, id_, "1-1.2", since, unused_since, int(unused // 1800), heard)


def _make_spread(values: Iterable[float]) -> Spread | None:
    ordered = sorted(values)
    if not ordered:
        return None
    return Spread(statistics.median(ordered), ordered[int(0.9 * (len(ordered) - 1))], ordered[-1])


def _make_week(monday: date, of_days: Sequence[tuple[str, Figures]]) -> Week:
    unused: defaultdict[str, list[float]] = defaultdict(list)
    for host, figures in of_days:
        unused[host].append(figures.unused_for)
    spread = _make_spread(statistics.fmean(values) for values in unused.values())
    assert spread
    return Week(monday, sum_figures(figures for _, figures in of_days), len(unused), spread)


def _list_trouble(computers: Sequence[Computer]) -> tuple[Trouble, ...]:
    hosts: dict[str, list[str]] = {
        "failed_reminders": [one.host for one in computers if one.failed_reminders],
        "lost_events": [one.host for one in computers if one.lost_events],
        "clock_jumps": [one.host for one in computers if "clock_jumps" in one.notes],
        "damaged": [one.host for one in computers if "torn" in one.notes],
        "old_version": [one.host for one in computers if one.version == "0.0.9"],
    }
    return tuple(Trouble(kind, tuple(found)) for kind, found in hosts.items() if found)
