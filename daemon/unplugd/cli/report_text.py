"""A report as a person reads it at a glance: lines of styled text for a terminal of any width. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from unplugd.review import days, notes, wording
from unplugd.review.figures import OUTCOMES
from unplugd.review.figures_builder import sum_figures
from unplugd.review.wording import describe_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from unplugd.review.figures import Figures, Report

MAX_COLUMNS: Final = 110
"""Columns beyond which a line gets harder to read, not easier."""
BESIDE_COLUMNS: Final = 60
"""Columns from which on there is room for a fact beside its name."""
NAME_COLUMNS: Final = 26
"""Columns of these names."""
MIN_NAME_COLUMNS: Final = 12
"""Columns that the name of a device or a computer has at least."""
MONTHS_FROM_DAYS: Final = 93
"""Days from which on months are shown instead."""
MIN_ROWS: Final = 7
"""Rows of days, and of names, that are always shown."""
ALARM: Final = "unused.most"
UNUSED: Final = "█"
USED: Final = "░"
ANSWERS: Final = {
    "unplugged": "you unplugged it",
    "in_use": "an upload began",
    "snoozed": "you snoozed it",
    "dismissed": "you closed it",
    "expired": "the desktop closed it",
    "": "no response before the next one, or unknown",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """What it is written on: columns, and rows of a kind at most."""

    width: int = 80
    rows: int = 14

    @property
    def room(self) -> int:
        """Columns that a line may have."""
        return min(self.width, MAX_COLUMNS)

    @property
    def beside(self) -> int:
        """Columns that are left beside the name of a fact, or below it."""
        return self.room - (NAME_COLUMNS if self.width >= BESIDE_COLUMNS else 4)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    figures: Figures


def print_screen(report: Report, paper: Paper, height: int) -> list[Text]:
    """Return the report with so few rows that it fits `height` lines, if seven of each kind are few enough."""
    rows = height
    while True:
        rows = max(MIN_ROWS, rows)
        shown = list(make_lines(report, replace(paper, rows=rows)))
        if len(shown) <= height or rows == MIN_ROWS:
            return shown
        rows -= len(shown) - height


def make_lines(report: Report, paper: Paper) -> Iterator[Text]:
    """Yield the report."""
    yield from _prose(wording.describe_covered(report, days.find_zone(report.zone)), paper, "bold")
    yield Text()
    if not report.periods:
        yield from _prose("Nothing was plugged in." if report.watched else wording.UNKNOWN, paper)
    else:
        yield from _facts(report, paper)
        yield from _by_day(report, paper)
        if len(report.devices) > 1:
            alike = Counter(name for name, _, _ in report.devices)
            rows = [_Row(_device(n, i, alike=alike[n] > 1), f) for n, i, f in report.devices]
            yield from _table("device", rows, paper)
        if len(report.computers) > 1:
            yield from _table(
                "computer", [_Row(host or "without a name", f) for host, f in report.computers], paper
            )
    known = list(_worth_knowing(report))
    if known:
        yield Text()
        for line in known:
            yield from _prose(line, paper, "dim")


def _facts(report: Report, paper: Paper) -> Iterator[Text]:
    total = report.total
    share = wording.format_share(total)
    yield from _fact(
        paper,
        "Left plugged in unused",
        describe_duration(total.unused_for),
        f"  ({share} of the time plugged in)" if share else "",
        style=ALARM if total.unused_for >= 1 else "good",
    )
    if compared := wording.compare_with_before(report):
        yield from _fact(paper, "", compared)
    already = len(report.periods) - total.periods
    plugged = f"{describe_duration(total.plugged_for, 'less than a second')} in all"
    if not total.periods:
        yield from _fact(paper, "Plugged in", f"{plugged}, already plugged in at the start")
    else:
        yield from _fact(paper, "Plugged in", f"{_times(total.periods)}, {plugged}")
    if already and total.periods:
        yield from _fact(
            paper, "", f"{already} more {'was' if already == 1 else 'were'} already plugged in at the start"
        )
    yield from _fact(
        paper,
        "",
        f"longest time {describe_duration(total.longest)}, longest unused {describe_duration(total.longest_unused)}",
    )
    used = describe_duration(total.used_for, "less than a second")
    if total.uses:
        yield from _fact(paper, "Used", f"{_times(total.uses)}, {used}")
    else:
        yield from _fact(paper, "Used", f"{used}, started earlier" if total.used_for >= 1 else "never")
    yield from _reminders(total, paper)
    if total.snoozes:
        yield from _fact(paper, "Snoozed", f"{_times(total.snoozes)}, {describe_duration(total.snoozed_for)}")
    yield from _not_over(report, paper)
    # Like all that is counted they belong to the time in which their period began.
    begun = [period for period in report.periods if not already or period.began > report.since]
    strangers = sorted({program for period in begun for program in period.strangers})
    if strangers:
        yield from _fact(paper, "Unknown programs", _fitted(", ".join(strangers), paper.beside))


def _not_over(report: Report, paper: Paper) -> Iterator[Text]:
    not_over = [period for period in report.periods if period.end == "open"]
    still = [period for period in not_over if wording.is_still_plugged_in(period, report.until)]
    if still:
        names = ", ".join(dict.fromkeys(period.name or "a device" for period in still))
        yield from _fact(paper, "Still plugged in", _fitted(names, paper.beside))
    lost = [period for period in not_over if not wording.is_still_plugged_in(period, report.until)]
    if lost:
        zone = days.find_zone(report.zone)
        seen = "; ".join(
            f"{one.name or 'a device'}, {wording.format_moment(one.ended, report, zone)}" for one in lost
        )
        # A name, a time and these words need more than one line of a narrow terminal.
        seen = _fitted(seen, 2 * paper.beside)
        yield from _fact(paper, "Last seen plugged in", f"{seen}; no data since then")


def _reminders(total: Figures, paper: Paper) -> Iterator[Text]:
    if not total.reminders:
        yield from _fact(paper, "Reminders", "none")
        return
    yield from _fact(paper, "Reminders", str(total.reminders))
    size = len(str(total.reminders))
    for outcome in OUTCOMES:
        if count := total.outcomes.get(outcome, 0):
            yield from _fact(paper, "", f"{count:{size}}  {ANSWERS[outcome]}")
    if total.reaction is not None:
        yield from _fact(
            paper, "Unplugged", f"{describe_duration(total.reaction)} after the first reminder (median)"
        )


def _fact(paper: Paper, name: str, what: str, more: str = "", style: str = "") -> Iterator[Text]:
    """Yield a name and what it comes to beside it or, where that is too narrow, below it."""
    bold = "bold" if style else ""
    beside = paper.width >= BESIDE_COLUMNS
    indent = " " * (NAME_COLUMNS if beside else 4)
    if name and not beside:
        yield Text(f"  {name}", bold)
    first, *rest = _wrapped(what + more, paper.beside)
    line = Text(f"  {name:{NAME_COLUMNS - 2}}" if beside else indent, bold)
    line.append(first[: len(what)], style)
    line.append(first[len(what) :])
    yield line
    yield from (Text(indent + part, bold) for part in rest)


def _by_day(report: Report, paper: Paper) -> Iterator[Text]:
    rows = [_Row(days.format_short(day), figures) for day, figures in report.days]
    if len(rows) < 2:
        return
    what = "day"
    if (report.days[-1][0] - report.days[0][0]).days >= MONTHS_FROM_DAYS:
        what, rows = "month", list(_months(report))
    shown = rows[-paper.rows :]
    yield Text()
    heading = Text(f"By {what}", "bold")
    if len(shown) < len(rows):
        heading.append(f", latest {len(shown)} of {len(rows)}", "not bold")
    legend = Text.assemble((UNUSED * 2, "unused"), " unused  ", (USED * 2, "used"), " used")
    if heading.cell_len + 3 + legend.cell_len <= paper.room:
        yield Text.assemble(heading, "   ", legend)
    else:
        yield heading
        yield Text.assemble("  ", legend)
    names = max(len(row.name) for row in shown)
    texts = [describe_duration(row.figures.unused_for) if row.figures.plugged_for else "-" for row in shown]
    longest = max((row.figures.plugged_for for row in shown), default=0) or 1
    room = max(10, paper.room - names - max(map(len, texts)) - 6)
    for row, text in zip(shown, texts, strict=True):
        line = Text(f"  {row.name:{names}}  {text:>{max(map(len, texts))}}  ")
        unused, used = _bar(row.figures, longest, room)
        line.append(UNUSED * unused, "unused")
        line.append(USED * used, "used")
        yield line


def _bar(figures: Figures, longest: float, room: int) -> tuple[int, int]:
    """Return the blocks of each part: what there is has one at least."""
    unused = round(figures.unused_for / longest * room)
    used = round(figures.used_for / longest * room)
    unused = max(unused, 1) if figures.unused_for >= 1 else 0
    used = max(used, 1) if figures.used_for >= 1 else 0
    return (
        (unused, used)
        if unused + used <= room
        else (room - used, used)
        if unused > used
        else (unused, room - unused)
    )


def _months(report: Report) -> Iterator[_Row]:
    found: dict[tuple[int, int], list[Figures]] = {}
    for day, figures in report.days:
        found.setdefault((day.year, day.month), []).append(figures)
    for (year, month), parts in found.items():
        yield _Row(f"{days.MONTHS[month - 1][:3]} {year}", sum_figures(parts))


def _table(what: str, rows: Sequence[_Row], paper: Paper) -> Iterator[Text]:
    titles = ["unused", "used", "plugged in", "times", "reminders"]
    shown = sorted(rows, key=lambda row: -row.figures.unused_for)[: paper.rows]
    cells = [
        (
            describe_duration(row.figures.unused_for),
            describe_duration(row.figures.used_for),
            describe_duration(row.figures.plugged_for),
            str(row.figures.periods),
            str(row.figures.reminders),
        )
        for row in shown
    ]
    names = [row.name for row in shown]
    widths = [max(len(title), *(len(row[at]) for row in cells)) for at, title in enumerate(titles)]
    # What says least is left out first.
    while len(widths) > 1 and sum(widths) + 2 * len(widths) + 2 + MIN_NAME_COLUMNS > paper.room:
        widths.pop()
    room = max(MIN_NAME_COLUMNS, paper.room - sum(widths) - 2 * len(widths) - 2)
    room = min(room, max(cell_len(what) + 3, *map(cell_len, names)))
    yield Text()
    heading = Text(set_cell_size(f"By {what}", room + 2), "bold")
    for title, width in zip(titles, widths, strict=False):
        heading.append(f"  {title:>{width}}", "not bold dim")
    yield heading
    for name, row in zip(names, cells, strict=True):
        line = Text(f"  {set_cell_size(_fitted(name, room), room)}")
        for at, (cell, width) in enumerate(zip(row, widths, strict=False)):
            line.append(f"  {cell:>{width}}", ALARM if at == 0 and cell != describe_duration(0) else "")
        yield line
    if len(rows) > len(shown):
        yield from _prose(f"  and {len(rows) - len(shown)} more, each unused for less time", paper, "dim")


def _device(name: str, id_: str, *, alike: bool) -> str:
    """The id only where the name does not tell two apart."""
    name = name or "without a name"
    return f"{name} ({id_})" if alike and id_ else name


def _worth_knowing(report: Report) -> Iterator[str]:
    if report.not_watched_for >= 60 and (report.periods or report.watched):
        computers = len(report.computers)
        where = f", on {computers} computers combined" if computers > 1 else ""
        yield f"unplugd was not running for {describe_duration(report.not_watched_for)}{where}; there is no data for that time."
    ends: list[str] = [period.end for period in report.periods]
    for end, (once, often) in _ENDS.items():
        if count := ends.count(end):
            yield once if count == 1 else often.format(count)
    yield from notes.describe_notes(report.notes)


_ENDS: Final = {
    "unseen": (
        "One device was unplugged while unplugd was not running; its time counts until it was last seen.",
        "{} devices were unplugged while unplugd was not running; their time counts until they were last seen.",
    ),
    "cut": (
        "Once, the computer or unplugd stopped while a device was plugged in; its time counts until it was last seen.",
        "{} times, the computer or unplugd stopped while a device was plugged in; its time counts until it was last seen.",
    ),
}


def _prose(text: str, paper: Paper, style: str = "") -> Iterator[Text]:
    for part in _wrapped(text, paper.room):
        yield Text(part, style)


def _wrapped(text: str, room: int) -> list[str]:
    """Return the lines of a text: by columns, where textwrap goes by letters, of which some are two columns wide."""
    # A number stays with its unit.
    first, *words = re.findall(" *(?:[0-9]+ )?[^ ]+", text) or [""]
    found = [_fitted(first, room)]
    for word in words:
        if cell_len(found[-1] + word) <= room:
            found[-1] += word
        else:
            found.append(_fitted(f"  {word.lstrip()}", room))
    return found


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _fitted(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, max(width, 2) - 1).rstrip() + "…"
