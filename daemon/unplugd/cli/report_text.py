"""The report as lines of text for a terminal of any width."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.text import Text

from unplugd import plurals
from unplugd.cli.report_tables import MOST_UNUSED, Row, make_bars, make_table
from unplugd.cli.text_layout import shorten
from unplugd.review import days, notes
from unplugd.review.figures import OUTCOMES
from unplugd.review.wording import (
    MIN_NOT_WATCHED_SECONDS,
    OUTCOME_TEXTS,
    UNKNOWN,
    compare_with_before,
    count_people,
    count_times,
    describe_away,
    describe_covered,
    describe_duration,
    describe_held_back,
    describe_late,
    describe_not_watched,
    format_moment,
    format_share,
    is_still_plugged_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unplugd.cli.text_layout import Layout
    from unplugd.review.figures import Figures, Report

MIN_ROWS: Final = 7
"""Each table may have this many rows even if the report then does not fit on the screen."""
MAX_HELD_BACK: Final = 5
"""Maximum number of programs named that held reminders back, those that did longest."""
UNNAMED: Final = "without a name"
"""Shown in place of the name of a computer or device that has none."""
END_TEXTS: Final = {
    "unseen": (
        "One device was unplugged while unplugd was not running; its time counts until it was last seen.",
        "{} devices were unplugged while unplugd was not running; their time counts until they were last seen.",
    ),
    "cut": (
        "Once, the computer or unplugd stopped while a device was plugged in; its time counts until it was last seen.",
        "{} times, the computer or unplugd stopped while a device was plugged in; its time counts until it was last seen.",
    ),
}


def make_screen(report: Report, layout: Layout, height: int) -> list[Text]:
    """Return the report with as many table rows as fit into `height` lines, but at least `MIN_ROWS` per table."""
    rows = height
    while True:
        rows = max(MIN_ROWS, rows)
        lines = list(make_lines(report, replace(layout, rows=rows)))
        if len(lines) <= height or rows == MIN_ROWS:
            return lines
        rows -= len(lines) - height


def make_lines(report: Report, layout: Layout) -> Iterator[Text]:
    """Yield the lines of the report."""
    yield from layout.wrap(describe_covered(report, days.find_zone(report.zone)), "bold")
    yield Text()
    if not report.periods:
        yield from layout.wrap("Nothing was plugged in." if report.watched else UNKNOWN)
    else:
        yield from _describe_totals(report, layout)
        yield from make_bars(report, layout)
        if len(report.devices) > 1:
            count = Counter(name for name, _, _ in report.devices)
            rows = [
                Row(name_device(name, id_, ambiguous=count[name] > 1), figures)
                for name, id_, figures in report.devices
            ]
            yield from make_table("device", rows, layout)
        if len(report.computers) > 1:
            rows = [Row(host or UNNAMED, figures) for host, figures in report.computers]
            yield from make_table("computer", rows, layout)
    remarks = list(_make_remarks(report))
    if remarks:
        yield Text()
        for remark in remarks:
            yield from layout.wrap(remark, "dim")


def name_device(name: str, id_: str, *, ambiguous: bool) -> str:
    """Return the name of a device, with its id if another one has the same name."""
    name = name or UNNAMED
    return f"{name} ({id_})" if ambiguous and id_ else name


def _describe_totals(report: Report, layout: Layout) -> Iterator[Text]:
    total = report.total
    share = format_share(total)
    yield from layout.label(
        "Left plugged in unused",
        describe_duration(total.unused_for),
        f"  ({share} of the time plugged in)" if share else "",
        style=MOST_UNUSED if total.unused_for >= 1 else "good",
    )
    if comparison := compare_with_before(report):
        # A sentence on the page, and the end of one here.
        yield from layout.label("", comparison[0].lower() + comparison[1:-1])
    yield from _describe_periods(report, layout)
    used = describe_duration(total.used_for, "less than a second")
    if total.uses:
        yield from layout.label("Used", f"{count_times(total.uses)}, {used}")
    else:
        yield from layout.label("Used", f"{used}, started earlier" if total.used_for >= 1 else "never")
    yield from describe_reminders(total, count_people(report), layout)
    if total.snoozes:
        snoozed = describe_duration(total.snoozed_for)
        yield from layout.label("Snoozed", f"{count_times(total.snoozes)}, {snoozed}")
    for number, held_back in enumerate(describe_held_back(report)[:MAX_HELD_BACK]):
        yield from layout.label("" if number else "Held back by", shorten(held_back, layout.value_columns))
    for number, away in enumerate(describe_away(total.away_for)):
        yield from layout.label("" if number else "Away", away)
    yield from _describe_open_periods(report, layout)
    # A period is counted where it began, and so are its programs.
    begun_earlier = len(report.periods) > total.periods
    begun = [period for period in report.periods if not begun_earlier or period.began > report.since]
    programs = sorted({program for period in begun for program in period.strangers})
    if programs:
        yield from layout.label("Unknown programs", shorten(", ".join(programs), layout.value_columns))


def _describe_periods(report: Report, layout: Layout) -> Iterator[Text]:
    total = report.total
    duration = f"{describe_duration(total.plugged_for, 'less than a second')} in all"
    begun_earlier = len(report.periods) - total.periods
    if not total.periods:
        yield from layout.label("Plugged in", f"{duration}, already plugged in at the start")
    else:
        yield from layout.label("Plugged in", f"{count_times(total.periods)}, {duration}")
        if begun_earlier:
            verb = "was" if begun_earlier == 1 else "were"
            yield from layout.label("", f"{begun_earlier} more {verb} already plugged in at the start")
    longest, longest_unused = describe_duration(total.longest), describe_duration(total.longest_unused)
    yield from layout.label("", f"longest time {longest}, longest unused {longest_unused}")


def describe_reminders(total: Figures, people: int, layout: Layout) -> Iterator[Text]:
    """Yield the lines on the reminders to `people`, and on what became of them."""
    if not total.reminders:
        yield from layout.label("Reminders", "none")
        return
    to = f", to {people} people" if people > 1 else ""
    yield from layout.label("Reminders", f"{total.reminders}{to}")
    columns = len(str(total.reminders))
    for outcome in OUTCOMES:
        if count := total.outcomes.get(outcome, 0):
            yield from layout.label("", f"{count:{columns}}  {OUTCOME_TEXTS[outcome]}")
    if total.reaction is not None:
        reaction = describe_duration(total.reaction, "less than a second")
        yield from layout.label("Unplugged", f"{reaction} after the first reminder (median)")
    for number, late in enumerate(describe_late(total)):
        yield from layout.label("" if number or total.reaction is not None else "Unplugged", late)


def _describe_open_periods(report: Report, layout: Layout) -> Iterator[Text]:
    open_periods = [period for period in report.periods if period.end == "open"]
    still = [period for period in open_periods if is_still_plugged_in(period, report.until)]
    lost = [period for period in open_periods if not is_still_plugged_in(period, report.until)]
    if still:
        names = ", ".join(dict.fromkeys(period.name or "a device" for period in still))
        yield from layout.label("Still plugged in", shorten(names, layout.value_columns))
    if lost:
        zone = days.find_zone(report.zone)
        seen = "; ".join(
            f"{period.name or 'a device'}, {format_moment(period.ended, report, zone)}" for period in lost
        )
        # A name and a time do not fit on one line of a narrow terminal.
        seen = shorten(seen, 2 * layout.value_columns)
        yield from layout.label("Last seen plugged in", f"{seen}; no data since then")


def _make_remarks(report: Report) -> Iterator[str]:
    if report.not_watched_for >= MIN_NOT_WATCHED_SECONDS and (report.periods or report.watched):
        yield describe_not_watched(report, describe_duration(report.not_watched_for))
    ends: list[str] = [period.end for period in report.periods]
    for end, (once, several) in END_TEXTS.items():
        if count := ends.count(end):
            yield plurals.choose_sentence(count, once, several)
    yield from notes.describe_notes(report.notes)
