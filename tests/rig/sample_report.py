"""Sample reports, built by hand: a month at home with forgotten evenings, a clinic with five stations, and edge cases."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from unplugd.review.figures import Figures, Report
from unplugd.review.model import AWAY, Absence, End, HeldBack, Period, Reminder, Review, Snooze, Use, Watched
from unplugd.review.report_builder import build_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ZONE = "Europe/Berlin"
STICK = ("0a21:8001", "CareLink USB")
METER = ("1a79:6210", "Contour Next Link 2.4")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def at(text: str, zone: str = ZONE) -> float:
    """Return the Unix time of a local one."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def report_of(
    periods: Iterable[Period],
    since: float,
    until: float,
    *,
    zone: str = ZONE,
    watched: Sequence[Watched] = (),
    notes: dict[str, int] | None = None,
) -> Report:
    """Return the report of periods."""
    review = Review(tuple(sorted(periods, key=lambda period: period.began)), tuple(watched), notes or {})
    return build_report(review, since=since, until=until, zone=ZoneInfo(zone), name=zone)


def midnight(day: date, zone: ZoneInfo) -> float:
    """Return when a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def plugged(
    began: float,
    minutes: float,
    *,
    host: str = "anna-laptop",
    kind: tuple[str, str] = STICK,
    use: tuple[float, float] | None = (2, 12),
    outcome: str = "unplugged",
    end: End = "unplugged",
    snooze: float | None = None,
    away: tuple[float, float] | None = None,
    strangers: tuple[str, ...] = (),
    port: str = "1-1.2",
) -> Period:
    """Return a period with reminders at the default times: after 5 or 2 minutes, then 5, 10, 15 and every 30 minutes."""
    ended = began + minutes * MINUTE
    uses = (
        ()
        if use is None
        else (Use(began + use[0] * MINUTE, began + use[1] * MINUTE, "Tidepool Uploader", "open"),)
    )
    moment = began + (5 if use is None else use[1] + 2) * MINUTE
    reminders: list[Reminder] = []
    for wait in (5, 10, 15, *[30] * 400):
        if moment >= ended:
            break
        silent = snooze is not None and began + snooze * MINUTE <= moment < began + (snooze + 15) * MINUTE
        if away and began + away[0] * MINUTE <= moment < began + away[1] * MINUTE:
            moment = began + away[1] * MINUTE
        if not silent:
            urgency = "critical" if reminders else "normal"
            reminders.append(Reminder(moment, len(reminders) + 1, urgency, "desktop", ""))
        moment += wait * MINUTE
    if reminders:
        reminders[-1] = replace(reminders[-1], outcome=outcome)
    snoozes: tuple[Snooze, ...] = ()
    if snooze is not None:
        quiet = began + snooze * MINUTE
        snoozes = (Snooze(quiet, min(ended, quiet + 15 * MINUTE)),)
        before = [index for index, reminder in enumerate(reminders) if reminder.at < quiet]
        if before:
            reminders[before[-1]] = replace(reminders[before[-1]], outcome="snoozed")
    absences: tuple[Absence, ...] = ()
    if away:
        absences = (Absence(began + away[0] * MINUTE, began + away[1] * MINUTE, "locked"),)
        before = [index for index, reminder in enumerate(reminders) if reminder.at < absences[0].began]
        reminders[before[-1]] = replace(reminders[before[-1]], outcome=AWAY)
    return Period(
        host, port, *kind, began, ended, end, uses, tuple(reminders), snoozes, strangers, (), absences
    )


def home_month(zone: str = ZONE) -> Report:
    """Return an October at home, in which the clocks go back, with evenings on which the device was forgotten."""
    since, until = at("2026-10-01T00:00", zone), at("2026-11-01T00:00", zone)
    dice = random.Random(7)  # noqa: S311 - the same month each time
    periods: list[Period] = []
    watched: list[Watched] = []
    for day in range(1, 32):
        morning = at(f"2026-10-{day:02}T06:40", zone) + dice.randrange(40) * MINUTE
        watched.append(Watched("anna-laptop", morning - 20 * MINUTE, at(f"2026-10-{day:02}T23:20", zone)))
        if day in {3, 11, 12, 13, 24}:
            continue
        began = at(f"2026-10-{day:02}T18:05", zone) + dice.randrange(150) * MINUTE
        long = dice.choice([13.5, 15, 16, 17, 19, 22, 31])
        if day in {6, 17, 27}:
            long = dice.choice([142, 187, 95])
        outcome = dice.choice(["unplugged", "unplugged", "unplugged", "dismissed"])
        snooze = 15 if day in {9, 17} else None
        away = (40, 85) if day in {6, 17} else None
        periods.append(plugged(began, long, outcome=outcome, snooze=snooze, away=away))
        if day % 7 == 2:
            meter = plugged(morning + 10 * MINUTE, 48, kind=METER, use=None, port="1-1.3", outcome="expired")
            periods.append(meter)
    periods.append(
        plugged(at("2026-10-20T17:40", zone), 62 * 60, use=(1, 14), outcome="in_use", end="unseen")
    )
    periods.append(plugged(at("2026-10-25T01:40", zone), 130, use=(70, 84), strangers=("VirtualBoxVM",)))
    periods.append(plugged(at("2026-10-30T08:00", zone), 35, use=None, end="cut", outcome=""))
    periods.append(plugged(at("2026-10-31T22:50", zone), 70, use=(2, 9), end="open", outcome="dismissed"))
    before = Figures(
        periods=31,
        plugged_for=151_920,
        used_for=20_460,
        unused_for=131_460,
        longest=90_000,
        longest_unused=86_100,
        uses=28,
        reminders=71,
        outcomes={"unplugged": 22, "dismissed": 9, "": 40},
        reaction=560,
        over_half_an_hour=7,
        over_three_hours=1,
    )
    notes = {"torn": 1, "clock_jumps": 2, "something_new": 3}
    return replace(report_of(periods, since, until, zone=zone, watched=watched, notes=notes), before=before)


def clinic(days: int, *, plug_ins: int = 3, stations: int = 5) -> Report:
    """Return `days` days of a clinic that is open from Monday to Friday."""
    until = at("2026-11-28T00:00")
    last = date(2026, 11, 27)
    where = ZoneInfo(ZONE)
    dice = random.Random(11)  # noqa: S311 - the same clinic each time
    periods: list[Period] = []
    watched: list[Watched] = []
    for back in range(days):
        day = last - timedelta(days=back)
        if day.weekday() > 4:
            continue
        opens = midnight(day, where) + 7.5 * HOUR
        for station in range(1, stations + 1):
            host = f"station-{station}"
            watched.append(Watched(host, opens - HOUR, opens + 10.5 * HOUR))
            for turn in range(plug_ins):
                began = opens + turn * 9 * HOUR / plug_ins + dice.randrange(60) * MINUTE
                kind = METER if dice.random() < 0.3 else STICK
                use = (dice.randrange(1, 5), dice.randrange(8, 19))
                long = use[1] + dice.choice([1, 1.5, 3, 4, 6, 11, 40])
                outcome = dice.choice(["unplugged", "unplugged", "in_use", "dismissed", "expired"])
                periods.append(plugged(began, long, host=host, kind=kind, use=use, outcome=outcome))
    since = midnight(last - timedelta(days=days - 1), where)
    found = report_of(periods, since, until, watched=watched)
    before = replace(found.total, unused_for=found.total.unused_for * 1.4, periods=found.total.periods - 11)
    return replace(found, before=before)


def nothing() -> Report:
    """Return a week in which nothing was plugged in."""
    since, until = at("2026-10-05T00:00"), at("2026-10-12T00:00")
    return report_of((), since, until, watched=[Watched("anna-laptop", since, until)])


def one_day() -> Report:
    """Return a day with a single period, reported in the evening."""
    since, until = at("2026-10-06T00:00"), at("2026-10-06T21:15")
    period = plugged(at("2026-10-06T18:00"), 195, use=(3, 15), end="open", snooze=15, outcome="dismissed")
    return report_of([period], since, until, watched=[Watched("anna-laptop", since + 7 * HOUR, until)])


def busy_day() -> Report:
    """Return a day with a thousand periods, some of which overlap."""
    since, until = at("2026-10-06T00:00"), at("2026-10-07T00:00")
    periods = [
        plugged(since + number * 80, 1 + number % 17, use=(0.5, 0.9), port=f"1-1.{number % 3}")
        for number in range(1000)
    ]
    return report_of(periods, since, until, watched=[Watched("anna-laptop", since, until)])


HOSTILE = (
    '<script>alert("host")</script>',
    '"><img src=x onerror=alert(1)>',
    "</title></svg></style><h1>taken over</h1>",
    "' onmouseover='alert(1)",
    "&lt;b&gt;&#x3c;script&#x3e;&amp",
    "\u202egnp.exe\u2066\u200f",
    "\ud800\udfff half",
    "\x00\x1b[31mred\x07\r\n\t",
    "]]><!--",
    "javascript:alert(1)//" + "x" * 5000,
)


def hostile() -> Report:
    """Return a day on which every name tries to take over the page."""
    since, until = at("2026-10-06T00:00"), at("2026-10-07T00:00")
    periods = [
        replace(
            plugged(since + number * HOUR, 45, host=name, kind=(name, name), strangers=(name,), port=name),
            uses=(Use(since + number * HOUR + 60, since + number * HOUR + 600, name, name),),
            reminders=(Reminder(since + number * HOUR + 900, 1, name, name, name),),
            held_back=(HeldBack(since + number * HOUR + 700, since + number * HOUR + 800, name),),
        )
        for number, name in enumerate(HOSTILE)
    ]
    watched = [Watched(name, since, until) for name in HOSTILE]
    return report_of(periods, since, until, watched=watched, notes=dict.fromkeys(HOSTILE, 3))
